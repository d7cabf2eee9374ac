#!/usr/bin/env python3
"""Sends random valid and invalid requests, generated from the API's description, to the local runner.

Usage: run.py [OPTIONS OF SCHEMATHESIS]

Starts `cargo run` on free ports with its simulators, which are the only providers it can reach. Checks that
`GET /openapi.json` returns OpenAPI 3.1, and lets schemathesis send requests that the description allows and requests
that it forbids. Exits with 0 if every response matches the description. Needs the packages of requirements.txt.
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
# The same seed generates the same requests, except for those that depend on responses.
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
# No rate limit, so that no request waits.
VARIABLES = {"ABYSSALE_REQUESTS_PER_SECOND": "0", "ABYSSALE_RATE_LIMITS": "none", "AI_STUDIOS_REQUESTS_PER_SECOND": "0"}
# Webhooks may only go to a host that does not exist (RFC 2606), whatever URLs are generated.
VARIABLES["WEBHOOK_ALLOWED_HOSTS"] = "hooks.invalid"
# Nor are documents and videos downloaded from the hosts that are generated.
VARIABLES["DOCUMENT_ALLOWED_HOSTS"] = "files.invalid"
KNOBS = {"gateway_per_second": 0, "tiers": {}}


def start(folder):
    """Starts the local runner. Returns its process and its description."""
    described = folder / "stack.json"
    # Builds first, so that the timeout below does not include the compiler.
    subprocess.run(["cargo", "build", "--quiet", "--bin", "landfall-dev"], cwd=ROOT, check=True)
    command = ["cargo", "run", "--quiet", "--", "--free-ports", "--data", folder / "data", "--describe", described]
    for variable in VARIABLES.items():
        command += ["--set", "=".join(variable)]
    with (folder / "log").open("wb") as log:
        # On Unix, cargo replaces itself with the runner, so ending this process ends the runner.
        runner = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not described.exists():
        if runner.poll() is not None or time.monotonic() > deadline:
            runner.kill()
            sys.exit((folder / "log").read_text() + "\nthe local runner did not start")
        time.sleep(0.1)
    return runner, json.loads(described.read_text())


def request_json(method, url, body=None):
    """Sends a request. Returns the JSON of the response."""
    headers = {"content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read() or "null")


def require_simulators(stack):
    """Exits unless the API and all providers are on this machine, so that no request costs money."""
    urls = [stack["submit_url"], *(provider["api_url"] for provider in stack["providers"].values())]
    for url in urls:
        if urllib.parse.urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            sys.exit(f"{url} is not on this machine")


def run_schemathesis(stack, folder, options):
    """Runs schemathesis with the hooks. Returns its exit status."""
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
            require_simulators(stack)
            description = request_json("GET", f"{stack['submit_url']}/openapi.json")
            OpenAPIV31SpecValidator(description).validate()
            request_json("PUT", f"{stack['providers']['abyssale']['admin_url']}/knobs", KNOBS)
            return run_schemathesis(stack, folder, options)
        finally:
            runner.terminate()
            runner.wait(timeout=10)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
