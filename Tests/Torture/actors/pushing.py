"""SubscribeToShard over HTTP/1.1, HTTP/2 and boto3: an iterator of events each, as dictionaries."""

import base64
import json
import time

import botocore.exceptions
import urllib3.exceptions
from botocore.eventstream import EventStreamBuffer

import events
import http2
import server as end_to_end
from actors import clients
from actors.clients import PATIENCE, Broken
from patience import seconds


def subscribe(world, kind, consumer, shard, position):
    """Yields what events say; ends when the subscription does; `Broken` says why it could not be.

    A subscription that says nothing for PATIENCE seconds is broken: five seconds are promised."""
    began = time.monotonic()
    try:
        yield from globals()[f"_by_{kind}"](world, consumer, shard, position)
    except (OSError, AssertionError, clients.http1.Closed,
            urllib3.exceptions.HTTPError, botocore.exceptions.BotoCoreError,
            botocore.exceptions.ClientError, http2.h2.exceptions.ProtocolError) as error:
        raise Broken(f"{type(error).__name__} {error} after {time.monotonic() - began:.1f} s") from None


def _by_json(world, consumer, shard, position):
    with events.Subscription(world.node, consumer, shard, position["Type"], timeout=seconds(PATIENCE),
                             **{key: value for key, value in position.items() if key != "Type"}
                             ) as subscription:
        if subscription.error:
            raise Broken(f"{subscription.error}")
        while (event := subscription.next()) is not None:
            if event.kind != "event":
                raise Broken(f"{event}")
            yield event.payload


def _by_h2(world, consumer, shard, position):
    body = json.dumps({"ConsumerARN": consumer, "ShardId": shard,
                       "StartingPosition": position}).encode()
    with http2.Http2(world.node.connect("h2", timeout=seconds(PATIENCE))) as connection:
        number = connection.request("Kinesis_20131202.SubscribeToShard", body)
        stream, buffer = connection.streams[number], EventStreamBuffer()
        while True:
            connection.pump(lambda: stream.data or stream.ended or stream.reset is not None, seconds(PATIENCE))
            if stream.reset is not None:
                raise Broken(f"reset with {stream.reset}")
            if stream.status != 200:
                connection.pump(lambda: stream.ended, seconds(PATIENCE))
                raise Broken(f"{stream.status} {stream.data[:300]!r}")
            buffer.add_data(stream.data)
            stream.data, stream.pieces = b"", []
            for message in buffer:
                event = events.Event(message)
                if event.kind != "event":
                    raise Broken(f"{event}")
                if event.type != "initial-response":
                    yield event.payload
            if stream.ended:
                return


def _by_boto3(world, consumer, shard, position):
    with end_to_end._session_lock:
        client = end_to_end._session.client(
            "kinesis", endpoint_url=world.node.url, verify=world.node.authority,
            config=clients.config())
    try:
        stream = client.subscribe_to_shard(
            ConsumerARN=consumer, ShardId=shard, StartingPosition=position)["EventStream"]
        try:
            for event in stream:
                payload = event["SubscribeToShardEvent"]
                for record in payload["Records"]:
                    record["ApproximateArrivalTimestamp"] = (
                        record["ApproximateArrivalTimestamp"].timestamp())
                    record["Data"] = base64.b64encode(record["Data"]).decode()
                yield payload
        finally:
            stream.close()
    finally:
        client.close()
