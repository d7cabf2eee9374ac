"""The contenders: each is a pipeline of commands with its environment.

A copying contender gets a URL and a bucket/key. An unpacking contender gets the name of an archive and a bucket/prefix.
"""

import os
from pathlib import Path

import tools

# No other variable is passed on, such as proxies and CA bundles without the CA of the servers.
BASE = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
AWS = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


class Contender:
    """A name, and a function that makes the pipeline from a source and a target."""

    def __init__(self, name, pipeline, environment):
        self.name, self.pipeline, self.environment = name, pipeline, BASE | AWS | environment


def landfall(program, server):
    """The production code."""
    environment = {"AWS_ENDPOINT_URL_S3": server.sink, "TRUSTED_CA_FILE": server.ca, "LOG_LEVEL": "warn"}
    return Contender("landfall", lambda url, key: [[program, url, f"s3://{key}"]], environment)


def landfall_unpacking(program, server, sink, name):
    """The production code, with or without TLS. It chooses the prefix itself and needs only the bucket."""
    environment = {"AWS_ENDPOINT_URL_S3": sink, "TRUSTED_CA_FILE": server.ca, "LOG_LEVEL": "warn"}
    pipeline = lambda archive, target: [[program, f"s3://{target.partition('/')[0]}/archives/{archive}"]]
    return Contender(name, pipeline, environment)


def zipfile(server):
    """A Python implementation as for Lambda: download, zipfile, and upload_fileobj for each file."""
    script = [tools.python(), str(Path(__file__).parent / "unpack_zipfile.py")]
    pipeline = lambda archive, target: [[*script, f"archives/{archive}", server.sink, target, server.ca]]
    return Contender("zipfile + boto3", pipeline, {})


def inflating(program):
    """Inflates and checks the same files without S3."""
    pipeline = lambda archive, target: [[program, str(tools.ARCHIVES / archive)]]
    return Contender("inflating alone", pipeline, {})


def curl(server):
    """Two curl processes and a pipe, without checksum, signature or parts."""
    get = ["curl", "-sSf", "--cacert", server.ca]
    put = [*get, "--output", os.devnull, "--upload-file", "-"]
    return Contender("curl | curl", lambda url, key: [[*get, url], [*put, f"{server.sink}/{key}"]], {})


def boto3(server):
    """A Python implementation as for Lambda: requests, and upload_fileobj with its defaults."""
    script = [tools.python(), str(Path(__file__).parent / "copy_boto3.py")]
    return Contender("boto3", lambda url, key: [[*script, url, server.sink, key, server.ca]], {})


def rclone(server):
    """rclone copyurl with its defaults; None if it is not available."""
    program = tools.rclone()
    if not program:
        return None
    sink = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": server.sink, "REGION": "us-east-1",
            "ACCESS_KEY_ID": "bench", "SECRET_ACCESS_KEY": "bench", "NO_CHECK_BUCKET": "true"}
    environment = {f"RCLONE_CONFIG_SINK_{name}": value for name, value in sink.items()}
    environment |= {"RCLONE_CONFIG": "", "RCLONE_LOG_LEVEL": "ERROR", "SSL_CERT_FILE": server.ca}
    return Contender("rclone", lambda url, key: [[program, "copyurl", url, f"sink:{key}"]], environment)


def lib_storage(server):
    """A Node implementation as for Lambda: @aws-sdk/lib-storage with its defaults; None without Node."""
    script = tools.node()
    if not script:
        return None
    environment = {"NODE_EXTRA_CA_CERTS": server.ca, "NODE_NO_WARNINGS": "1"}
    return Contender("lib-storage", lambda url, key: [["node", script, url, server.sink, key]], environment)
