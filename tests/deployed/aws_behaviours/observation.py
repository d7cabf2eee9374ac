"""The stack that the observations use, and waiting for a condition."""

import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


class Stack:
    """A deployed stack, as `deploy.sh --describe` writes it."""

    def __init__(self, described):
        self.described = described
        self.session = boto3.Session(
            aws_access_key_id=described["access_key_id"],
            aws_secret_access_key=described["secret_access_key"],
            aws_session_token=described["session_token"] or None,
            region_name=described["region"],
        )

    def __getitem__(self, field):
        return self.described[field]

    def client(self, service, **config):
        """Return a client that makes one attempt and adds no checksums of its own."""
        settings = {"s3": {"addressing_style": "path"}} if self["aws_endpoint"] else {}
        settings |= {"retries": {"total_max_attempts": 1}, "request_checksum_calculation": "when_required", **config}
        return self.session.client(service, endpoint_url=self["aws_endpoint"], config=Config(**settings))


def random_name(purpose):
    """Return a name that no other run uses."""
    return f"aws-behaviours-{purpose}-{uuid.uuid4().hex[:12]}"


def error_code(call, **arguments):
    """Return the error code of a call, or None if it succeeds."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def wait_for(condition, seconds):
    """Call `condition` until it returns something true, or for this long. Return its last value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(1)
    return value
