"""The AWS CLI: every command of `aws kinesis`, each in a process of its own, with its whole answer."""

import json
import pathlib
import re
import shlex
import string
import subprocess
import sys
import time

import botocore
import pytest

import model
from server import ACCOUNT, REGION
from shards import SH, TOP

PROGRAM = str(pathlib.Path(sys.executable).with_name("aws"))
# The CLI brings a model of its own, an older one; with this it reads that of the pinned botocore.
NEWEST = {"AWS_DATA_PATH": str(pathlib.Path(botocore.__file__).parent / "data")}
ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
HALF = 2**127
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kinesis:PutRecord",
    "Resource": ARN}]})


def run(server, command, arguments=(), added=None):
    return subprocess.run(
        [PROGRAM, "kinesis", *command.split(), *arguments, "--output", "json"],
        env=server.environment(**(added or {})), capture_output=True, text=True, timeout=60)


def commands(server, added=None):
    """What the CLI says that it has when it is asked for what it has not."""
    def choices(*within):
        done = run(server, " ".join([*within, "no-such-command"]), added=added)
        assert done.returncode != 0
        _, _, listed = (done.stdout + done.stderr).partition("valid choices are:")
        return set(re.findall(r"[a-z0-9-]+", listed)) - {"help"}

    found = choices()
    return (found - {"wait"}) | {f"wait {each}" for each in choices("wait")}


# What an answer holds where it is not known beforehand.

class Told:
    """A text of this form; told again, it is the same, and later arguments may name it."""

    def __init__(self, name, form):
        self.name, self.form = name, form

    def check(self, found, known):
        assert re.fullmatch(self.form, found), f"{found} is not {self.form}"
        assert known.setdefault(self.name, found) == found


class Moment:
    """A time of day near now, or that many seconds later."""

    def __init__(self, later=0):
        self.later = later

    def check(self, found, known):
        assert abs(found - self.later - time.time()) < 600


class Among:
    """A number between two."""

    def __init__(self, least, most):
        self.least, self.most = least, most

    def check(self, found, known):
        assert type(found) is int and self.least <= found <= self.most


class Set:
    """These, in whatever order."""

    def __init__(self, *items):
        self.items = sorted(items)

    def check(self, found, known):
        assert sorted(found) == self.items


class Refused:
    """The command fails by this error."""

    def __init__(self, error):
        self.error = error


def check(expected, found, known):
    """The whole of an answer: no member more, none fewer."""
    if isinstance(expected, dict):
        assert isinstance(found, dict) and set(found) == set(expected), found
        for key, value in expected.items():
            check(value, found[key], known)
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), found
        for value, each in zip(expected, found):
            check(value, each, known)
    elif hasattr(expected, "check"):
        expected.check(found, known)
    else:
        assert (type(found), found) == (type(expected), expected)


METRICS = ["IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
           "WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded",
           "IteratorAgeMilliseconds"]


def number(name):
    return Told(name, "49[0-9]{54}")


def shard(index, low, high, *parents, closed=False):
    answer = {
        "ShardId": SH(index), "HashKeyRange": {
            "StartingHashKey": str(low), "EndingHashKey": str(high)},
        "SequenceNumberRange": {"StartingSequenceNumber": number(f"start{index}")}}
    if closed:
        answer["SequenceNumberRange"]["EndingSequenceNumber"] = number(f"end{index}")
    for key, parent in zip(("ParentShardId", "AdjacentParentShardId"), parents):
        answer[key] = SH(parent)
    return answer


def summarized(name, mode):
    return {"StreamName": name, "StreamARN": ARN[:-1] + name, "StreamStatus": "ACTIVE",
            "StreamModeDetails": {"StreamMode": mode}, "StreamCreationTimestamp": Moment()}


BOTH = {"StreamNames": ["s", "t"],
        "StreamSummaries": [summarized("s", "PROVISIONED"), summarized("t", "ON_DEMAND")]}
SUMMARY = {**summarized("s", "PROVISIONED"), "RetentionPeriodHours": 24,
           "EnhancedMonitoring": [{"ShardLevelMetrics": []}], "EncryptionType": "NONE",
           "OpenShardCount": 2, "ConsumerCount": 0, "MaxRecordSizeInKiB": 1024}
FIRST_SHARDS = [shard(0, 0, HALF - 1), shard(1, HALF, TOP)]
OPEN = [shard(2, 0, 9, 0), shard(4, 10, TOP, 3, 1)]
# 0 is split at 10 into 2 and 3, which is merged with 1 into 4.
ALL_SHARDS = [shard(0, 0, HALF - 1, closed=True), shard(1, HALF, TOP, closed=True), OPEN[0],
              shard(3, 10, HALF - 1, 0, closed=True), OPEN[1]]
