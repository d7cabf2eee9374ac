"""Unpacks an archive from S3 to S3 with zipfile and boto3: KEY ENDPOINT bucket/prefix CA.

The archive is downloaded to a temporary file, because zipfile needs to seek. Its files are uploaded directly from it.
"""

import concurrent.futures
import mimetypes
import sys
import tempfile
import zipfile

import boto3

WORKERS = 4

key, endpoint, target, ca = sys.argv[1:]
bucket, _, prefix = target.partition("/")
s3 = boto3.client("s3", endpoint_url=endpoint, verify=ca, region_name="us-east-1")


def upload(archive, info):
    kind = mimetypes.guess_type(info.filename)[0] or "application/octet-stream"
    with archive.open(info) as file:
        s3.upload_fileobj(file, bucket, prefix + info.filename, ExtraArgs={"ContentType": kind})


with tempfile.NamedTemporaryFile() as file:
    s3.download_fileobj(bucket, key, file)
    with zipfile.ZipFile(file) as archive, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        files = [info for info in archive.infolist() if not info.is_dir()]
        list(pool.map(lambda info: upload(archive, info), files))
