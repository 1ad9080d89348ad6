# SPDX-License-Identifier: MIT
"""A TCP proxy before a relay: its own system answers whatever becomes of the way behind it."""

import contextlib
import select
import socket
import threading
import time


class Proxy:
    """
    with Proxy(("127.0.0.1", port), delay_s=0.02) as proxy:
        … proxy.port …
        proxy.lose()    # nothing passes any more on the connections that there are

    delay_s is how far away the target is, each way.
    """

    def __init__(self, target, host="127.0.0.1", delay_s=0.0):
        self.target, self.delay_s = target, delay_s
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.generation = self.connections = 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def lose(self):
        self.generation += 1

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._pass_on, args=(client, self.generation), daemon=True).start()

    def _pass_on(self, client, generation):
        with contextlib.suppress(OSError), client, socket.create_connection(self.target) as relay:
            for end in (client, relay):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                ready = select.select([client, relay], [], [])[0]
                if self.generation != generation:
                    # Whoever hangs up is still heard.
                    while client.recv(65536):
                        pass
                    return
                for end in ready:
                    octets = end.recv(65536)
                    if not octets:
                        return
                    time.sleep(self.delay_s)
                    (relay if end is client else client).sendall(octets)