CONSUMER = {"ConsumerName": "app", "ConsumerARN": Told("consumer", f"{ARN}/consumer/app:[0-9]{{10}}"),
            "ConsumerStatus": "ACTIVE", "ConsumerCreationTimestamp": Moment()}
COMMITMENT = {"Status": "ENABLED", "StartedAt": Moment(), "EarliestAllowedEndAt": Moment(86400)}
ZERO = {"SequenceNumber": number("zero"), "ApproximateArrivalTimestamp": Moment(),
        "Data": "emVybw==", "PartitionKey": "a"}
ONE = {**ZERO, "SequenceNumber": number("one"), "Data": "b25l"}
KEY = "--encryption-type KMS --key-id alias/aws/kinesis"
SILENT = None

# Commands in the order in which they are given, their arguments, and their answers. $x is what was
# Told of the name x before.
STEPS = [
    ("create-stream", "--stream-name s --shard-count 2 --tags first=1", SILENT),
    ("wait stream-exists", "--stream-name s", SILENT),
    ("create-stream", "--stream-name s --shard-count 2", Refused("ResourceInUseException")),
    ("describe-stream-summary", "--stream-name s", {"StreamDescriptionSummary": SUMMARY}),
    ("describe-stream", "--stream-name s", {"StreamDescription": {
        # The CLI shows its paginator's members also where the answer has none of them.
        "Shards": FIRST_SHARDS, "StreamARN": ARN, "StreamName": "s", "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24, "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE", "KeyId": None, "StreamCreationTimestamp": Moment()}}),
    ("describe-limits", "", {
        "ShardLimit": Among(2, 100000), "OpenShardCount": 2, "OnDemandStreamCount": 0,
        "OnDemandStreamCountLimit": Among(1, 1000)}),

    ("create-stream", "--stream-name t --stream-mode-details StreamMode=ON_DEMAND", SILENT),
    ("list-streams", "", BOTH),
    ("list-streams", "--page-size 1", BOTH),
    ("list-streams", "--page-size 1 --max-items 1", {
        "StreamNames": ["s"], "StreamSummaries": BOTH["StreamSummaries"][:1],
        "NextToken": Told("streams", ".+")}),
    # The CLI goes on only with the first list of a page.
    ("list-streams", "--starting-token $streams", {"StreamNames": ["t"], "StreamSummaries": []}),
    # With this argument the CLI does not page, and shows the answer as it came.
    ("list-streams", "--exclusive-start-stream-name s", {
        "StreamNames": ["t"], "StreamSummaries": BOTH["StreamSummaries"][1:],
        "HasMoreStreams": False}),

    ("add-tags-to-stream", "--stream-name s --tags second=2,third=3", SILENT),
    ("list-tags-for-stream", "--stream-name s --limit 2", {
        "Tags": [{"Key": "first", "Value": "1"}, {"Key": "second", "Value": "2"}],
        "HasMoreTags": True}),
    ("remove-tags-from-stream", "--stream-name s --tag-keys first second", SILENT),
    ("tag-resource", f"--resource-arn {ARN} --tags fourth=4", SILENT),
    ("list-tags-for-resource", f"--resource-arn {ARN}", {
        "Tags": [{"Key": "fourth", "Value": "4"}, {"Key": "third", "Value": "3"}]}),
    ("untag-resource", f"--resource-arn {ARN} --tag-keys third", SILENT),
    ("list-tags-for-stream", "--stream-name s", {
        "Tags": [{"Key": "fourth", "Value": "4"}], "HasMoreTags": False}),

    ("increase-stream-retention-period", "--stream-name s --retention-period-hours 168", SILENT),
    ("decrease-stream-retention-period", "--stream-name s --retention-period-hours 48", SILENT),
    ("enable-enhanced-monitoring", "--stream-name s --shard-level-metrics ALL", {
        "StreamName": "s", "StreamARN": ARN, "CurrentShardLevelMetrics": [],
        "DesiredShardLevelMetrics": Set(*METRICS)}),
    ("disable-enhanced-monitoring", "--stream-name s --shard-level-metrics " + " ".join(METRICS[1:]), {
        "StreamName": "s", "StreamARN": ARN, "CurrentShardLevelMetrics": Set(*METRICS),
        "DesiredShardLevelMetrics": ["IncomingBytes"]}),
    ("update-max-record-size", f"--stream-arn {ARN} --max-record-size-in-ki-b 2048", SILENT),

    ("put-record", "--stream-name s --partition-key a --data zero --explicit-hash-key 0", {
        "ShardId": SH(0), "SequenceNumber": number("zero")}),
    ("put-records", "--stream-name s --records Data=one,PartitionKey=a,ExplicitHashKey=9 "
                    f"Data=two,PartitionKey=b,ExplicitHashKey={TOP}", {
        "FailedRecordCount": 0, "Records": [
            {"ShardId": SH(0), "SequenceNumber": number("one")},
            {"ShardId": SH(1), "SequenceNumber": number("two")}]}),
    ("get-shard-iterator", f"--stream-name s --shard-id {SH(0)} --shard-iterator-type TRIM_HORIZON", {
        "ShardIterator": Told("iterator", ".+")}),
    ("get-records", "--shard-iterator $iterator --limit 1", {
        "Records": [ZERO], "NextShardIterator": Told("next", ".+"),
        "MillisBehindLatest": Among(0, 600000)}),
    ("get-records", "--shard-iterator $next", {
        "Records": [ONE], "NextShardIterator": Told("last", ".+"), "MillisBehindLatest": 0}),

    ("split-shard", f"--stream-name s --shard-to-split {SH(0)} --new-starting-hash-key 10", SILENT),
    ("merge-shards", f"--stream-name s --shard-to-merge {SH(3)} --adjacent-shard-to-merge {SH(1)}",
     SILENT),
    # At the end of a closed shard: how long ago that was.
    ("get-records", "--shard-iterator $last", {
        "Records": [], "MillisBehindLatest": Among(0, 600000), "ChildShards": [
            {"ShardId": SH(2), "ParentShards": [SH(0)],
             "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "9"}},
            {"ShardId": SH(3), "ParentShards": [SH(0)],
             "HashKeyRange": {"StartingHashKey": "10", "EndingHashKey": str(HALF - 1)}}]}),
    ("list-shards", "--stream-name s", {"Shards": ALL_SHARDS}),
    ("list-shards", "--stream-name s --shard-filter Type=AT_LATEST", {"Shards": OPEN}),
    ("list-shards", f"--stream-arn {ARN} --page-size 2", {"Shards": ALL_SHARDS}),
    ("list-shards", f"--stream-arn {ARN} --page-size 2 --max-items 3", {
        "Shards": ALL_SHARDS[:3], "NextToken": Told("shards", ".+")}),
    ("list-shards", f"--stream-arn {ARN} --starting-token $shards", {"Shards": ALL_SHARDS[3:]}),
    ("update-shard-count", "--stream-name s --target-shard-count 4 --scaling-type UNIFORM_SCALING", {
        "StreamName": "s", "StreamARN": ARN, "CurrentShardCount": 2, "TargetShardCount": 4}),

    ("register-stream-consumer", f"--stream-arn {ARN} --consumer-name app", {
        "Consumer": {**CONSUMER, "ConsumerStatus": "CREATING"}}),
    ("describe-stream-consumer", "--consumer-arn $consumer", {
        "ConsumerDescription": {**CONSUMER, "StreamARN": ARN}}),
    ("list-stream-consumers", f"--stream-arn {ARN}", {"Consumers": [CONSUMER]}),
    ("put-resource-policy", f"--resource-arn {ARN} --policy {shlex.quote(POLICY)}", SILENT),
    ("get-resource-policy", f"--resource-arn {ARN}", {"Policy": POLICY}),
    ("delete-resource-policy", f"--resource-arn {ARN}", SILENT),
    ("get-resource-policy", f"--resource-arn {ARN}", {"Policy": "{}"}),
    # No bytes are said to be encrypted that are not.
    ("start-stream-encryption", "--stream-name s " + KEY, Refused("KMSOptInRequired")),
    ("stop-stream-encryption", "--stream-name s " + KEY, SILENT),

    ("update-stream-mode", f"--stream-arn {ARN} --stream-mode-details StreamMode=ON_DEMAND", SILENT),
    ("update-account-settings", "--minimum-throughput-billing-commitment Status=ENABLED", {
        "MinimumThroughputBillingCommitment": COMMITMENT}),
    ("describe-account-settings", "", {"MinimumThroughputBillingCommitment": COMMITMENT}),
    ("update-stream-warm-throughput", f"--stream-arn {ARN} --warm-throughput-mi-bps 5", {
        "StreamName": "s", "StreamARN": ARN,
        "WarmThroughput": {"TargetMiBps": 5, "CurrentMiBps": Among(0, 5)}}),
    ("describe-stream-summary", f"--stream-arn {ARN}", {"StreamDescriptionSummary": {
        **SUMMARY, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "RetentionPeriodHours": 48,
        "EnhancedMonitoring": [{"ShardLevelMetrics": ["IncomingBytes"]}],
        "OpenShardCount": Among(4, 8), "ConsumerCount": 1, "MaxRecordSizeInKiB": 2048,
        "WarmThroughput": {"TargetMiBps": 5, "CurrentMiBps": Among(0, 5)}}}),

    ("delete-stream", "--stream-name s", Refused("ResourceInUseException")),
    ("deregister-stream-consumer", "--consumer-arn $consumer", SILENT),
    ("list-stream-consumers", f"--stream-arn {ARN}", {"Consumers": []}),
    ("delete-stream", "--stream-name s", SILENT),
    ("wait stream-not-exists", "--stream-name s", SILENT),
    ("wait stream-exists", "--stream-name s", Refused("ResourceNotFoundException")),
    ("list-streams", "--no-paginate", {
        "StreamNames": ["t"], "StreamSummaries": BOTH["StreamSummaries"][1:],
        "HasMoreStreams": False}),
]

# What the newest model has besides. The shapes of these are the model's, the names are anyone's.
QUEUE = f"--queue-arn arn:aws:kinesis:{REGION}:{ACCOUNT}:queue/q"
CHANNEL = f"--channel-arn arn:aws:kinesis:{REGION}:{ACCOUNT}:channel/c"
RECEIPT = QUEUE + " --entries ReceiptHandle=r"
LATER = {
    "acknowledge-dead-letter-queue-records": RECEIPT,
    "acknowledge-queue-records": RECEIPT,
    "create-channel": f"--channel-name c --service-execution-role-arn arn:aws:iam::{ACCOUNT}:role/r "
                      "--stream-configuration-list "
                      f"StreamARN={ARN},RecordConfiguration={{RecordFormatType=JSON}}",
    "create-queue": f"--queue-name q --stream-configuration-list StreamARN={ARN}",
    "delete-channel": CHANNEL,
    "delete-queue": QUEUE,
    "describe-channel": CHANNEL,
    "describe-queue": QUEUE,
    "list-channels": "",
    "list-queues": "",
    "receive-dead-letter-queue-records": QUEUE,
    "receive-queue-records": QUEUE,
    "restore-dead-letter-queue-records": RECEIPT,
    "update-channel": CHANNEL,
    "update-dead-letter-queue-records-visibility": RECEIPT + ",VisibilityTimeoutSeconds=1",
    "update-queue": QUEUE + " --queue-attributes {}",
    "update-queue-records-visibility": RECEIPT + ",VisibilityTimeoutSeconds=1",
    "wait channel-active": CHANNEL,
}
STRATEGY = "update-stream-record-distribution-strategy"


def fails(done, error):
    assert done.returncode != 0 and done.stdout == "", done
    assert f"An error occurred ({error})" in done.stderr, done


def test_every_command(own):
    server = own()
    assert {command for command, _, _ in STEPS} == commands(server)
    known = {}
    for command, arguments, expected in STEPS:
        given = [string.Template(each).substitute(known) for each in shlex.split(arguments)]
        print("aws kinesis", command, *given)
        done = run(server, command, given)
        if isinstance(expected, Refused):
            fails(done, expected.error)
            continue
        assert done.returncode == 0, done.stderr
        if expected is SILENT:
            assert done.stdout == done.stderr == ""
        else:
            check(expected, json.loads(done.stdout), known)


def test_the_newest_model_has_these_commands_besides(weir):
    assert commands(weir, NEWEST) - commands(weir) == set(LATER) | {STRATEGY}
    assert {botocore.xform_name(each, "-") for each in model.LATER} == {
        each for each in LATER if not each.startswith("wait ")}


@pytest.mark.parametrize("command", sorted(LATER))
def test_what_is_not_there_yet_is_an_unknown_operation(weir, command):
    fails(run(weir, command, shlex.split(LATER[command]), NEWEST), "UnknownOperationException")


def test_how_records_are_spread_may_be_changed(weir, name):
    assert run(weir, "create-stream", ["--stream-name", name], NEWEST).returncode == 0
    arn = weir.active(name)
    done = run(weir, STRATEGY, [
        "--stream-arn", arn, "--record-distribution-strategy", "AUTO"], NEWEST)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    weir.active(name)
    shown = run(weir, "describe-stream-summary", ["--stream-name", name], NEWEST)
    assert json.loads(shown.stdout)["StreamDescriptionSummary"][
        "RecordDistributionStrategy"] == "AUTO"
