"""HTTP/2 frames made by hand over a TLS socket, for peers that no library would be."""

import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
INITIAL_WINDOW = 4
PROTOCOL_ERROR, STREAM_CLOSED, ENHANCE_YOUR_CALM = 1, 5, 11


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(
        ">I", stream) + payload


def _text(text):
    data = text if isinstance(text, bytes) else text.encode()
    if len(data) < 127:
        return bytes((len(data),)) + data
    rest, out = len(data) - 127, bytearray((127,))
    while rest >= 128:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out) + data


def field(name, value):
    """A literal without indexing (RFC 7541 §6.2.2)."""
    return b"\0" + _text(name) + _text(value)


def indexed(name, value):
    """A literal that enters the table (§6.2.1); `0xbe` names the newest entry from then on."""
    return b"\x40" + _text(name) + _text(value)


def request(target, length=None, method="POST"):
    block = field(":method", method)
    if method != "CONNECT":
        block += field(":scheme", "https") + field(":path", "/")
    block += field(":authority", "localhost")
    if target:
        block += field("x-amz-target", target) + field("content-type", "application/x-amz-json-1.1")
    if length is not None:
        block += field("content-length", str(length))
    return block


class RawPeer:
    """A connection that sends what it is told and cuts what it gets into frames."""

    def __init__(self, server, settings=(), timeout=30, source=None):
        self.sock = server.connect("h2", timeout=timeout, source=source)
        self.rest = b""
        self.next_stream = 1
        self.goaway = None
        payload = b"".join(struct.pack(">HI", *each) for each in settings)
        self.send(PREFACE + frame(SETTINGS, 0, 0, payload) + frame(SETTINGS, 1, 0))

    def send(self, data):
        self.sock.sendall(data)

    def stream(self):
        self.next_stream += 2
        return self.next_stream - 2

    def begin(self, block, ends=False):
        stream = self.stream()
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, block))
        return stream

    def frames(self):
        """The frames of one read; none at the end of the connection."""
        data = self.sock.recv(65536)
        self.rest += data
        found = []
        while len(self.rest) >= 9:
            length = int.from_bytes(self.rest[:3], "big")
            if len(self.rest) < 9 + length:
                break
            kind, stream = self.rest[3], int.from_bytes(self.rest[5:9], "big")
            found.append((kind, self.rest[4], stream, self.rest[9:9 + length]))
            if kind == GOAWAY:
                self.goaway = int.from_bytes(self.rest[13:17], "big")
            self.rest = self.rest[9 + length:]
        return found if data else None

    def until(self, satisfied):
        """Reads until a frame satisfies; None when the connection ends first."""
        while True:
            try:
                found = self.frames()
            except (ConnectionError, ssl.SSLError):
                return None
            if found is None:
                return None
            for each in found:
                if satisfied(*each):
                    return each

    def close(self):
        self.sock.close()
