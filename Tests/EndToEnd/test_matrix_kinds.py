"""Members of the wrong kind, row by row, with the whole answer written out by hand.

They are refused before anything is looked up, so no row needs the stream that it names."""

import pytest

from literal import check_error
from shards import SH
from test_matrix import ARN, S

STRING = "class java.lang.String can not be converted to"
BOOLEAN = "class java.lang.Boolean can not be converted to"
NUMBER = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to"
LIST = "Start of list found where not expected"
STRUCTURE = "Start of structure or map found where not expected."
PUT = {"StreamName": S, "PartitionKey": "k"}
AT = {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "AT_TIMESTAMP"}
# As JSON has them: operation, input, text.
KINDS = [
    # Text.
    ("DescribeStream", {"StreamName": 1}, f"{NUMBER} an String"),
    ("DescribeStream", {"StreamName": 1.5}, f"{NUMBER} an String"),
    ("DescribeStream", {"StreamName": True}, f"{BOOLEAN} an String"),
    ("DescribeStream", {"StreamName": []}, LIST),
    ("DescribeStream", {"StreamName": {}}, STRUCTURE),
    # Integer.
    ("DescribeStream", {"StreamName": S, "Limit": "5"}, f"{STRING} an Integer"),
    ("DescribeStream", {"StreamName": S, "Limit": False}, f"{BOOLEAN} an Integer"),
    ("DescribeStream", {"StreamName": S, "Limit": [5]}, LIST),
    ("DescribeStream", {"StreamName": S, "Limit": {"a": 5}}, STRUCTURE),
    # Boolean.
    ("DeleteStream", {"StreamName": S, "EnforceConsumerDeletion": "maybe"},
     "'MAYBE' can not be converted to an Boolean"),
    ("DeleteStream", {"StreamName": S, "EnforceConsumerDeletion": ""},
     "'' can not be converted to an Boolean"),
    ("DeleteStream", {"StreamName": S, "EnforceConsumerDeletion": 1}, f"{NUMBER} an Boolean"),
    ("DeleteStream", {"StreamName": S, "EnforceConsumerDeletion": []}, LIST),
    ("DeleteStream", {"StreamName": S, "EnforceConsumerDeletion": {}}, STRUCTURE),
    # Blob.
    ("PutRecord", {**PUT, "Data": 1}, f"{NUMBER} a Blob"),
    ("PutRecord", {**PUT, "Data": True}, f"{BOOLEAN} a Blob"),
    ("PutRecord", {**PUT, "Data": []}, LIST),
    ("PutRecord", {**PUT, "Data": {}}, STRUCTURE),
    ("PutRecord", {**PUT, "Data": "abc"},
     "'abc' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but "
     "found: 3"),
    ("PutRecord", {**PUT, "Data": "abcde"},
     "'abcde' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but "
     "found: 5"),
    ("PutRecord", {**PUT, "Data": "=aaa"},
     "'=aaa' can not be converted to a Blob: Invalid Base64 character: '='"),
    ("PutRecord", {**PUT, "Data": "aa!a"},
     "'aa!a' can not be converted to a Blob: Invalid Base64 character: '!'"),
    ("PutRecord", {**PUT, "Data": "YR=="},
     "'YR==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"),
    # Timestamp.
    ("GetShardIterator", {**AT, "Timestamp": "2026-01-02T03:04:05Z"}, f"{STRING} milliseconds since epoch"),
    ("GetShardIterator", {**AT, "Timestamp": True}, f"{BOOLEAN} milliseconds since epoch"),
    ("GetShardIterator", {**AT, "Timestamp": []}, LIST),
    ("GetShardIterator", {**AT, "Timestamp": {}}, STRUCTURE),
    # List, map, structure.
    ("PutRecords", {"StreamName": S, "Records": "a"}, "Expected list or null"),
    ("PutRecords", {"StreamName": S, "Records": 1}, "Expected list or null"),
    ("PutRecords", {"StreamName": S, "Records": True}, "Expected list or null"),
    ("PutRecords", {"StreamName": S, "Records": {}}, STRUCTURE),
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": "a"}, "Expected list or null"),
    ("AddTagsToStream", {"StreamName": S, "Tags": "a"}, "Expected map or null"),
    ("AddTagsToStream", {"StreamName": S, "Tags": 1}, "Expected map or null"),
    ("AddTagsToStream", {"StreamName": S, "Tags": False}, "Expected map or null"),
    ("AddTagsToStream", {"StreamName": S, "Tags": []}, LIST),
    ("CreateStream", {"StreamName": "new", "StreamModeDetails": "ON_DEMAND"}, "Expected null"),
    ("CreateStream", {"StreamName": "new", "StreamModeDetails": 1}, "Expected null"),
    ("CreateStream", {"StreamName": "new", "StreamModeDetails": True}, "Expected null"),
    ("CreateStream", {"StreamName": "new", "StreamModeDetails": []}, LIST),
    # Inside of them.
    ("PutRecords", {"StreamName": S, "Records": ["a"]}, "Expected null"),
    ("PutRecords", {"StreamName": S, "Records": [[]]}, LIST),
    ("PutRecords", {"StreamName": S, "Records": [{"Data": "aGk=", "PartitionKey": 5}]},
     f"{NUMBER} an String"),
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": [1]}, f"{NUMBER} an String"),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"a": 1}}, f"{NUMBER} an String"),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"a": []}}, LIST),
    ("ListShards", {"StreamName": S, "ShardFilter": {"Type": True}}, f"{BOOLEAN} an String"),
    ("SubscribeToShard", {"ConsumerARN": ARN + "/consumer/app:5", "ShardId": SH(1),
                          "StartingPosition": "LATEST"}, "Expected null"),
    # The first in the model's order is told, whatever the order of the request; kinds come before
    # constraints, and constraints before what there is.
    ("DescribeStream", {"Limit": "5", "StreamName": 1}, f"{NUMBER} an String"),
    ("DescribeStream", {"StreamName": "a b", "Limit": "5"}, f"{STRING} an Integer"),
    ("CreateStream", {"ShardCount": "1"}, f"{STRING} an Integer"),
]
TABLES = {"members of the wrong kind": KINDS}


@pytest.mark.parametrize("operation, body, text", KINDS, ids=[
    f"{at}-{row[0]}" for at, row in enumerate(KINDS)])
def test_member_of_the_wrong_kind(weir, operation, body, text):
    check_error(weir.call(operation, body), "json", 400, "SerializationException", text)
