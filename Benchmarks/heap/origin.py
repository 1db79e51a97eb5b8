"""A server for requests whose allocations are counted: origin.py ADDRESS PORT...

It answers without looking: what the request's path names, to anything that looks like TLS one record,
and to what is neither nothing. One thread, since what is measured waits for no one else.
"""

import selectors
import socket
import sys

RECORD = b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00"


def fixed(count):
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % count + (
        b"x" * count)


ANSWERS = {
    b"/small": fixed(1024),
    b"/large": fixed(1 << 20),
    b"/chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + (
        b"200\r\n" + b"x" * 512 + b"\r\n") * 4 + b"0\r\n\r\n",
    b"/none": b"HTTP/1.1 204 No Content\r\n\r\n",
    # A head that comes in two pieces.
    b"/halves": (b"HTTP/1.1 200 OK\r\ncontent-", b"length: 2\r\n\r\nok"),
}


class Connection:
    def __init__(self, socket):
        self.socket, self.received = socket, b""

    def read(self):
        """False where the connection is over."""
        try:
            part = self.socket.recv(1 << 16)
        except ConnectionResetError:
            return False
        if not part:
            return False
        self.received += part
        if self.received[0] == 0x16:
            self.received = b""
            self.socket.sendall(RECORD)
            return True
        while self.take():
            pass
        return True

    def take(self):
        """Answers one request, if it is complete."""
        end = self.received.find(b"\r\n\r\n") + 4
        if end < 4:
            return False
        head = self.received[:end].lower()
        if b"transfer-encoding: chunked" in head:
            last = self.received.find(b"\r\n0\r\n\r\n", end)
            if last < 0:
                return False
            end = last + 7
        elif b"content-length: " in head:
            end += int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            if len(self.received) < end:
                return False
        self.received = self.received[end:]
        answer = ANSWERS[head.split(b" ", 2)[1]]
        for part in answer if isinstance(answer, tuple) else (answer,):
            self.socket.sendall(part)
        return True


def main():
    poll = selectors.DefaultSelector()
    for port in sys.argv[2:]:
        listener = socket.create_server((sys.argv[1], int(port)), backlog=256)
        poll.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in poll.select():
            if key.data is None:
                accepted, _ = key.fileobj.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                poll.register(accepted, selectors.EVENT_READ, Connection(accepted))
            elif not key.data.read():
                poll.unregister(key.fileobj)
                key.fileobj.close()


main()
