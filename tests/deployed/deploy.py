"""Deploy the template to a local cloud: `up` and `down`, or `run -- COMMAND`, which does both around a command.

deploy.sh installs the tools and calls this script. README.md lists the options.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import background_server
import cloud
import command_line
import event_queue
import localemu
import localemu_apis
import provider_secret
import stack
import workarounds
import workflow_role


def main():
    """Parse the command line and run the action."""
    options = parse_arguments()
    options.state.mkdir(parents=True, exist_ok=True)
    if options.action == "down":
        print("stopped" if background_server.stop(options.state) else "nothing was running")
        return
    if options.action == "up":
        up(options)
        return
    # A terminated run also stops its cloud.
    command_line.exit_on_sigterm()
    try:
        up(options)
        sys.exit(run_command(options))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        background_server.stop(options.state)


def parse_arguments():
    """Parse the command line."""
    first_line = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="deploy.sh", description=first_line, epilog=command_line.COMMAND_HELP)
    parser.add_argument("action", choices=["up", "down", "run"])
    parser.add_argument("--auth", action="store_true", help="every function runs under its own role")
    parser.add_argument("--cloud", choices=["ministack", "localemu"], default="ministack", help="the local cloud")
    parser.add_argument("--artifacts", type=Path, help="folder with submit/bootstrap and webhook/bootstrap")
    parser.add_argument("--port", type=int, help="port of the local cloud (default: a free one)")
    parser.add_argument("--provider-port", type=int, help="port of the simulator (default: a free one)")
    parser.add_argument("--api-key", default=secrets.token_hex(16), help="default: a random one")
    parser.add_argument("--signing-secret", action="append", help="repeat for several; default: a random one")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the template")
    parser.add_argument("--variable", action="append", default=[], metavar="FUNCTION:NAME=VALUE", help="for tests")
    parser.add_argument("--state", type=Path, default=background_server.STATE / "stack")
    parser.add_argument("--describe", type=Path, help="where to write the stack (default: STATE/stack.json)")
    given, command = command_line.split_command(sys.argv[1:])
    options = parser.parse_args(given)
    options.command = command
    if options.auth and options.cloud == "localemu":
        parser.error("--auth needs ministack; README.md says why")
    options.state = options.state.resolve()
    options.describe = (options.describe or options.state / "stack.json").resolve()
    options.signing_secret = options.signing_secret or [f"whsec_{secrets.token_hex(32)}"]
    return options


def up(options):
    """Build, start, deploy, apply workarounds, write the secret and describe the stack. A failure stops everything."""
    if background_server.stop(options.state):
        print("stopped the stack that was running")
    for stale in options.describe.parent.glob(f"{options.describe.stem}.*.policies.json"):
        stale.unlink()
    artifacts = options.artifacts or stack.build_artifacts()
    began = time.monotonic()
    provider_url = f"http://127.0.0.1:{options.provider_port or background_server.free_port()}"
    caller_url = f"http://127.0.0.1:{background_server.free_port()}"
    try:
        endpoint = start_cloud(options)
        session = cloud.session()
        built = stack.write_built_template(artifacts, options.state)
        values = parameters(provider_url, caller_url, options.parameter)
        if values.get("BucketName"):
            # The operator's own bucket exists before the stack.
            session.client("s3", endpoint_url=endpoint).create_bucket(Bucket=values["BucketName"])
        stack.deploy(session, endpoint, built, values)
        apply_all = localemu_apis.create_all if options.cloud == "localemu" else workarounds.apply_all
        urls = apply_all(session, endpoint)
        for given in options.variable:
            function, pair = given.split(":", 1)
            workarounds.set_variables(session, endpoint, stack.FUNCTIONS[function], dict([pair.split("=", 1)]))
        described = stack.describe(session, endpoint, urls) | {"auth": options.auth, "cloud": options.cloud}
        bus = values.get("EventBusName")
        described["events_queue_url"] = event_queue.create(session, endpoint, bus) if bus else None
        described["workflow_role_arn"] = workflow_role.create(session, endpoint, described)
        provider_secret.write(session, endpoint, described["secret_id"], options.api_key, options.signing_secret)
    except BaseException:
        background_server.stop(options.state)
        raise
    described["caller_url"] = caller_url
    described["providers"] = {
        "abyssale": {
            "api_url": provider_url,
            "api_key": options.api_key,
            "signing_secrets": options.signing_secret,
        }
    }
    options.describe.write_text(json.dumps(described, indent=2) + "\n")
    print(f"deployed in {time.monotonic() - began:.0f} s; described in {options.describe}", flush=True)


def start_cloud(options):
    """Start the chosen cloud and return its endpoint."""
    if options.cloud == "localemu":
        return localemu.start_cloud(options.state, options.port or background_server.free_port())
    return cloud.start(options.state, options.auth, options.port)


def parameters(provider_url, caller_url, given):
    """Return the template's parameters for a local cloud. Values from the command line override the defaults."""
    defaults = {
        "Architecture": "x86_64",
        "AbyssaleApiUrl": provider_url,
        "AbyssaleSubscriptionsUrl": provider_url,
        "TrustedOrigins": provider_url,
    }
    values = defaults | dict(pair.split("=", 1) for pair in given)
    # The caller's endpoint of the flows is trusted, whatever else is.
    return values | {"TrustedOrigins": f"{values['TrustedOrigins']},{caller_url}"}


def run_command(options):
    """Run the command with LANDFALL_STACK set and return its status. Without a command wait for Ctrl-C."""
    if not options.command:
        print("serving until Ctrl-C")
        while True:
            time.sleep(3600)
    environment = os.environ | {"LANDFALL_STACK": str(options.describe)}
    return subprocess.run(options.command, env=environment).returncode


if __name__ == "__main__":
    main()
