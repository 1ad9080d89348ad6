# SPDX-License-Identifier: MIT
"""
A network namespace with a TUN device behind which a mirror stands: a packet to 10.9.0.2 or fd09::2 comes back with its two
addresses exchanged (which leaves the checksums right), so that a server on the near end is met as if it were far away.
Packets to …9 or of a port in lost_ports are lost, and so is, once told, every flow there was: what a NAT does that has forgotten its table.  A SYN makes a flow anew.
"""

import collections
import ctypes
import fcntl
import os
import select
import socket
import struct
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI, IFF_UP, IFF_RUNNING = 0x400454CA, 1, 0x1000, 1, 0x40
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
NEAR, FAR, HOLE = "10.9.0.1", "10.9.0.2", "10.9.0.9"
NEAR6, FAR6, HOLE6 = "fd09::1", "fd09::2", "fd09::9"


def _call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (name, os.strerror(number)))


class Network:
    """For the thread that enters it and what it starts.  OSError where namespaces or devices are not allowed."""

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.forgotten, self.flows = set(), set()
        self.delay_s, self.under_way, self.lost_ports = 0.0, collections.deque(), set()
        try:
            _call("unshare", CLONE_NEWNET)
            self.device = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(self.device, TUNSETIFF, struct.pack("16sH22x", b"far0", IFF_TUN | IFF_NO_PI))
            self._configure()
        except OSError:
            self._leave()
            raise
        self.end_in, self.end_out = os.pipe()
        self.mirror = threading.Thread(target=self._reflect, daemon=True)
        self.mirror.start()
        return self

    def __exit__(self, *_):
        os.close(self.end_out)
        self.mirror.join()
        os.close(self.end_in)
        os.close(self.device)
        self._leave()

    def _leave(self):
        _call("setns", self.home, CLONE_NEWNET)
        os.close(self.home)

    @staticmethod
    def _configure():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inet:
            for what, address in ((SIOCSIFADDR, NEAR), (SIOCSIFNETMASK, "255.255.255.0")):
                fcntl.ioctl(inet, what, struct.pack("16sHH4s8x", b"far0", socket.AF_INET, 0, socket.inet_aton(address)))
            for name in (b"far0", b"lo"):
                fcntl.ioctl(inet, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP | IFF_RUNNING))
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as inet6:
            index = socket.if_nametoindex("far0")
            fcntl.ioctl(inet6, SIOCSIFADDR, socket.inet_pton(socket.AF_INET6, NEAR6) + struct.pack("Ii", 64, index))

    def buffers(self, written, read):
        """What a socket opened from now on buffers at most, the kernel's own data counted."""
        for name, octets in (("tcp_wmem", written), ("tcp_rmem", read)):
            with open("/proc/sys/net/ipv4/" + name, "w", encoding="ascii") as file:
                file.write("%d %d %d" % (octets, octets, octets))

    def delay(self, seconds):
        """How long each packet is under way from now on."""
        self.delay_s = seconds

    def forget(self):
        """Every flow there is goes silent, in both directions."""
        self.forgotten |= self.flows

    def _reflect(self):
        while True:
            pause_s = max(0.0, self.under_way[0][0] - time.monotonic()) if self.under_way else None
            ready, _, _ = select.select([self.device, self.end_in], [], [], pause_s)
            if self.end_in in ready:
                return
            while self.under_way and self.under_way[0][0] <= time.monotonic():
                self._arrive(self.under_way.popleft()[1])
            if not ready:
                continue
            packet = os.read(self.device, 65536)
            start, end = (12, 16) if packet[0] >> 4 == 4 else (8, 24)
            source, target = packet[start:end], packet[end:2 * end - start]
            ports = packet[20:24] if start == 12 else packet[40:44]
            flow = frozenset((ports[:2], ports[2:]))
            flags = packet[33 if start == 12 else 53:][:1]  # none in a packet shorter than TCP's
            if flags and flags[0] & 0x12 == 0x02:
                self.forgotten.discard(flow)  # SYN: the ports of a flow that was forgotten, used anew
            self.flows.add(flow)
            blocked = not self.lost_ports.isdisjoint(int.from_bytes(port, "big") for port in flow)
            if target[-1] != 9 and not blocked and flow not in self.forgotten:
                packet = packet[:start] + target + source + packet[2 * end - start:]
                self.under_way.append((time.monotonic() + self.delay_s, packet))

    def _arrive(self, packet):
        try:
            os.write(self.device, packet)
        except OSError:
            pass  # what the kernel does not take is lost, as on any network
