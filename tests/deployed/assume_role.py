"""Print temporary credentials of the deployed role of a function, so that a test can see what the role may not do.

`assume_role.py FUNCTION` lets the account into the role's trust policy for that moment, and out of it again. FUNCTION is
submit, webhook or landing. Works on the stack that LANDFALL_STACK describes.
"""

import argparse
import json
import os
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

import server
import stack
from remove_statement import ROLES

# IAM tells its other places of a changed policy within seconds.
PATIENCE_SECONDS = 60


def main():
    """Read the command line and do what it says."""
    options = arguments()
    described = json.loads(options.stack.read_text())
    session = boto3.Session(
        aws_access_key_id=described["access_key_id"],
        aws_secret_access_key=described["secret_access_key"],
        aws_session_token=described["session_token"],
        region_name=described["region"],
    )
    endpoint = described["aws_endpoint"]
    iam, sts = session.client("iam", endpoint_url=endpoint), session.client("sts", endpoint_url=endpoint)
    name = stack.resource(session, endpoint, ROLES[options.function], described["stack_name"])
    role = iam.get_role(RoleName=name)["Role"]
    trusted = role["AssumeRolePolicyDocument"]
    trust(iam, name, trusted | {"Statement": trusted["Statement"] + [of_account(role["Arn"])]})
    try:
        credentials = assumed(sts, role["Arn"])
    finally:
        trust(iam, name, trusted)
    print(
        json.dumps(
            {
                "access_key_id": credentials["AccessKeyId"],
                "secret_access_key": credentials["SecretAccessKey"],
                "session_token": credentials["SessionToken"],
            }
        )
    )


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("LANDFALL_STACK", server.STATE / "stack" / "stack.json")
    parser.add_argument("--stack", type=Path, default=Path(default), help="file that describes the stack")
    parser.add_argument("function", choices=["submit", "webhook", "landing"])
    return parser.parse_args()


def of_account(arn):
    """The statement that lets principals of the role's own account assume it."""
    _, partition, _, _, account, _ = arn.split(":", 5)
    principal = {"AWS": f"arn:{partition}:iam::{account}:root"}
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


def trust(iam, name, document):
    """Write the role's trust policy."""
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))


def assumed(sts, arn):
    """Assume the role as soon as its trust policy is known."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return sts.assume_role(RoleArn=arn, RoleSessionName="deployed-tests")["Credentials"]
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "AccessDenied" or time.monotonic() > deadline:
                raise
            time.sleep(1)


if __name__ == "__main__":
    main()
