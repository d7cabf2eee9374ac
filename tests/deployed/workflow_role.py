"""Create the role of the flows' state machines, with the permissions that docs/workflows.md lists for their owners."""

import json

NAME = "landfall-workflows"


def create(session, endpoint, described):
    """Create the role and return its ARN."""
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
    """Return a statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def document(*statements):
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
