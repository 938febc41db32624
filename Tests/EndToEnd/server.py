"""One `weir serve` of a test: started on a free port, spoken to, killed, started again."""

import ctypes
import itertools
import json
import os
import pathlib
import selectors
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import boto3
import botocore.config

import cbor
from http1 import Connection

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BINARY = os.environ.get("WEIR_BINARY") or str(ROOT / ".build" / "release" / "weir")
LONG = bool(os.environ.get("WEIR_TEST_LONG"))
ACCOUNT = "123456789012"
REGION = "us-east-1"
START_SECONDS = 20
CONTENT_TYPES = {"json": "application/x-amz-json-1.1", "cbor": "application/x-amz-cbor-1.1"}

_session = boto3.session.Session(
    aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="example", region_name=REGION)
_session_lock = threading.Lock()
_prctl = ctypes.CDLL(None, use_errno=True).prctl
_numbers = itertools.count()


def _before_exec():
    """The server dies with the test, and strace may attach to it without being its parent."""
    PR_SET_PDEATHSIG, PR_SET_PTRACER = 1, 0x59616D61
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)


class StartFailed(AssertionError):
    def __init__(self, status, output, errors):
        super().__init__(f"the server ended with {status}\nstdout: {output}\nstderr: {errors}")
        self.status, self.output, self.errors = status, output, errors


class Answer:
    """Status, header fields and decoded body of one call."""

    def __init__(self, response, encoding):
        self.status = response.status
        self.fields = response.fields
        self.raw = response.body
        content_type = response.field("content-type") or ""
        if "json" in content_type and response.body:
            self.body = json.loads(response.body)
        elif "cbor" in content_type and response.body:
            self.body = cbor.decode(response.body)
        else:
            self.body = response.body

    @property
    def error(self):
        return self.body.get("__type") if isinstance(self.body, dict) else None

    @property
    def message(self):
        return self.body.get("message", self.body.get("Message"))

    def __repr__(self):
        return f"<{self.status} {self.body!r}>"


