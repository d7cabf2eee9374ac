#!/usr/bin/env python3
"""Random requests made from the API's own description, good and bad ones, against the local runner.

Usage: run.py [OPTIONS OF SCHEMATHESIS]

Starts `cargo run` on free ports with its simulators, which are the only providers it can reach, checks that what
`GET /openapi.json` answers is OpenAPI 3.1, and lets schemathesis send requests that the description allows and requests
that it forbids. Exits with 0 when every answer is as described. Needs the packages of requirements.txt.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Runs are alike: the same seed makes the same requests, but for those that build on answers.
SEED = 20260304
EXAMPLES = 100
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "allowed_requests_are_well_formed",
]
# Nobody shall wait for a turn: the simulators are asked as often as it takes.
VARIABLES = {"ABYSSALE_REQUESTS_PER_SECOND": "0", "AI_STUDIOS_REQUESTS_PER_SECOND": "0"}
# Callers' webhooks may go to a host only that is nowhere (RFC 2606), whatever URLs are made up.
VARIABLES["WEBHOOK_ALLOWED_HOSTS"] = "hooks.invalid"
KNOBS = {"gateway_per_second": 0, "tiers": []}


def start(folder):
    """The local runner, and what it says of itself."""
    described = folder / "stack.json"
    # Built beforehand, so that waiting for the runner is not waiting for the compiler.
    subprocess.run(["cargo", "build", "--quiet", "--bin", "landfall-dev"], cwd=ROOT, check=True)
    command = ["cargo", "run", "--quiet", "--", "--free-ports", "--data", folder / "data", "--describe", described]
    for variable in VARIABLES.items():
        command += ["--set", "=".join(variable)]
    with (folder / "log").open("wb") as log:
        # In place of cargo itself, so that to end this process is to end the runner.
        runner = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not described.exists():
        if runner.poll() is not None or time.monotonic() > deadline:
            runner.kill()
            sys.exit((folder / "log").read_text() + "\nthe local runner does not serve")
        time.sleep(0.1)
    return runner, json.loads(described.read_text())


def ask(method, url, body=None):
    """The JSON that a URL answers."""
    headers = {"content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "null")


def only_simulated(stack):
    """Nothing that costs: whatever the stack speaks to is on this machine."""
    urls = [stack["submit_url"], *(provider["api_url"] for provider in stack["providers"].values())]
    for url in urls:
        if urllib.parse.urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            sys.exit(f"{url} is not on this machine")


def schemathesis(stack, folder, options):
    """Runs it with its hooks; its exit status."""
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "LANDFALL_STACK": str(folder / "stack.json")}
    environment["PYTHONPATH"] = str(HERE)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{stack['submit_url']}/openapi.json"),
        *("--url", stack["submit_url"], "--checks", ",".join(CHECKS), "--continue-on-failure"),
        *("--seed", str(SEED), "--max-examples", str(EXAMPLES), "--request-timeout", "35", *options),
    ]
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def main(options):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runner, stack = start(folder)
        try:
            only_simulated(stack)
            description = ask("GET", f"{stack['submit_url']}/openapi.json")
            OpenAPIV31SpecValidator(description).validate()
            ask("PUT", f"{stack['providers']['abyssale']['admin_url']}/knobs", KNOBS)
            invocations = f"{stack['aws_endpoint']}/2015-03-31/functions/submit/invocations"
            ask("POST", invocations, {"command": "webhook_secret", "action": "rotate"})
            return schemathesis(stack, folder, options)
        finally:
            runner.terminate()
            runner.wait(timeout=10)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
