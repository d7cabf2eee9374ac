"""The role of the state machines that the flows make: what docs/workflows.md says their owners must allow."""

import json

NAME = "landfall-workflows"


def make(session, endpoint, described):
    """Make the role and return its ARN."""
    iam = session.client("iam", endpoint_url=endpoint)
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    submit, bucket = described["functions"]["submit"], described["bucket"]
    iam.put_role_policy(
        RoleName=NAME,
        PolicyName="workflows",
        PolicyDocument=document(
            allow("lambda:InvokeFunction", f"arn:aws:lambda:*:*:function:{submit}"),
            allow("states:StartExecution", "*"),
            allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*"),
        ),
    )
    return arn


def allow(action, resource):
    """One statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def document(*statements):
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
