#!/usr/bin/env python3
"""Tests of the validator: recorded examples are valid, and each change of one of them is found.

Usage: test_validate.py. Needs the packages of requirements.txt. examples.jsonl has one exchange of each operation, recorded by
the flows; the signatures are removed.
"""

import json
import re
import unittest
from pathlib import Path

from dynamodb import Table
from routes import load_models
from validate import ROOT, Judge

EXAMPLES = Path(__file__).with_name("examples.jsonl")


def body(side, change):
    """Returns a change of the JSON document of a request or a response."""

    def apply(exchange):
        document = json.loads(exchange[side]["body"]["text"])
        change(document)
        exchange[side]["body"]["text"] = json.dumps(document)

    return apply


def text(side, old, new):
    """Returns a change of the text of a body."""

    def apply(exchange):
        changed = re.sub(old, new, exchange[side]["body"]["text"])
        assert changed != exchange[side]["body"]["text"], f"{old} is not in {changed}"
        exchange[side]["body"]["text"] = changed

    return apply


def header(side, name, value):
    """Returns a change of a header: another value, or None for no such header."""

    def apply(exchange):
        headers = [pair for pair in exchange[side]["headers"] if pair[0] != name]
        exchange[side]["headers"] = headers + ([[name, value]] if value is not None else [])

    return apply


def uri(old, new):
    def apply(exchange):
        assert old in exchange["request"]["uri"]
        exchange["request"]["uri"] = exchange["request"]["uri"].replace(old, new)

    return apply


def status(value):
    return lambda exchange: exchange["response"].update(status=value)


def put(name, value):
    return lambda document: document.__setitem__(name, value)


def drop(name):
    return lambda document: document.pop(name)


def rename_placeholder(document):
    names = document["ExpressionAttributeValues"]
    names[":unused"] = names[next(iter(names))]


