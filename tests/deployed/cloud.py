"""The local cloud: one ministack process on 127.0.0.1."""

import os
import sys
from pathlib import Path

import boto3

import background_server

REGION = "us-east-1"
# ministack treats these as the root user of its one account, whom IAM never denies anything.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"


def start(state: Path, auth: bool, port: int | None):
    """Start ministack with its files under `state`, wait until it is ready, and return its endpoint."""
    port = port or background_server.free_port()
    endpoint = f"http://127.0.0.1:{port}"
    scratch = state / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, Path(__file__).with_name("ministack_patched.py")]
    background_server.start(state, command, environment(endpoint, port, auth, scratch), f"{endpoint}/_ministack/health")
    return endpoint


def environment(endpoint, port, auth, scratch):
    """Return the environment of ministack and its functions. Only the search path comes from this process."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        # Without this variable ministack listens on every address.
        "BIND_HOST": "127.0.0.1",
        # The host in the URLs that ministack returns, such as queue URLs.
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        # Disable all other listeners.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AUTH": "true" if auth else "false",
        # Functions inherit the endpoint from ministack's environment.
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }


def session():
    """Return a session of the local cloud's root user."""
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        region_name=REGION,
    )
