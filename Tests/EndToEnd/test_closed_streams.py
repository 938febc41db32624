"""Frames on streams that are over, or were never there, have the outcome that they have with nghttpd."""

import shutil
import socket
import subprocess
import time

import pytest

import rawh2
from rawh2 import RawPeer, field, frame

CODE_CANCEL = b"\0\0\0\x08"


class Nghttpd:
    """nghttp2's own server, as people compare with it, over plain TCP."""

    def __init__(self, folder):
        (folder / "index.html").write_text("ok")
        for _ in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            self.process = subprocess.Popen(
                ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", str(folder), str(self.port)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 10
            while self.process.poll() is None and time.monotonic() < deadline:
                try:
                    self.connect("h2").close()
                    return
                except ConnectionError:
                    time.sleep(0.02)
            self.stop()
        raise AssertionError("nghttpd does not start")

    def connect(self, *_, timeout=30, source=None):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def nghttpd(tmp_path_factory):
    if not shutil.which("nghttpd"):
        pytest.skip("nghttpd is not installed")
    server = Nghttpd(tmp_path_factory.mktemp("nghttpd"))
    yield server
    server.stop()


def get(path="/health"):
    return (field(":method", "GET") + field(":scheme", "https") + field(":path", path)
            + field(":authority", "localhost"))


def headers(stream, ends=True, block=None):
    flags = rawh2.END_HEADERS | (rawh2.END_STREAM if ends else 0)
    return frame(rawh2.HEADERS, flags, stream, block or get())


def answered(peer):
    """Stream 1 has ended on both sides."""
    peer.send(headers(1))
    assert peer.until(lambda _, flags, stream, __: stream == 1 and flags & 1)


def taken_back(peer):
    """Stream 1 was cancelled by the client before it had ended."""
    peer.send(headers(1, ends=False) + frame(rawh2.RST_STREAM, 0, 1, CODE_CANCEL))


def left_out(peer):
    """Stream 1 is passed over, so it is closed without having been open."""
    peer.send(headers(3))
    assert peer.until(lambda _, flags, stream, __: stream == 3 and flags & 1)


def half(peer):
    """The client has ended its side of stream 1, and asks for what it cannot take at once."""
    peer.send(frame(rawh2.SETTINGS, 0, 0, b"\0\4\0\0\0\0") + headers(1))
    assert peer.until(lambda kind, _, stream, __: stream == 1 and kind == rawh2.HEADERS)


def fresh(peer):
    """No stream was there yet."""


STATES = [answered, taken_back, left_out, half, fresh]
FRAMES = {
    "DATA": frame(rawh2.DATA, 0, 1, b"late"),
    "the last DATA": frame(rawh2.DATA, rawh2.END_STREAM, 1, b"late"),
    "DATA without bytes": frame(rawh2.DATA, rawh2.END_STREAM, 1),
    "HEADERS": headers(1),
    "HEADERS that do not end": headers(1, ends=False),
    "PRIORITY": frame(rawh2.PRIORITY, 0, 1, b"\0\0\0\0\x10"),
    "WINDOW_UPDATE": frame(rawh2.WINDOW_UPDATE, 0, 1, b"\0\0\0\1"),
    "RST_STREAM": frame(rawh2.RST_STREAM, 0, 1, CODE_CANCEL),
    "CONTINUATION": frame(rawh2.CONTINUATION, rawh2.END_HEADERS, 1, get()),
}
MARK = b"12345678"


def outcome(server, state, late):
    """What the frame leads to: an error of the connection, of the stream, or neither."""
    peer = RawPeer(server)
    try:
        state(peer)
        peer.send(late)
        peer.send(frame(rawh2.PING, 0, 0, MARK))
        reset = []

        def is_over(kind, flags, stream, payload):
            if kind == rawh2.RST_STREAM and stream == 1:
                reset.append(int.from_bytes(payload, "big"))
            return kind == rawh2.PING and flags & 1 and payload == MARK

        is_alive = peer.until(is_over) is not None
        return {"goaway": peer.goaway, "reset": reset if is_alive else [], "alive": is_alive}
    finally:
        peer.close()


@pytest.mark.parametrize("late", FRAMES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_late_frame_is_what_it_is_to_nghttpd(weir, nghttpd, state, late):
    ours, theirs = (outcome(server, state, FRAMES[late]) for server in (weir, nghttpd))
    if state is left_out and late.startswith("HEADERS"):
        # A number that goes back is an error of the connection (RFC 9113, 5.1.1), which nghttp2
        # passes over.
        assert ours == {"goaway": rawh2.PROTOCOL_ERROR, "reset": [], "alive": False}
        assert theirs == {"goaway": None, "reset": [], "alive": True}
    else:
        assert ours == theirs
