"""Copies a URL to an S3 object with requests and boto3: URL ENDPOINT bucket/key CA."""

import sys

import boto3
import requests

url, endpoint, target, ca = sys.argv[1:]
bucket, _, key = target.partition("/")
response = requests.get(url, stream=True, verify=ca)
response.raise_for_status()
boto3.client("s3", endpoint_url=endpoint, verify=ca, region_name="us-east-1").upload_fileobj(response.raw, bucket, key)
