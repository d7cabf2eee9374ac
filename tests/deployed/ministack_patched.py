"""Run ministack with patches. cloud.py starts this script instead of ministack's own program.

A multipart upload of type FULL_OBJECT carries the checksum of the complete object. ministack compares it with a checksum
of the parts' checksums, so that it rejects every correct value of every algorithm. It also computes CRC64NVME byte by byte
in Python, at 4 MiB/s.

ministack serves plain HTTP, which policies that require TLS deny, and does not know dynamodb:LeadingKeys.
"""

import contextvars
import json
import sys

from awscrt.checksums import crc64nvme
from ministack import app
from ministack.core import iam_actions
from ministack.services import s3

FULL_OBJECT_CHECKSUM = contextvars.ContextVar("full_object_checksum", default=None)
composite_checksum = s3._composite_checksum
complete_multipart_upload = s3._complete_multipart_upload
pin_request_origin = app.pin_request_origin
dynamodb_service_context = iam_actions.dynamodb_service_context


def composite_or_full_object(algorithm, part_checksums):
    """Return the checksum of the complete object while an upload of that type is completed."""
    return FULL_OBJECT_CHECKSUM.get() or composite_checksum(algorithm, part_checksums)


def complete(bucket, key, body, query, headers=None):
    """Complete an upload. An object of type FULL_OBJECT keeps the checksum of its bytes."""
    upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
    if not upload or (headers or {}).get("x-amz-checksum-type") != "FULL_OBJECT":
        return complete_multipart_upload(bucket, key, body, query, headers)
    parts = [upload["parts"][number]["body"] for number in sorted(upload["parts"])]
    token = FULL_OBJECT_CHECKSUM.set(s3._compute_s3_checksum(upload["checksum_algorithm"], b"".join(parts)))
    try:
        status, response_headers, text = complete_multipart_upload(bucket, key, body, query, headers)
    finally:
        FULL_OBJECT_CHECKSUM.reset(token)
    if status == 200:
        s3._ensure_bucket(bucket)["objects"][key]["checksum_type"] = "FULL_OBJECT"
        text = text.replace(b">COMPOSITE<", b">FULL_OBJECT<")
    return status, response_headers, text


def pin_origin_as_tls(source_ip, _secure):
    """Treat loopback connections as TLS, so that the template's policies apply unchanged."""
    pin_request_origin(source_ip, True)


def with_leading_keys(body):
    """Return the condition keys of a request, with its partition keys as dynamodb:LeadingKeys."""
    context = dynamodb_service_context(body)
    request = json.loads(body or b"{}")
    keys = [found["pk"]["S"] for found in (request.get("Key"), request.get("Item")) if found]
    return context | {"dynamodb:LeadingKeys": keys} if keys else context


app.pin_request_origin = pin_origin_as_tls
iam_actions.dynamodb_service_context = with_leading_keys
s3._crc64nvme = crc64nvme
s3._composite_checksum = composite_or_full_object
s3._complete_multipart_upload = complete

if __name__ == "__main__":
    sys.exit(app.main())
