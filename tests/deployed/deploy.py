"""Deploy the template onto a local cloud of its own: `up` and `down`, or `run -- COMMAND` for both around a command.

Called through deploy.sh, which installs the tools. README.md lists the options.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import cloud
import command_line
import listen
import mend
import secret
import server
import stack
import workflow_role


def main():
    """Read the command line and do what it says."""
    options = arguments()
    options.state.mkdir(parents=True, exist_ok=True)
    if options.action == "down":
        print("stopped" if server.stop(options.state) else "nothing was running")
        return
    if options.action == "up":
        up(options)
        return
    # So that a terminated run stops its cloud, too.
    command_line.exit_on_sigterm()
    try:
        up(options)
        sys.exit(run(options))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        server.stop(options.state)


def arguments():
    """The command line."""
    first_line = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="deploy.sh", description=first_line, epilog=command_line.COMMAND_HELP)
    parser.add_argument("action", choices=["up", "down", "run"])
    parser.add_argument("--auth", action="store_true", help="every function runs under its own role")
    parser.add_argument("--artifacts", type=Path, help="folder with submit/bootstrap and webhook/bootstrap")
    parser.add_argument("--port", type=int, help="port of the local cloud (default: a free one)")
    parser.add_argument("--provider-port", type=int, help="port of the simulator (default: a free one)")
    parser.add_argument("--api-key", default=secrets.token_hex(16), help="default: a random one")
    parser.add_argument("--signing-secret", action="append", help="repeat for several; default: a random one")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the template")
    parser.add_argument("--variable", action="append", default=[], metavar="FUNCTION:NAME=VALUE", help="for tests")
    parser.add_argument("--state", type=Path, default=server.STATE / "stack")
    parser.add_argument("--describe", type=Path, help="where to write the stack (default: STATE/stack.json)")
    given, command = command_line.split_command(sys.argv[1:])
    options = parser.parse_args(given)
    options.command = command
    options.state = options.state.resolve()
    options.describe = (options.describe or options.state / "stack.json").resolve()
    options.signing_secret = options.signing_secret or [f"whsec_{secrets.token_hex(32)}"]
    return options


def up(options):
    """Build, start, deploy, mend, fill the secret, describe. On failure nothing is left running."""
    if server.stop(options.state):
        print("stopped the one that was running")
    for stale in options.describe.parent.glob(f"{options.describe.stem}.*.policies.json"):
        stale.unlink()
    artifacts = options.artifacts or stack.build_artifacts()
    began = time.monotonic()
    provider_url = f"http://127.0.0.1:{options.provider_port or server.free_port()}"
    try:
        endpoint = cloud.start(options.state, options.auth, options.port)
        session = cloud.session()
        built = stack.write_built_template(artifacts, options.state)
        wanted = parameters(provider_url, options.parameter)
        if wanted.get("BucketName"):
            # Somebody's own bucket is there before the stack is.
            session.client("s3", endpoint_url=endpoint).create_bucket(Bucket=wanted["BucketName"])
        stack.deploy(session, endpoint, built, wanted)
        urls = mend.mend(session, endpoint)
        for given in options.variable:
            function, pair = given.split(":", 1)
            mend.set_variables(session, endpoint, stack.FUNCTIONS[function], dict([pair.split("=", 1)]))
        described = stack.describe(session, endpoint, urls) | {"auth": options.auth}
        bus = wanted.get("EventBusName")
        described["events_queue_url"] = listen.listen(session, endpoint, bus) if bus else None
        described["workflow_role_arn"] = workflow_role.make(session, endpoint, described)
        secret.fill(session, endpoint, described["secret_id"], options.api_key, options.signing_secret)
    except BaseException:
        server.stop(options.state)
        raise
    described["providers"] = {
        "abyssale": {
            "api_url": provider_url,
            "api_key": options.api_key,
            "signing_secrets": options.signing_secret,
        }
    }
    options.describe.write_text(json.dumps(described, indent=2) + "\n")
    print(f"deployed in {time.monotonic() - began:.0f} s; described in {options.describe}", flush=True)


def parameters(provider_url, given):
    """The template's parameters for a local cloud; what the caller gives comes last and wins."""
    return {
        "Architecture": "x86_64",
        "AbyssaleApiUrl": provider_url,
        "TrustedOrigins": provider_url,
    } | dict(pair.split("=", 1) for pair in given)


def run(options):
    """Run the command with LANDFALL_STACK set and return its status; without a command wait for Ctrl-C."""
    if not options.command:
        print("serving until Ctrl-C")
        while True:
            time.sleep(3600)
    environment = os.environ | {"LANDFALL_STACK": str(options.describe)}
    return subprocess.run(options.command, env=environment).returncode


if __name__ == "__main__":
    main()
