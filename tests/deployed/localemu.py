#!/usr/bin/env python3
"""Start localemu for tests that need an independent server. Installs under .tools/ at first use.

With this script, tests use its S3, SQS and Step Functions. State machines invoke functions at the port after localemu's port,
where the test serves the Lambda API. `deploy.py --cloud localemu` deploys the complete template to it. Needs Python 3.13 or
later: on an older version localemu installs and starts, but every request ends in a syntax error. Set LOCALEMU_PYTHON if the
script does not find an interpreter.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import command_line
import background_server

PACKAGES = ["localemu[runtime]==1.3.2", "jsonata-python==0.7.1"]


def find_python():
    """Find an interpreter that is new enough, by the usual names and the folders of version managers."""
    named = [os.environ.get("LOCALEMU_PYTHON"), sys.executable, "python3.13", "python3.14"]
    managed = Path.home().glob(".pyenv/versions/3.1[34]*/bin/python3")
    for candidate in [name for name in named if name] + sorted(map(str, managed)):
        check = [shutil.which(candidate) or candidate, "-c", "import sys; sys.exit(sys.version_info < (3, 13))"]
        try:
            if subprocess.run(check, stderr=subprocess.DEVNULL).returncode == 0:
                return check[0]
        except OSError:
            continue
    raise SystemExit("localemu needs Python 3.13 or later; set LOCALEMU_PYTHON to one")


def install():
    """Install localemu and return the path of its interpreter."""
    tools = background_server.TOOLS / "localemu"
    done = tools / "installed.txt"
    wanted = "\n".join(PACKAGES)
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([find_python(), "-m", "venv", "--clear", tools], check=True)
        pip = [tools / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        done.write_text(wanted)
    return tools / "bin" / "python"


def start(state, port):
    """Start S3, SQS and Step Functions on loopback and return the endpoint."""
    own = {"SERVICES": "s3,sqs,stepfunctions,sts", "FUNCTIONS_ENDPOINT": f"http://127.0.0.1:{port + 1}"}
    return start_with(state, port, own)


def start_cloud(state, port):
    """Start all services on loopback, with functions as processes, and return the endpoint."""
    # CloudFormation there has no HTTP APIs, dashboards and metric filters.
    return start_with(state, port, {"CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1"})


def start_with(state, port, own):
    """Start localemu with some variables of its environment, and return the endpoint."""
    interpreter = install()
    endpoint = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(state),
        "TMPDIR": str(state),
        "LANG": "C.UTF-8",
        # The default server, twisted, ignores the configured host and listens on every address.
        "GATEWAY_SERVER": "hypercorn",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        # Queue URLs without host names, which do not resolve.
        "LOCALEMU_HOST": f"127.0.0.1:{port}",
        "SQS_ENDPOINT_STRATEGY": "path",
        # Check presigned URLs.
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
    } | own
    # -P: this folder contains another localemu.py.
    command = [interpreter, "-P", Path(__file__).with_name("localemu_patched.py")]
    background_server.start(state, command, environment, f"{endpoint}/_localemu/health")
    return endpoint


if __name__ == "__main__":
    command_line.serve("localemu", "LOCALEMU_ENDPOINT", start)
