"""Remove one statement from the deployed role of a function, so that a test can check that the flow fails without it.

`remove_statement.py FUNCTION SID` removes a statement, `remove_statement.py --restore FUNCTION` restores all statements of
that function. FUNCTION is submit, webhook or landing; or links, the role that signs presigned URLs. The script uses the
stack that LANDFALL_STACK describes.
"""

import argparse
import json
import os
import time
from pathlib import Path

import boto3

import background_server
import stack

ROLES = {"submit": "SubmitRole", "webhook": "WebhookRole", "landing": "LandingRole", "links": "LinkRole"}


def main():
    """Parse the command line, and remove or restore statements."""
    options = parse_arguments()
    described = json.loads(options.stack.read_text())
    session = boto3.Session(
        aws_access_key_id=described["access_key_id"],
        aws_secret_access_key=described["secret_access_key"],
        aws_session_token=described["session_token"],
        region_name=described["region"],
    )
    endpoint = described["aws_endpoint"]
    role = stack.resource(session, endpoint, ROLES[options.function], described["stack_name"])
    iam = session.client("iam", endpoint_url=endpoint)
    backup = options.stack.with_name(f"{options.stack.stem}.{options.function}.policies.json")
    if options.restore:
        restore(iam, role, backup)
    else:
        remove(iam, role, options.sid, backup)
    # No function runs under the role of links.
    if options.function in described["functions"]:
        restart(session.client("lambda", endpoint_url=endpoint), described["functions"][options.function])


def parse_arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("LANDFALL_STACK", background_server.STATE / "stack" / "stack.json")
    parser.add_argument("--stack", type=Path, default=Path(default), help="file that describes the stack")
    parser.add_argument("--restore", action="store_true", help="restore what was removed from FUNCTION")
    parser.add_argument("function", choices=ROLES)
    parser.add_argument("sid", nargs="?", help="the statement to remove")
    options = parser.parse_args()
    if options.restore == bool(options.sid):
        parser.error("give either a Sid or --restore")
    return options


def policies(iam, role):
    """Return the role's inline policies by name."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}


def remove(iam, role, sid, backup):
    """Write the role's policies without the statement. A file beside the stack's description keeps the first original."""
    before = policies(iam, role)
    if not backup.exists():
        backup.write_text(json.dumps(before))
    sids = [statement["Sid"] for document in before.values() for statement in document["Statement"]]
    if sid not in sids:
        raise SystemExit(f"{role} has no statement {sid}, only {', '.join(sids)}")
    for name, document in before.items():
        left = [statement for statement in document["Statement"] if statement["Sid"] != sid]
        if not left:
            # A policy must have a statement.
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        elif len(left) < len(document["Statement"]):
            write_policy(iam, role, name, document | {"Statement": left})
    print(f"removed {sid} from {role}")


def restore(iam, role, backup):
    """Restore the original policies."""
    if not backup.exists():
        raise SystemExit(f"nothing was removed from {role}")
    for name, document in json.loads(backup.read_text()).items():
        write_policy(iam, role, name, document)
    backup.unlink()
    print(f"restored {role}")


def restart(functions, name):
    """Restart the function by changing its description, so that it loses what it has cached, such as its secret."""
    functions.update_function_configuration(FunctionName=name, Description=f"restarted at {time.time():.3f}")
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def write_policy(iam, role, name, document):
    """Write one inline policy."""
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


if __name__ == "__main__":
    main()
