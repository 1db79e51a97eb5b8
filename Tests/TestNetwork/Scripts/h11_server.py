"""A server that reads requests with h11, and says what it read.

    h11_server.py PORT

Listens on all addresses. Each request is answered 200; what h11 refuses is answered 400, and the
connection closed. Says `ready`, then a line for each request, its parts separated by tabs and all
bytes but printable ASCII as \\xNN: ADDRESS METHOD TARGET HOST STATUS LENGTH BODY, LENGTH being the
bytes that it took up. On SIGUSR1 it waits for its connections to end and says `done`.
"""

import select
import signal
import socket
import sys
import threading
import urllib.parse

import h11

printing = threading.Lock()


def escaped(data):
    # As nginx escapes in its log.
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7f and byte not in b'"\\' else f"\\x{byte:02X}"
        for byte in data)


def say(address, request, status, length, body):
    target = request.target if request else b""
    host = dict(request.headers).get(b"host", b"") if request else b""
    if b"://" in target[:8]:
        host = urllib.parse.urlsplit(target).netloc
    parts = [
        address.encode(), request.method if request else b"", target, host,
        str(status).encode(), str(length).encode(), body]
    with printing:
        print("\t".join(escaped(part) for part in parts), flush=True)


class Connection:
    def __init__(self, connection):
        self.socket = connection
        self.address = connection.getsockname()[0].removeprefix("::ffff:")
        self.parser = h11.Connection(h11.SERVER)
        self.fed = 0
        self.consumed = 0

    def event(self):
        while (event := self.parser.next_event()) is h11.NEED_DATA:
            data = self.socket.recv(65536)
            self.fed += len(data)
            self.parser.receive_data(data)
        return event

    def answer(self, status):
        body = b"" if status == 200 else b"refused"
        headers = [("Content-Length", str(len(body)))]
        self.send(h11.Response(status_code=status, headers=headers))
        if body:
            self.send(h11.Data(data=body))
        self.send(h11.EndOfMessage())

    def send(self, event):
        self.socket.sendall(self.parser.send(event))

    def exchange(self):
        """One request. False where nothing may follow."""
        request, body = None, b""
        try:
            while True:
                event = self.event()
                if isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    break
                else:  # The client is done.
                    return False
        except h11.RemoteProtocolError:
            say(self.address, request, 400, 0, body)
            if self.parser.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self.answer(400)
            return False
        end = self.fed - len(self.parser.trailing_data[0])
        say(self.address, request, 200, end - self.consumed, body)
        self.consumed = end
        self.answer(200)
        if self.parser.our_state is h11.MUST_CLOSE:
            return False
        self.parser.start_next_cycle()
        return True

    def serve(self):
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.exchange():
                pass
            self.socket.shutdown(socket.SHUT_WR)
            while self.socket.recv(65536):
                pass
        except OSError:
            pass
        self.socket.close()


def main(port):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    listener = socket.create_server(
        ("::", int(port)), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True)
    threads = []

    def accept_for_ever():
        while True:
            connection = Connection(listener.accept()[0])
            threads.append(threading.Thread(target=connection.serve, daemon=True))
            threads[-1].start()

    threading.Thread(target=accept_for_ever, daemon=True).start()
    print("ready", flush=True)
    signal.sigwait({signal.SIGUSR1})
    while select.select([listener], [], [], 0.05)[0]:
        pass  # Still being accepted.
    for thread in threads:
        thread.join(20)
    print("done", flush=True)


main(*sys.argv[1:])
