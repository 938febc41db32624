"""GET /health and GET /metrics."""

import json
import re

from events import Subscription

LINE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*",?)*)\})? '
    r'(-?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|Inf|NaN)|\+Inf)')


def scrape(server):
    """Parses the text format strictly: types first, one type a family, no sample twice."""
    answer = server.get("/metrics")
    assert answer.status == 200
    assert answer.field("content-type").startswith("text/plain")
    text = answer.body.decode()
    assert text.endswith("\n")
    types, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert family not in types, family
            assert kind in ("counter", "gauge", "histogram", "summary")
            types[family] = kind
        elif line.startswith("# HELP ") or not line:
            continue
        else:
            found = LINE.fullmatch(line)
            assert found, line
            name, labels, value = found.groups()
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in types or family in types, f"{name} has no type"
            assert (name, labels) not in samples, line
            samples[name, labels or ""] = float(value)
    for family, kind in types.items():
        if kind == "histogram":
            check_histogram(family, samples)
        if kind == "counter":
            assert family.endswith("_total"), family
    return samples


def check_histogram(family, samples):
    series = {}
    for (name, labels), value in samples.items():
        if name == f"{family}_bucket":
            bound = float(re.search(r'le="([^"]*)"', labels)[1].replace("+Inf", "inf"))
            rest = re.sub(r',?le="[^"]*"', "", labels).strip(",")
            series.setdefault(rest, []).append((bound, value))
    for rest, buckets in series.items():
        buckets.sort()
        values = [value for _, value in buckets]
        assert values == sorted(values), family
        assert buckets[-1][0] == float("inf"), family
        assert samples[f"{family}_count", rest] == values[-1], family


def test_health(weir):
    answer = weir.get("/health")
    assert answer.status == 200 and answer.body.strip()
    assert answer.field("x-amzn-requestid")


def test_the_text_is_prometheus(weir):
    samples = scrape(weir)
    assert all(name.startswith("weir_") for name, _ in samples)


def test_what_is_counted(own):
    server = own()
    arn = server.create("counted")
    consumer = server.consumer(arn)
    before = scrape(server)
    server.put("counted", b"x")
    server.call("DescribeStream", {"StreamName": "absent"})
    with Subscription(server, consumer) as subscription:
        subscription.records(1)
        after = scrape(server)

    def grown(pattern):
        keys = [key for key in after if re.search(pattern, f"{key[0]}{{{key[1]}}}")]
        assert keys, f"nothing like {pattern}"
        return sum(after[key] - before.get(key, 0) for key in keys)

    assert grown(r"requests.*PutRecord\"") >= 1
    assert grown(r"errors.*DescribeStream\"") >= 1
    assert grown(r"PutRecord\".*_?") >= 1
    assert grown(r"^weir_\w*commits\w*") >= 1
    names = " ".join(sorted({name for name, _ in after}))
    for word in ("fdatasync", "connections", "subscriptions", "stall", "lag", "disk", "loop",
                 "commit", "seconds"):
        assert word in names, f"{word} in {names}"
    assert any("subscriptions" in name and value == 1 for (name, _), value in after.items())


def test_both_are_read_over_http2_as_well(weir):
    from http2 import Http2
    with Http2(weir.connect("h2")) as http2:
        for path in ("/health", "/metrics"):
            number = http2.begin(None, None, method="GET", path=path, end=True)
            assert http2.response(number).status == 200


def test_a_post_to_health_is_an_operation(weir):
    with weir.http1() as connection:
        connection.send(b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-amz-json-1.1\r\n"
                        b"X-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Length: 2\r\n\r\n{}")
        assert "StreamNames" in json.loads(connection.read_response().body)
