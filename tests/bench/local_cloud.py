"""Runs the local runner as a separate process, and makes the AWS calls that its measurement needs."""

import http.client
import json
import os
import subprocess
import time
import urllib.parse
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Connection:
    """A persistent connection to a server."""

    def __init__(self, url):
        self.path = urllib.parse.urlsplit(url).path.rstrip("/")
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)

    def send(self, method, path, body=None, headers=None):
        """Sends a request and returns the status and the body of the response."""
        self.connection.request(method, self.path + path, body, headers or {})
        response = self.connection.getresponse()
        return response.status, response.read()


class Runner:
    """A local runner on free ports, with tables in `folder`."""

    def __init__(self, program, folder):
        described = Path(folder) / "runner.json"
        arguments = ["--free-ports", "--describe", described, "--data", Path(folder) / "data"]
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not described.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the local runner did not start")
            time.sleep(0.05)
        self.described = json.loads(described.read_text())
        self.aws = Connection(self.described["aws_endpoint"])
        self.dynamodb = Connection(self.described["dynamodb_endpoint"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def cpu(self):
        """Returns the CPU seconds that the runner has used so far, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def wait_until_idle(self):
        """Waits until the demonstration job is complete: until the runner is idle for a second."""
        before = None
        while before is None or self.cpu() - before > 0.05:
            before = self.cpu()
            time.sleep(1)

    def sqs(self, operation, **fields):
        return call(self.aws, f"AmazonSQS.{operation}", fields)

    def secrets(self, operation, **fields):
        return call(self.aws, f"secretsmanager.{operation}", fields)

    def count_items(self, partition_key):
        """Returns how many items of the table have this partition key."""
        count, start = 0, None
        while True:
            fields = {
                "TableName": self.described["table"], "Select": "COUNT", "ConsistentRead": True,
                "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": partition_key}},
            }
            page = call(self.dynamodb, "DynamoDB_20120810.Query", fields | ({"ExclusiveStartKey": start} if start else {}))
            count, start = count + page["Count"], page.get("LastEvaluatedKey")
            if not start:
                return count


def call(connection, target, fields):
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    headers["Authorization"] = (
        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0"
    )
    headers["X-Amz-Date"] = "20260101T000000Z"
    status, body = connection.send("POST", "/", json.dumps(fields), headers)
    if status != 200:
        raise SystemExit(f"{target}: {status} {body[:500]!r}")
    return json.loads(body)