# Each change, by operation, and a part of the finding that it must cause.
CHANGES = [
    # Requests of the JSON protocols.
    ("dynamodb GetItem", body("request", put("Consistent", True)), "request dynamodb GetItem input.Consistent: the model has no"),
    ("dynamodb GetItem", body("request", drop("TableName")), "input.TableName: a required member is missing"),
    ("dynamodb GetItem", body("request", put("ConsistentRead", "true")), "input.ConsistentRead: str is not of the type boolean"),
    ("dynamodb GetItem", body("request", put("Key", {"pk": {"S": "a"}})), "input.Key: ['pk'] is not the key"),
    ("dynamodb GetItem", body("request", lambda d: d["Key"]["pk"].update(N="1")), "needs exactly one type|is not of the type S"),
    ("dynamodb GetItem", header("request", "content-type", "application/json"), "header content-type"),
    ("dynamodb GetItem", header("request", "x-amz-other", "1"), "header x-amz-other: is not signed"),
    ("dynamodb GetItem", header("request", "if-match", "*"), "header if-match: GetItem has no such header"),
    ("dynamodb GetItem", header("request", "x-amz-target", "DynamoDB_20120810.TakeItem"), "no operation is like this"),
    ("dynamodb UpdateItem", body("request", rename_placeholder), ":unused is defined and not used"),
    ("dynamodb UpdateItem", body("request", put("ExpressionAttributeNames", {})), "is used and not defined"),
    ("dynamodb PutItem", body("request", lambda d: d["Item"].pop("sk")), "Item.sk: a key attribute is missing"),
    ("dynamodb PutItem", body("request", lambda d: d["Item"].update(x={"N": "1.2.3"})), "Item.x: '1.2.3' is no number"),
    ("dynamodb PutItem", body("request", lambda d: d["Item"].update(x={"S": "y" * 500_000})), "bytes are too many"),
    ("dynamodb Query", body("request", put("IndexName", "by_week")), "the template has no index by_week"),
    ("dynamodb Query", body("request", put("Limit", 0)), "input.Limit: value 0 is below the minimum 1"),
    ("dynamodb BatchGetItem", body("request", lambda d: next(iter(d["RequestItems"].values()))["Keys"].append(
        next(iter(d["RequestItems"].values()))["Keys"][0])), "an item appears twice"),
    ("dynamodb TransactWriteItems", body("request", put("ClientRequestToken", "t" * 37)), "length 37 is above the maximum 36"),
    ("sqs SendMessage", body("request", put("DelaySeconds", 901)), "input|DelaySeconds: 901 is not between 0 and 900"),
    ("sqs SendMessage", body("request", put("MessageBody", "\x00")), "MessageBody: is empty or has a character"),
    ("sqs ChangeMessageVisibility", body("request", put("VisibilityTimeout", 43_201)), "43201 is not between"),
    ("secretsmanager PutSecretValue", body("request", put("ClientRequestToken", "short")), "length 5 is below the minimum 32"),
    ("events PutEvents", body("request", lambda d: d["Entries"].extend(d["Entries"] * 10)), "number of entries 11 is above"),
    ("events PutEvents", body("request", lambda d: d["Entries"][0].pop("Source")), "EventBridge rejects an entry without it"),
    ("stepfunctions SendTaskSuccess", body("request", put("taskToken", "t" * 2049)), "length 2049 is above the maximum 2048"),
    # The query protocol, and REST.
    ("sts AssumeRole", text("request", "DurationSeconds=\\d+", "DurationSeconds=899"), "value 899 is below the minimum 900"),
    ("sts AssumeRole", text("request", "RoleSessionName=[^&]*&?", ""), "input.RoleSessionName: a required member is missing"),
    ("s3 PutObject", header("request", "x-amz-storage-clas", "STANDARD"), "PutObject has no such header"),
    ("s3 PutObject", header("request", "if-none-match", '"etag"'), "is not *"),
    ("s3 PutObject", header("request", "content-length", None), "header content-length: is missing"),
    ("s3 PutObject", header("request", "x-amz-content-sha256", "none"), "is neither a hash nor"),
    ("s3 PutObject", header("request", "x-amz-storage-class", "COLD"), "'COLD' is none of the values"),
    ("s3 UploadPart", uri("partNumber=1", "partNumber=10001"), "is not between 1 and 10,000"),
    ("s3 UploadPart", uri("partNumber=1", "partNumber=one"), "'one' is not a whole number"),
    ("s3 GetObject", uri("?", "?version=2&"), "query version: GetObject has no such parameter"),
    ("s3 CompleteMultipartUpload", text("request", "PartNumber", "Number"), "Number: the model has no such member"),
    ("s3 CompleteMultipartUpload", text("request", 'xmlns="[^"]*"', ""), "body: the root is CompleteMultipartUpload in None"),
    ("s3 ListMultipartUploads", uri("?uploads", "?x-id=ListParts&uploads"), "query x-id: ListParts is not ListMultipartUploads"),
    ("lambda SendDurableExecutionCallbackSuccess", uri("%2B", " "), "path|does not match the pattern"),
    ("lambda SendDurableExecutionCallbackFailure", body("request", put("Reason", "x")), "input.Reason: the model has no"),
    # Responses.
    ("dynamodb GetItem", body("response", put("Found", True)), "response dynamodb GetItem output.Found: the model has no"),
    ("dynamodb GetItem", header("response", "x-amzn-requestid", None), "header x-amzn-requestid: is missing"),
    ("dynamodb GetItem", status(201), "status: 201 is not [200]"),
    ("dynamodb Query", body("response", drop("Count")), "output.Count: AWS always sends it"),
    ("secretsmanager GetSecretValue", body("response", put("CreatedDate", "today")), "output.CreatedDate"),
    ("secretsmanager GetSecretValue", header("response", "content-type", "application/json"), "header content-type"),
    ("sqs SendMessage", body("response", drop("MessageId")), "output.MessageId: AWS always sends it"),
    ("sts AssumeRole", text("response", "<AccessKeyId>[^<]*", "<AccessKeyId>short"), "length 5 is below the minimum 16"),
    ("s3 PutObject", header("response", "etag", "unquoted"), "header etag: unquoted is not quoted"),
    ("s3 PutObject", header("response", "x-amz-request-id", None), "header x-amz-request-id: is missing"),
    ("s3 PutObject", header("response", "x-amz-made-up", "1"), "PutObject sends no such header"),
    ("s3 CompleteMultipartUpload", text("response", "<Bucket>[^<]*</Bucket>", "<Basket/>"), "output.Basket: the model has no"),
    ("s3 HeadObject", header("response", "last-modified", "2026-01-01T00:00:00Z"), "is not a timestamp of the format rfc822"),
    ("s3 ListMultipartUploads", text("response", "<IsTruncated>[^<]*", "<IsTruncated>no"), "'no' is neither true nor false"),
    # Errors.
    ("error of dynamodb PutItem", body("response", put("__type", "a#NoSuchTable")), "error: PutItem has no error NoSuchTable"),
    ("error of dynamodb PutItem", status(500), "status: 500 of ConditionalCheckFailedException is not [400]"),
    ("error of sqs ChangeMessageVisibility", header("response", "x-amzn-query-error", None), "header x-amzn-query-error"),
    ("error of s3 GetObject", text("response", "NoSuchKey|ServiceUnavailable", "NoSuchThing"), "error: S3 has no error NoSuchThing"),
    ("error of s3 GetObject", text("response", "<RequestId>[^<]*</RequestId>", ""), "body.RequestId: is missing"),
    ("error of stepfunctions SendTaskSuccess", body("response", put("Cause", "x")), "error.Cause: the model has no such member"),
]


def found(judge):
    """Returns the findings as lines of text."""
    return [
        f"{side} {service} {operation} {path}: {text}"
        for (side, service, operation, path), texts in judge.findings.examples.items()
        for text in texts
    ]


class ExamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = load_models()
        cls.table = Table((ROOT / "template.yaml").read_text())
        lines = [json.loads(line) for line in EXAMPLES.read_text().splitlines()]
        cls.examples = {line["example"]: line for line in lines}

    def judge(self, example, change=lambda exchange: None):
        exchange = json.loads(json.dumps(self.examples[example]))
        change(exchange)
        judge = Judge(self.models, self.table)
        judge.judge(exchange)
        return judge

    def test_recorded_exchanges_are_valid_and_counted_under_their_operation(self):
        for example in self.examples:
            with self.subTest(example):
                judge = self.judge(example)
                self.assertEqual(found(judge), [])
                self.assertEqual([" ".join(key) for key in judge.counts], [example.removeprefix("error of ")])

    def test_each_change_is_found(self):
        for number, (example, change, expected) in enumerate(CHANGES):
            with self.subTest(f"{number} {example}: {expected}"):
                lines = found(self.judge(example, change))
                self.assertTrue(any(part in line for line in lines for part in expected.split("|")), lines)

    def test_a_request_of_the_tests_does_not_count_as_one_of_the_functions(self):
        judge = self.judge("s3 PutObject", header("request", "user-agent", "aws-sdk-rust/1 app/landfall-tests"))
        self.assertEqual((len(judge.counts), judge.by_functions), (1, set()))


if __name__ == "__main__":
    unittest.main()
