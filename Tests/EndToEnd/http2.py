"""HTTP/2 by the h2 package over a TLS socket, with flow control in the test's hands."""

import time

import h2.config
import h2.connection
import h2.events
import h2.settings


class Stream:
    def __init__(self):
        self.status = None
        self.fields = []
        self.data = b""
        self.ended = False
        self.reset = None
        self.pieces = []

    def field(self, name):
        return dict(self.fields).get(name)


class Http2:
    """`credit` says whether received DATA is acknowledged at once by WINDOW_UPDATE, `strict`
    whether the package refuses to send what the standard forbids."""

    def __init__(self, sock, settings=None, credit=True, wait_for_settings=False, strict=True):
        self.sock = sock
        self.credit = credit
        self.streams = {}
        self.pongs = {}
        self.remote_settings = None
        self.goaway = None
        self.closed = False
        self.unacknowledged = {}
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True, header_encoding="utf-8", validate_outbound_headers=strict))
        # In force from the first frame on, not only when they are acknowledged.
        self.h2.local_settings = h2.settings.Settings(
            client=True, initial_values={h2.settings.SettingCodes.ENABLE_PUSH: 0, **(settings or {})})
        self.h2.initiate_connection()
        self.flush()
        if wait_for_settings:
            # The Java client sends no request before it has seen the server's SETTINGS.
            self.pump(lambda: self.remote_settings is not None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closed = True
        try:
            self.sock.close()
        except OSError:
            pass

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def begin(self, target, content_type="application/x-amz-json-1.1", length=None, fields=(),
              method="POST", path="/", end=False):
        number = self.h2.get_next_available_stream_id()
        headers = [(":method", method), (":scheme", "https"), (":authority", "localhost"),
                   (":path", path)]
        if target is not None:
            headers.append(("x-amz-target", target))
        if content_type is not None:
            headers.append(("content-type", content_type))
        if length is not None:
            headers.append(("content-length", str(length)))
        self.h2.send_headers(number, headers + list(fields), end_stream=end)
        self.streams[number] = Stream()
        self.flush()
        return number

    def request(self, target, body, **named):
        number = self.begin(target, length=len(body), **named)
        self.send_body(number, body)
        return number

    def send_body(self, number, body):
        """Sends it whole, or as much as the server wants of it before it has answered."""
        sent, stream = 0, self.streams[number]
        while sent < len(body):
            if stream.ended or stream.reset is not None:
                return
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            if room <= 0:
                self.receive()
                assert not self.closed, "the server closed the connection in the middle of a body"
                continue
            self.h2.send_data(number, body[sent:sent + room])
            sent += room
            self.flush()
        self.h2.end_stream(number)
        self.flush()

    def receive(self):
        """Handles what one read of the socket brings."""
        data = self.sock.recv(65536)
        if not data:
            self.closed = True
            return
        for event in self.h2.receive_data(data):
            stream = self.streams.get(getattr(event, "stream_id", None))
            if isinstance(event, h2.events.ResponseReceived):
                stream.fields = list(event.headers)
                stream.status = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                stream.data += event.data
                stream.pieces.append(event.data)
                if self.credit:
                    if event.flow_controlled_length:
                        self.h2.acknowledge_received_data(
                            event.flow_controlled_length, event.stream_id)
                else:
                    owed = self.unacknowledged.get(event.stream_id, 0)
                    self.unacknowledged[event.stream_id] = owed + event.flow_controlled_length
            elif isinstance(event, h2.events.StreamEnded):
                stream.ended = True
            elif isinstance(event, h2.events.StreamReset):
                if stream:
                    stream.reset = event.error_code
            elif isinstance(event, h2.events.PingAckReceived):
                self.pongs[bytes(event.ping_data)] = time.monotonic()
            elif isinstance(event, h2.events.RemoteSettingsChanged):
                self.remote_settings = {
                    code: change.new_value for code, change in event.changed_settings.items()}
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goaway = event.error_code
        self.flush()

    def acknowledge(self, number):
        """Returns the credit that was withheld from one stream and the connection."""
        owed = self.unacknowledged.pop(number, 0)
        if owed:
            self.h2.acknowledge_received_data(owed, number)
            self.flush()

    def pump(self, until, seconds=30):
        deadline = time.monotonic() + seconds
        self.sock.settimeout(1)
        while not until():
            assert time.monotonic() < deadline, "nothing happened in time on the HTTP/2 connection"
            assert not self.closed, f"the server closed the connection (GOAWAY {self.goaway})"
            try:
                self.receive()
            except TimeoutError:
                pass
        self.sock.settimeout(30)

    def response(self, number, seconds=30):
        stream = self.streams[number]
        self.pump(lambda: stream.ended or stream.reset is not None, seconds)
        return stream

    def cancel(self, number, code=8):
        self.h2.reset_stream(number, code)
        self.flush()

    def ping(self, data=b"12345678"):
        sent = time.monotonic()
        self.h2.ping(data)
        self.flush()
        return sent
