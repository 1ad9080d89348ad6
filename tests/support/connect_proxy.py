# SPDX-License-Identifier: MIT
"""A SOCKS5 and HTTP proxy in threads, as a context manager; every name leads to 127.0.0.1."""

import base64
import contextlib
import socket
import threading


def _exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _carry(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class ConnectProxy:
    """
    with ConnectProxy("http", login="ana:sesame") as proxy:
        facteur.Mailer(..., proxy=proxy.url)

    `asked` has the (host, port) of each request.  `answer`, bytes, is said instead of serving.
    """

    def __init__(self, kind, login=None, answer=None):
        self.kind, self.login, self.answer = kind, login, answer
        self.asked, self.opened = [], 0

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        user = f"{self.login}@" if self.login else ""
        self.url = f"{self.kind}://{user}127.0.0.1:{self.port}"
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError, EOFError):
            if self.answer is not None:
                client.sendall(self.answer)
                client.recv(65536)
                return
            port = self._socks(client) if self.kind == "socks5" else self._http(client)
            if not port:
                return
            with socket.create_connection(("127.0.0.1", port)) as relay:
                client.sendall(b"\5\0\0\1" + bytes(6) if self.kind == "socks5" else b"HTTP/1.1 200 OK\r\n\r\n")
                self.opened += 1
                threading.Thread(target=_carry, args=[client, relay], daemon=True).start()
                _carry(relay, client)

    def _socks(self, client):
        _, count = _exactly(client, 2)
        methods = _exactly(client, count)
        if self.login and 2 not in methods:
            client.sendall(b"\5\xff")
            return None
        client.sendall(b"\5\2" if self.login else b"\5\0")
        if self.login:
            user = _exactly(client, _exactly(client, 2)[1])
            password = _exactly(client, _exactly(client, 1)[0])
            good = b"%s:%s" % (user, password) == self.login.encode()
            client.sendall(b"\1\0" if good else b"\1\1")
            if not good:
                return None
        kind = _exactly(client, 4)[3]
        host = _exactly(client, _exactly(client, 1)[0] if kind == 3 else {1: 4, 4: 16}[kind])
        return self._note(host.decode() if kind == 3 else socket.inet_ntop({1: 2, 4: 10}[kind], host),
                          int.from_bytes(_exactly(client, 2), "big"))  # fmt: skip

    def _http(self, client):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += _exactly(client, 1)
        if self.login and base64.b64encode(self.login.encode()) not in request:
            client.sendall(b"HTTP/1.1 407 No: " + self.login.encode() + b"\r\n\r\n")
            return None
        host, _, port = request.split()[1].decode().rpartition(":")
        return self._note(host.strip("[]"), int(port))

    def _note(self, host, port):
        self.asked.append((host, port))
        return port
