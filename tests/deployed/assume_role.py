"""Print temporary credentials of a function's deployed role, so that a test can check what the role denies.

`assume_role.py FUNCTION` adds the account to the role's trust policy, assumes the role and removes the account again.
FUNCTION is submit, webhook or landing. The script uses the stack that LANDFALL_STACK describes.
"""

import argparse
import json
import os
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

import background_server
import stack
from remove_statement import ROLES

# A changed IAM policy takes effect everywhere within seconds.
TIMEOUT_SECONDS = 60


def main():
    """Parse the command line and print the credentials."""
    options = parse_arguments()
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
    policy = role["AssumeRolePolicyDocument"]
    write_trust_policy(iam, name, policy | {"Statement": policy["Statement"] + [account_statement(role["Arn"])]})
    try:
        credentials = assume(sts, role["Arn"])
    finally:
        write_trust_policy(iam, name, policy)
    print(
        json.dumps(
            {
                "access_key_id": credentials["AccessKeyId"],
                "secret_access_key": credentials["SecretAccessKey"],
                "session_token": credentials["SessionToken"],
            }
        )
    )


def parse_arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("LANDFALL_STACK", background_server.STATE / "stack" / "stack.json")
    parser.add_argument("--stack", type=Path, default=Path(default), help="file that describes the stack")
    parser.add_argument("function", choices=["submit", "webhook", "landing"])
    return parser.parse_args()


def account_statement(arn):
    """Return the statement that lets principals of the role's own account assume it."""
    _, partition, _, _, account, _ = arn.split(":", 5)
    principal = {"AWS": f"arn:{partition}:iam::{account}:root"}
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


def write_trust_policy(iam, name, document):
    """Write the role's trust policy."""
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))


def assume(sts, arn):
    """Assume the role, retrying until its trust policy takes effect."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            return sts.assume_role(RoleArn=arn, RoleSessionName="deployed-tests")["Credentials"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied" or time.monotonic() > deadline:
                raise
            time.sleep(1)


if __name__ == "__main__":
    main()
