# SPDX-License-Identifier: MIT
"""One TCP (or unix) stream, optionally under TLS, that can be cut, delayed or dripped at any octet.

TLS runs over memory BIOs, so that what the socket carries is under this module's hand.  Everything
that goes out, cuts included, stands in one queue of items with a due time; one thread pumps it.
"""

import collections
import select
import socket
import ssl
import struct
import threading
import time

CUTS = ("close", "fin", "reset", "stall")
DRAIN_S = 10.0
DATA_SEGS_IN = 152  # offset of tcpi_data_segs_in in Linux's struct tcp_info


class Closed(Exception):
    """The stream is over; `why` is one of CUTS, "eof", "lost", "tls" or "shutdown"."""

    def __init__(self, why):
        super().__init__(why)
        self.why = why


class Item:
    __slots__ = ("due", "raw", "cut", "mark", "alone")

    def __init__(self, due, raw=b"", cut=None, mark=None, alone=False):
        self.due, self.raw, self.cut, self.mark, self.alone = due, raw, cut, mark, alone


class Wire:
    def __init__(self, sock, rtt_s=0.0, coalesce=True, half_duplex=False):
        self.sock = sock
        self.rtt_s, self.coalesce, self.half_duplex = rtt_s, coalesce, half_duplex
        self.buffer = bytearray()  # clear octets that nobody has taken yet
        self.clear_in = self.clear_out = self.raw_in = self.raw_out = 0
        self.flights = self.reads = 0
        self.limits = {}  # "received", "sent", "raw_received", "raw_sent": (octets, cut)
        self.tls = None
        self._tickets = {}  # the mark of what ends a TLS 1.3 handshake
        self.close_notify_received = False
        self.tls_error = ""
        self._answered = True  # whether anything went out since the last flight began
        self._last_arrival = 0.0
        self._queue = collections.deque()
        self._last_due = 0.0
        self._eof = False
        self.doomed = False  # a cut is queued: nothing more is to be worked off
        self._orders = collections.deque()
        self._lock = threading.Lock()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1 if coalesce else 0)

    # ---- Out ----

    def send(self, data, delay_s=0.0, mark=None, alone=False):
        """
        Queue clear octets; mark["sent"] becomes True once the kernel has taken all of them.
        `alone` keeps them out of a write with others.
        """
        limit = self.limits.get("sent")
        cut = None
        if limit and self.clear_out + len(data) >= limit[0]:
            whole = self.clear_out + len(data) == limit[0]
            data, cut = data[:max(0, limit[0] - self.clear_out)], limit[1]
            mark = mark if whole else None
        self.clear_out += len(data)
        if data:
            self._enqueue(self._seal(data), delay_s, mark, alone)
        if cut:
            self.cut_later(cut)

    def send_raw(self, data, delay_s=0.0):
        """Queue octets as they are, also under TLS."""
        self._enqueue(data, delay_s)

    def drip(self, data, step, every_s, delay_s=0.0, mark=None):
        """Queue clear octets `step` at a time, `every_s` apart, each in a write of its own."""
        for start in range(0, len(data), step):
            last = start + step >= len(data)
            self.send(data[start:start + step], delay_s if start == 0 else every_s,
                      mark if last else None, alone=True)

    def cut_later(self, how, delay_s=0.0):
        """Queue a cut behind everything that is queued; the next fill() or flush() raises Closed."""
        self.doomed = True
        self._queue.append(Item(self._due(delay_s), cut=how))

    def _seal(self, data):
        if self.tls is None:
            return bytes(data)
        self.tls.write(data)
        return self._outgoing.read()

    def _due(self, delay_s):
        # The delays of one after the other add up; the round trip of all of them runs at once.
        self._last_due = max(time.monotonic() + self.rtt_s, self._last_due) + delay_s
        return self._last_due

    def _enqueue(self, raw, delay_s=0.0, mark=None, alone=False):
        if raw:
            self._queue.append(Item(self._due(delay_s), raw, None, mark, alone))

    # ---- In ----

    def fill(self, boundary):
        """
        Wait for at least one more clear octet in `buffer`.  `boundary` says that a new command (or a
        body) is waited for: octets that arrive then, after an answer, begin a new flight.
        """
        before = len(self.buffer)
        limit = self.limits.get("received")
        while len(self.buffer) == before:
            if self.doomed:
                self.flush()
            if limit and self.clear_in >= limit[0]:
                self.cut_later(limit[1])
                self.flush()
            self._open_records()
            if len(self.buffer) == before:
                self._pump(True, boundary)

    def _open_records(self):
        """Move what TLS can open now to the buffer (plain octets go there at once)."""
        if self.tls is None:
            return
        limit = self.limits.get("received")
        while not limit or self.clear_in < limit[0]:
            try:
                piece = self.tls.read(min(65536, limit[0] - self.clear_in) if limit else 65536)
            except (ssl.SSLWantReadError, ssl.SSLSyscallError):
                break
            except ssl.SSLZeroReturnError:
                self.close_notify_received = self._eof = True
                break
            except ssl.SSLError:
                raise Closed("tls") from None
            if not piece:
                break
            self._arrived(piece)
        self._enqueue(self._outgoing.read())  # alerts and key updates of the TLS layer itself

    def _arrived(self, piece):
        self.buffer += piece
        self.clear_in += len(piece)

    def _receive(self, boundary):
        size = 262144
        for name, seen in (("raw_received", self.raw_in), ("received", self.clear_in)):
            limit = self.limits.get(name)
            if limit and (name == "raw_received" or self.tls is None):
                if seen >= limit[0]:
                    self.cut_later(limit[1])
                    return
                size = min(size, limit[0] - seen)
        try:
            data = self.sock.recv(size)
        except BlockingIOError:
            return
        except OSError:
            raise Closed("lost") from None
        if not data:
            self._eof = True
            return
        self._count(len(data), boundary)
        if self.tls is None:
            self._arrived(data)
        else:
            self._incoming.write(data)

    def _count(self, octets, boundary):
        now = time.monotonic()
        waited = self.rtt_s and now - self._last_arrival > self.rtt_s / 2
        if self._answered and (boundary or waited):
            self.flights += 1
            self._answered = False
        self._last_arrival = now
        self.reads += 1
        self.raw_in += octets

    # ---- TLS ----

    def start_tls(self, context):
        """The server's side of a handshake.  Raises Closed("tls") when it fails."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._incoming.write(bytes(self.buffer))
        self.buffer.clear()
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.tls = tls
        while True:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            except (ssl.SSLError, OSError) as error:
                self._enqueue(self._outgoing.read())
                self.tls_error = str(error)
                self.flush()
                raise Closed("tls") from None
            self._enqueue(self._outgoing.read(), mark=self._tickets if done else None)
            if done:
                return
            self._pump(True, True)

    # ---- The pump ----

    def order(self, raw=b"", cut=None):
        """From another thread: send clear octets and cut."""
        with self._lock:
            self._orders.append((raw, cut))
        self._wake()

    def shut_down(self):
        with self._lock:
            self._orders.append((b"", "shutdown"))
        self._wake()

    def _wake(self):
        try:
            self._wake_out.send(b".")
        except OSError:
            pass

    def _obey(self):
        try:
            self._wake_in.recv(4096)
        except BlockingIOError:
            pass
        while True:
            with self._lock:
                if not self._orders:
                    return
                raw, cut = self._orders.popleft()
            if cut == "shutdown":
                raise Closed("shutdown")
            if raw:
                self.send(raw)
            if cut:
                self.cut_later(cut)

    def pending(self):
        """
        Whether an answer has not gone out yet.  The end of a TLS 1.3 handshake (the session tickets) is none:
        a client speaks as soon as it has sent its own.
        """
        return any(item.mark is not self._tickets for item in self._queue)

    def flush(self):
        """Write everything that is queued, whenever it is due."""
        self._pump(False, False)

    def _pump(self, want_input, boundary):
        """Write what is due, until something was read or, when no input is wanted, all is written."""
        before = (len(self.buffer), self.raw_in)
        while (len(self.buffer), self.raw_in) == before:
            # Answers wait until the input that is already there is worked off, as in one flight.
            ready = self._reads(want_input) and self._readable()
            blocked = not ready and self._write_due()
            reading = self._reads(want_input)
            if not self._queue and (self._eof or not want_input):
                if self._eof:
                    raise Closed("eof")
                return
            poll = select.poll()
            poll.register(self.sock, (select.POLLIN if reading else 0) | (select.POLLOUT if blocked else 0))
            poll.register(self._wake_in, select.POLLIN)
            for fd, what in poll.poll(self._timeout(ready, blocked)):
                if fd == self._wake_in.fileno():
                    self._obey()
                elif reading and what & (select.POLLIN | select.POLLHUP | select.POLLERR):
                    self._receive(boundary)
                elif what & (select.POLLERR | select.POLLHUP):
                    raise Closed("lost")

    def _reads(self, want_input):
        return want_input and not self._eof and not (self.half_duplex and self._queue)

    def _readable(self):
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))

    def _timeout(self, ready, blocked):
        if ready:
            return 0
        if blocked or not self._queue:
            return None
        return max(0.0, (self._queue[0].due - time.monotonic()) * 1000 + 0.05)

    def _write_due(self):
        """Write the items that are due; True when the socket takes no more."""
        while self._queue and self._queue[0].due <= time.monotonic():
            if self._queue[0].cut:
                self._cut(self._queue[0].cut)
            run = self._run()
            try:
                sent = self.sock.send(b"".join(item.raw for item in run))
            except BlockingIOError:
                return True
            except OSError:
                raise Closed("lost") from None
            self._answered = self._answered or any(item.mark is not self._tickets for item in run)
            self.raw_out += sent
            self._retire(sent)
            limit = self.limits.get("raw_sent")
            if limit and self.raw_out >= limit[0]:
                self._cut(limit[1])
        return False

    def _run(self):
        """The items to be written together, shortened to what raw_sent allows."""
        now, run = time.monotonic(), []
        for item in self._queue:
            apart = run and (item.alone or run[-1].alone or not self.coalesce)
            if item.cut or item.due > now or apart:
                break
            run.append(item)
        limit = self.limits.get("raw_sent")
        if limit:
            room = max(0, limit[0] - self.raw_out)
            if room == 0:
                self._cut(limit[1])
            return [Item(0.0, b"".join(item.raw for item in run)[:room])]
        return run

    def _retire(self, sent):
        while self._queue and not self._queue[0].cut:
            item = self._queue[0]
            if sent < len(item.raw):
                item.raw = item.raw[sent:]
                return
            sent -= len(item.raw)
            self._queue.popleft()
            if item.mark is not None:
                item.mark["sent"] = True
            if not sent:
                return

    # ---- Ends ----

    def _cut(self, how):
        self._queue.clear()
        if how == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "stall":
            self._wait_for_end(select.POLLRDHUP)
        else:
            if how == "close" and self.tls is not None:
                self._say_close_notify()
            self._half_close()
        raise Closed(how)

    def _say_close_notify(self):
        try:
            self.tls.unwrap()
        except (ssl.SSLError, OSError, ValueError):
            pass  # the peer's own close_notify is not waited for
        try:
            self.sock.send(self._outgoing.read())
        except OSError:
            pass

    def _half_close(self):
        """FIN, then read and forget what still comes: closing on unread octets would send RST."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return
        self._wait_for_end(select.POLLIN)

    def _wait_for_end(self, events):
        end = time.monotonic() + DRAIN_S
        poll = select.poll()
        poll.register(self.sock, events)
        poll.register(self._wake_in, select.POLLIN)
        while events != select.POLLIN or time.monotonic() < end:
            for fd, _ in poll.poll(500):
                if fd == self._wake_in.fileno():
                    self._obey_at_the_end()
                    return
                if events != select.POLLIN:
                    return
                try:
                    if not self.sock.recv(262144):
                        return
                except BlockingIOError:
                    pass
                except OSError:
                    return

    def _obey_at_the_end(self):
        """Nothing is written any more, but an order to cut the connection ends it now."""
        with self._lock:
            orders = list(self._orders)
        if any(cut == "reset" for _, cut in orders):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def segments(self):
        """Data segments received, as Linux counts them; elsewhere the number of reads."""
        try:
            info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGS_IN + 4)
            return struct.unpack_from("=I", info, DATA_SEGS_IN)[0]
        except (OSError, AttributeError, struct.error):
            return self.reads

    def close(self):
        self.sock.close()
        self._wake_in.close()
        self._wake_out.close()
