"""Requests that the transport tests share."""

import base64
import json

JSON = "application/x-amz-json-1.1"
LIST = "Kinesis_20131202.ListStreams"
PUT = "Kinesis_20131202.PutRecord"


def put_body(data, stream="transport"):
    return json.dumps({"StreamName": stream, "Data": base64.b64encode(data).decode(),
                       "PartitionKey": "k"}).encode()


def framed(*lines, body=b""):
    """A ListStreams over HTTP/1.1 with the given lines about its body."""
    return "\r\n".join(["POST / HTTP/1.1", "Host: localhost", f"X-Amz-Target: {LIST}",
                        f"Content-Type: {JSON}", *lines]).encode() + b"\r\n\r\n" + body


def padded(length):
    """A PutRecords to a stream that does not exist, of that many bytes."""
    body = b'{"StreamName":"absent","Records":[{"Data":"","PartitionKey":"k"}]}'
    return body[:-1] + b" " * (length - len(body)) + body[-1:]
