"""The local cloud: one ministack process on 127.0.0.1."""

import os
import sys
from pathlib import Path

import boto3

import server

REGION = "us-east-1"
# ministack takes these for the root user of its one account; IAM never refuses root.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"


def start(state: Path, auth: bool, port: int | None):
    """Start ministack with its files under `state`, wait until it answers, and return its endpoint."""
    port = port or server.free_port()
    endpoint = f"http://127.0.0.1:{port}"
    scratch = state / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, Path(__file__).with_name("ministack_mended.py")]
    server.start(state, command, environment(endpoint, port, auth, scratch), f"{endpoint}/_ministack/health")
    return endpoint


def environment(endpoint, port, auth, scratch):
    """What ministack, and through it every function, sees: nothing of the caller's but the search path."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        # Without it ministack listens on every address.
        "BIND_HOST": "127.0.0.1",
        # The host in the URLs it hands out, queue URLs among them.
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        # No listeners beside the one above.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AUTH": "true" if auth else "false",
        # Functions inherit the endpoint from ministack's own environment.
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }


def session():
    """A session of the local cloud's root user."""
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        region_name=REGION,
    )
