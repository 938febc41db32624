"""HTTP/1.1 by hand over a TLS socket: what goes out and comes in is seen byte for byte."""


class Closed(Exception):
    """The peer closed before the bytes that were asked for."""


class Response:
    def __init__(self, status, reason, fields, body=b""):
        self.status, self.reason, self.fields, self.body = status, reason, fields, body

    def field(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status} {self.fields!r} {self.body[:200]!r}>"


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.finished = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.finished = True
        try:
            self.sock.close()
        except OSError:
            pass

    def send(self, data):
        self.sock.sendall(data)

    def send_request(self, target, body, content_type="application/x-amz-json-1.1", fields=()):
        lines = ["POST / HTTP/1.1", "Host: localhost"]
        if target is not None:
            lines.append(f"X-Amz-Target: {target}")
        if content_type is not None:
            lines.append(f"Content-Type: {content_type}")
        lines += [f"{name}: {value}" for name, value in fields]
        lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def more(self):
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError) as error:
            self.finished = True
            raise Closed(str(error)) from None
        except OSError as error:
            if "EOF occurred" in str(error):
                self.finished = True
                raise Closed(str(error)) from None
            raise
        if not data:
            self.finished = True
            raise Closed("end of stream")
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def read_head(self):
        version, status, *reason = self.line().split(" ", 2)
        assert version == "HTTP/1.1", version
        fields = []
        while line := self.line():
            name, value = line.split(":", 1)
            fields.append((name, value.strip()))
        response = Response(int(status), "".join(reason), fields)
        if "close" in (response.field("connection") or "").lower():
            self.finished = True
        return response

    def read_chunk(self):
        """The bytes of the next chunk, b"" for the last one."""
        size = int(self.line().split(";")[0], 16)
        data = self.take(size)
        assert self.take(2) == b"\r\n"
        return data

    def read_response(self, head_only=False):
        """The next response that is not 1xx, with its body."""
        response = self.read_head()
        while response.status < 200:
            response = self.read_head()
        if head_only or response.status in (204, 304):
            return response
        length = response.field("content-length")
        if (response.field("transfer-encoding") or "").lower() == "chunked":
            while chunk := self.read_chunk():
                response.body += chunk
        elif length is not None:
            response.body = self.take(int(length))
        else:
            try:
                while True:
                    self.more()
            except Closed:
                response.body, self.buffer = self.buffer, b""
        return response

    def is_closed(self, seconds=5):
        """Whether the server closes within the time, without sending more."""
        self.sock.settimeout(seconds)
        try:
            return not self.buffer and self.sock.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError):
            return True
        except TimeoutError:
            return False
        except OSError as error:
            return "EOF" in str(error)
