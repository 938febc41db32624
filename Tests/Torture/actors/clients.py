"""The ways in which people call: boto3, raw JSON and CBOR over HTTP/1.1, raw HTTP/2.

Each client belongs to one thread. A call that is not answered within the deadline, is broken off
or answers 5xx while nothing disturbs the server is a violation; so is a refusal of a small call
for lack of memory."""

import base64
import json
import ssl
import time

import botocore.exceptions
import botocore.config

import cbor
import http1
import http2
import server as end_to_end
from patience import seconds

# Within which each call is to be answered, and what a socket waits at most; in `patience.seconds`.
DEADLINE = 15
PATIENCE = 20
SMALL_BYTES = 64 * 1024
BLOBS = ("Data",)
# A member that every answer of these operations has.
ALWAYS = {
    "DescribeStream": "StreamDescription", "DescribeStreamSummary": "StreamDescriptionSummary",
    "GetRecords": "Records", "GetShardIterator": "ShardIterator", "ListShards": "Shards",
    "ListStreamConsumers": "Consumers", "ListStreams": "StreamNames",
    "ListTagsForStream": "Tags", "PutRecord": "SequenceNumber", "PutRecords": "Records",
    "RegisterStreamConsumer": "Consumer",
}


def config():
    return botocore.config.Config(
        retries={"total_max_attempts": 1}, read_timeout=seconds(PATIENCE),
        connect_timeout=seconds(PATIENCE))


class Broken(Exception):
    """The connection ended, or nothing came in time."""


class Answer:
    def __init__(self, status, error, body, message=""):
        self.status, self.error, self.body, self.message = status, error, body, message

    @property
    def ok(self):
        return self.status == 200

    def __repr__(self):
        return f"<{self.status} {self.error} {self.message}>"


class Client:
    def __init__(self, world, kind):
        self.world, self.kind = world, kind
        self.connection = None
        self.life = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError:
                pass

    def call(self, operation, body, size=0, target="Kinesis_20131202"):
        """The answer; `Broken` when there was none. `size` is what request and answer may carry."""
        began = time.monotonic()
        if self.life != len(self.world.node.lives):
            self.close()
            self.life = len(self.world.node.lives)
        try:
            answer = getattr(self, f"_{self.kind}")(target, operation, body)
        except (OSError, http1.Closed, AssertionError, ssl.SSLError,
                botocore.exceptions.BotoCoreError, http2.h2.exceptions.ProtocolError) as error:
            self.close()
            self.world.judge_break(operation, began, error)
            raise Broken(f"{operation}: {type(error).__name__} {error}") from None
        self.world.judge_answer(operation, began, answer, size)
        self.world.coverage.happened("client", self.kind)
        return answer

    def _json(self, target, operation, body):
        return self._http1(target, operation, json.dumps(_texts(body)).encode(),
                           end_to_end.CONTENT_TYPES["json"])

    def _cbor(self, target, operation, body):
        return self._http1(target, operation, cbor.encode(body), end_to_end.CONTENT_TYPES["cbor"])

    def _http1(self, target, operation, content, content_type):
        if self.connection is None or self.connection.finished:
            self.connection = self.world.node.http1(timeout=seconds(PATIENCE))
        self.connection.send_request(f"{target}.{operation}", content, content_type)
        response = self.connection.read_response()
        return _answer(response.status, response.field("content-type") or "", response.body)

    def _h2(self, target, operation, body):
        if self.connection is None or self.connection.closed or self.connection.goaway is not None:
            self.close()
            self.connection = http2.Http2(
                self.world.node.connect("h2", timeout=seconds(PATIENCE)),
                settings={4: 1 << 20})
            self.connection.h2.increment_flow_control_window(16 << 20)
            self.connection.flush()
        number = self.connection.request(
            f"{target}.{operation}", json.dumps(_texts(body)).encode())
        stream = self.connection.response(number, seconds(PATIENCE))
        del self.connection.streams[number]
        # An answer that came before the end of its request is followed by a reset.
        if stream.reset is not None and not stream.ended:
            raise OSError(f"the stream was reset with {stream.reset}")
        return _answer(stream.status, stream.field("content-type") or "", stream.data)

    def _boto3(self, target, operation, body):
        if target != "Kinesis_20131202":
            return self._json(target, operation, body)
        if self.connection is None:
            with end_to_end._session_lock:
                self.connection = end_to_end._session.client(
                    "kinesis", endpoint_url=self.world.node.url,
                    verify=self.world.node.authority, config=config())
        try:
            found = self.connection._make_api_call(operation, body)
        except botocore.exceptions.ClientError as error:
            told = error.response["Error"]
            return Answer(error.response["ResponseMetadata"]["HTTPStatusCode"], told["Code"], {},
                          told.get("Message", ""))
        if ALWAYS.get(operation) and ALWAYS[operation] not in found:
            # What botocore makes of an answer whose body did not come.
            raise OSError("the connection ended in the middle of the answer")
        for record in found.get("Records", ()):
            arrival = record.get("ApproximateArrivalTimestamp")
            if arrival is not None:
                record["ApproximateArrivalTimestamp"] = arrival.timestamp()
        return Answer(200, None, found)


def _texts(value):
    """The same with blobs as JSON has them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_texts(each) for each in value]
    return value


def _answer(status, content_type, raw):
    if "json" in content_type and raw:
        body = json.loads(raw)
        for record in body.get("Records", ()):
            if isinstance(record.get("Data"), str):
                record["Data"] = base64.b64decode(record["Data"])
    elif "cbor" in content_type and raw:
        body = cbor.decode(raw)
        for record in body.get("Records", ()):
            if "ApproximateArrivalTimestamp" in record:
                # CBOR has milliseconds where JSON has seconds.
                record["ApproximateArrivalTimestamp"] = record["ApproximateArrivalTimestamp"] / 1000
    else:
        body = {}
    error = body.get("__type") if status != 200 else None
    return Answer(status, error, body, body.get("message", body.get("Message", "")))