class Server:
    def __init__(self, data, *options, listen="localhost:0", prefix=(), environment=None):
        self.data = pathlib.Path(data)
        self.options = list(options)
        self.listen = listen
        self.prefix = list(prefix)
        self.environment_added = environment or {}
        self.process = None
        self.port = None
        self._local = threading.local()
        self._ssl = None

    # Life.

    def command(self):
        command = [*self.prefix, BINARY, "serve", "--data", str(self.data)]
        if self.listen:
            command += ["--listen", self.listen]
        if "--account" not in self.options:
            command += ["--account", ACCOUNT]
        if "--region" not in self.options:
            command += ["--region", REGION]
        return command + self.options

    def start(self, seconds=START_SECONDS):
        """Starts the server and returns when it has printed its ready line."""
        assert self.process is None
        self.log = open(f"{self.data}.{next(_numbers)}.log", "wb+")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, **self.environment_added}, preexec_fn=_before_exec,
            start_new_session=True)
        line = self._first_line(seconds)
        marker = "weir ready https://localhost:"
        if not line.startswith(marker):
            status = self._end(kill=not line)
            raise StartFailed(status, line, self.errors())
        self.port = int(line[len(marker):].strip())
        self._ssl = None
        self._local = threading.local()
        return self

    def _first_line(self, seconds):
        """The first line of stdout, or what there was of it when the process ended or time ran out."""
        deadline = time.monotonic() + seconds
        taken = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not taken.endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    break
                byte = os.read(self.process.stdout.fileno(), 1)
                if not byte:
                    break
                taken += byte
        return taken.decode(errors="replace")

    def _end(self, kill=False):
        process, self.process = self.process, None
        if kill and process.poll() is None:
            self._signal(process, signal.SIGKILL)
        try:
            status = process.wait(10)
        except subprocess.TimeoutExpired:
            self._signal(process, signal.SIGKILL)
            status = process.wait(10)
        process.stdout.close()
        return status

    def _signal(self, process, number):
        if self.prefix:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)

    def kill(self):
        """kill -9: what is not durable is lost."""
        self._end(kill=True)

    def terminate(self, seconds=20):
        """SIGTERM; returns the exit status, or fails when the drain does not end."""
        self._signal(self.process, signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._end(kill=True)
            raise AssertionError(f"SIGTERM did not end the server in {seconds} s") from None
        return self._end()

    def stop(self):
        """Ends what still runs; fails when the server had ended by itself."""
        if self.process is None:
            return
        status = self.process.poll()
        self._end(kill=True)
        assert status is None, f"the server ended by itself with {status}:\n{self.last_words()}"

    def last_words(self):
        """The end of what it wrote to standard error; of a crash, the part that tells where."""
        text = self.errors()
        crash = text.find("*** ")
        if crash < 0:
            return text[-2000:]
        thread = text.find("crashed:", crash)
        return text[max(0, crash - 500):crash + 200] + text[thread - 40:thread + 2500]

    def restart(self):
        self.kill()
        return self.start()

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    @property
    def pid(self):
        return self.process.pid

    # Reaching it.

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    @property
    def authority(self):
        return str(self.data / "tls" / "ca.pem")

    def tls(self, *protocols):
        context = ssl.create_default_context(cafile=self.authority)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def connect(self, *protocols, timeout=30, context=None, receive_buffer=None, source=None):
        """A TLS socket; `protocols` are offered by ALPN, none means no ALPN."""
        raw = socket.socket(socket.AF_INET)
        raw.settimeout(timeout)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            raw.bind((source, 0))
        raw.connect(("127.0.0.1", self.port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = context or self.tls(*protocols)
        return context.wrap_socket(raw, server_hostname="localhost")

    def http1(self, timeout=30, **named):
        return Connection(self.connect("http/1.1", timeout=timeout, **named))

    def environment(self, **added):
        """What an ordinary client program gets: the end point, the CA, a region, credentials."""
        return {
            "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/nonexistent"),
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "WEIR_TEST_RUN": os.environ.get("WEIR_TEST_RUN", ""),
            "PYTHONPATH": str(HERE / "loopback"),
            "AWS_ENDPOINT_URL_KINESIS": self.url, "AWS_CA_BUNDLE": self.authority,
            "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": "", **added}

    def aws(self, *arguments, added=None):
        """The AWS CLI's answer, decoded; fails with its standard error when it fails."""
        program = pathlib.Path(sys.executable).with_name("aws")
        done = subprocess.run(
            [str(program), "kinesis", *arguments, "--output", "json"],
            env=self.environment(**(added or {})), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def client(self, attempts=1, **named):
        """A boto3 client with one attempt, so that a test sees what the server said."""
        config = botocore.config.Config(
            retries={"total_max_attempts": attempts}, read_timeout=60, connect_timeout=10,
            max_pool_connections=64)
        with _session_lock:
            return _session.client(
                "kinesis", endpoint_url=self.url, verify=self.authority, config=config, **named)

    def call(self, operation, body=None, encoding="json", target=None, fields=()):
        """One raw call over a kept connection of this thread."""
        connection = getattr(self._local, "connection", None)
        if connection is None or connection.finished:
            connection = self._local.connection = self.http1(timeout=60)
        encode = json.dumps if encoding == "json" else cbor.encode
        content = encode(body if body is not None else {})
        if isinstance(content, str):
            content = content.encode()
        connection.send_request(
            target or f"Kinesis_20131202.{operation}", content, CONTENT_TYPES[encoding], fields)
        return Answer(connection.read_response(), encoding)

    def ok(self, operation, body=None, **named):
        answer = self.call(operation, body, **named)
        assert answer.status == 200, f"{operation} {repr(body)[:500]}: {repr(answer)[:2000]}"
        return answer.body

    # Streams.

    def create(self, name, shards=1):
        """Creates a stream and returns its ARN when it is ACTIVE."""
        self.ok("CreateStream", {"StreamName": name, "ShardCount": shards})
        return self.active(name)

    def active(self, name, seconds=10):
        deadline = time.monotonic() + seconds
        while True:
            summary = self.ok("DescribeStreamSummary", {"StreamName": name})
            summary = summary["StreamDescriptionSummary"]
            if summary["StreamStatus"] == "ACTIVE":
                return summary["StreamARN"]
            assert time.monotonic() < deadline, summary
            time.sleep(0.01)

    def shards(self, name, **more):
        """All shards, over as many pages as that takes."""
        page = self.ok("ListShards", {"StreamName": name, **more})
        shards = page["Shards"]
        while "NextToken" in page:
            page = self.ok("ListShards", {"NextToken": page["NextToken"]})
            shards += page["Shards"]
        return shards

    def split(self, name, shard, at=None):
        if at is None:
            shards = {each["ShardId"]: each for each in self.shards(name)}
            span = shards[shard]["HashKeyRange"]
            at = (int(span["StartingHashKey"]) + int(span["EndingHashKey"]) + 1) // 2
        self.ok("SplitShard", {
            "StreamName": name, "ShardToSplit": shard, "NewStartingHashKey": str(at)})
        self.active(name)

    def merge(self, name, left, right):
        self.ok("MergeShards", {
            "StreamName": name, "ShardToMerge": left, "AdjacentShardToMerge": right})
        self.active(name)

    def put(self, name, data, key="key", **more):
        import base64
        return self.ok("PutRecord", {
            "StreamName": name, "Data": base64.b64encode(data).decode(), "PartitionKey": key, **more})

    def iterator(self, name, shard="shardId-000000000000", kind="TRIM_HORIZON", **more):
        return self.ok("GetShardIterator", {
            "StreamName": name, "ShardId": shard, "ShardIteratorType": kind, **more}
        )["ShardIterator"]

    def read_all(self, name, shard="shardId-000000000000", kind="TRIM_HORIZON", **more):
        """Every record of a shard from the position on: to its end, or to the tip."""
        iterator, records = self.iterator(name, shard, kind, **more), []
        while iterator:
            page = self.ok("GetRecords", {"ShardIterator": iterator})
            records += page["Records"]
            iterator = page.get("NextShardIterator")
            if not page["Records"] and iterator and page["MillisBehindLatest"] == 0:
                break
        return records

    def consumer(self, arn, name="app"):
        """Registers a consumer and returns its ARN when it is ACTIVE."""
        arn = self.ok("RegisterStreamConsumer", {
            "StreamARN": arn, "ConsumerName": name})["Consumer"]["ConsumerARN"]
        deadline = time.monotonic() + 10
        while self.ok("DescribeStreamConsumer", {"ConsumerARN": arn})[
                "ConsumerDescription"]["ConsumerStatus"] != "ACTIVE":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return arn

    # What it shows of itself.

    def get(self, path):
        with self.http1() as connection:
            connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return connection.read_response()

    def anonymous_bytes(self):
        """Memory of the process that no file backs."""
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no RssAnon in /proc")
