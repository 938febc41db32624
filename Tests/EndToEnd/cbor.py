"""The CBOR that Kinesis clients use: timestamps are tag 1 over integer milliseconds."""

import struct


class Timestamp(int):
    """Milliseconds since 1970."""


class Indefinite(dict):
    """A map that is written with an indefinite length, as Java writes them."""


def _head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError(value)


def encode(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, Timestamp):
        return b"\xc1" + _head(0, int(value))
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, Indefinite):
        return b"\xbf" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"\xff"
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    raise TypeError(type(value))


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        taken = self.data[self.at:self.at + count]
        assert len(taken) == count, "truncated CBOR"
        self.at += count
        return taken

    def value(self):
        head = self.take(1)[0]
        if head == 0xFF:
            return StopIteration
        major, low = head >> 5, head & 31
        if major == 7:
            if low in (20, 21):
                return low == 21
            if low in (22, 23):
                return None
            return struct.unpack({25: ">e", 26: ">f", 27: ">d"}[low],
                                 self.take(1 << low - 24))[0]
        indefinite = low == 31
        count = None if indefinite else low if low < 24 else int.from_bytes(
            self.take(1 << low - 24), "big")
        if major == 0:
            return count
        if major == 1:
            return -1 - count
        if major in (2, 3):
            if indefinite:
                parts = list(iter(self.value, StopIteration))
                return (b"" if major == 2 else "").join(parts)
            return self.take(count) if major == 2 else self.take(count).decode()
        if major == 4:
            if indefinite:
                return list(iter(self.value, StopIteration))
            return [self.value() for _ in range(count)]
        if major == 5:
            result = {}
            while count is None or len(result) < count:
                key = self.value()
                if key is StopIteration:
                    break
                result[key] = self.value()
            return result
        inner = self.value()
        assert count == 1 and isinstance(inner, int), "a timestamp is tag 1 over an integer"
        return Timestamp(inner)


def decode(data):
    reader = _Reader(data)
    value = reader.value()
    assert reader.at == len(data), "bytes after the CBOR value"
    return value
