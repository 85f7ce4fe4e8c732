"""Thousands of clients that send one byte a second: heads, bodies, TLS handshakes, prefaces of HTTP/2.

One thread drives them all and notes when the server lets go of each.
"""

import selectors
import socket
import threading
import time

from raw import request_bytes

TICK = 1.0


class Dawdlers:
    """See the module text. The kinds are dealt out in turn."""

    def __init__(self, server, tls_server):
        self.server, self.tls_server = server, tls_server
        self.kinds, self.lives, self.waiting = {}, {}, 0
        self.lock = threading.Lock()
        self.thread = None

    def __len__(self):
        return sum(self.kinds.values())

    def start(self, count):
        self.thread = threading.Thread(target=self._run, args=(count,), daemon=True)
        self.thread.start()

    def _texts(self):
        body = b'{"StreamName":"s","Data":"' + b"A" * 4000 + b'","PartitionKey":"k"}'
        whole = request_bytes(self.server, "PutRecord", body)
        head = whole.index(b"\r\n\r\n") + 4
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        return [("head", self.server, b"", whole), ("body", self.server, whole[:head], whole[head:]),
                ("TLS handshake", self.tls_server, b"", hello),
                # The preface ends within half a minute; then nothing more comes.
                ("HTTP/2 preface", self.server, b"", preface)]

    def _run(self, count):
        texts, clients = self._texts(), {}
        selector = selectors.DefaultSelector()
        for n in range(count):
            kind, server, at_once, slowly = texts[n % len(texts)]
            host, port = server.endpoint.split("//")[1].rsplit(":", 1)
            try:
                connection = socket.create_connection((host, int(port)), timeout=10)
                connection.sendall(at_once)
            except OSError:
                continue
            connection.setblocking(False)
            clients[connection] = (kind, slowly, time.monotonic())
            selector.register(connection, selectors.EVENT_READ)
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.waiting = len(clients)
        tick = 0
        while clients:
            began = time.monotonic()
            for connection in [key.fileobj for key, _ in selector.select(0)]:
                self._read(connection, clients, selector)
            for connection, (_, slowly, _) in list(clients.items()):
                if tick < len(slowly):
                    try:
                        connection.send(slowly[tick:tick + 1])
                    except BlockingIOError:
                        pass
                    except OSError:
                        self._gone(connection, clients, selector)
            tick += 1
            time.sleep(max(0.0, TICK - (time.monotonic() - began)))

    def _read(self, connection, clients, selector):
        try:
            if connection.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._gone(connection, clients, selector)

    def _gone(self, connection, clients, selector):
        kind, _, since = clients.pop(connection)
        selector.unregister(connection)
        connection.close()
        with self.lock:
            lives = self.lives.setdefault(kind, [])
            lives.append(time.monotonic() - since)
            self.waiting = len(clients)

    def report(self):
        with self.lock:
            return ", ".join(f"{kind} {len(lives)} after {max(lives):.0f} s at most" for kind, lives in self.lives.items())
