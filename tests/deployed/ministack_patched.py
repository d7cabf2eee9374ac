"""ministack with what it gets wrong put right; cloud.py starts this instead of the program itself.

A multipart upload of type FULL_OBJECT carries the checksum of the whole object. ministack compares it with a checksum
of the parts' checksums, so that every correct value is refused, whatever the algorithm. It also computes CRC64NVME
byte by byte in Python, at 4 MiB/s.

It speaks plain http, which policies that demand TLS refuse, and knows no dynamodb:LeadingKeys.
"""

import contextvars
import json
import sys

from awscrt.checksums import crc64nvme
from ministack import app
from ministack.core import iam_actions
from ministack.services import s3

WHOLE = contextvars.ContextVar("whole", default=None)
composite_checksum = s3._composite_checksum
complete_multipart_upload = s3._complete_multipart_upload
pin_request_origin = app.pin_request_origin
dynamodb_service_context = iam_actions.dynamodb_service_context


def composite_or_whole(algorithm, part_checksums):
    """The checksum of the whole while an upload of that type is being completed."""
    return WHOLE.get() or composite_checksum(algorithm, part_checksums)


def complete(bucket, key, body, query, headers=None):
    """Complete an upload; the object of a FULL_OBJECT one keeps the checksum of its bytes."""
    upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
    if not upload or (headers or {}).get("x-amz-checksum-type") != "FULL_OBJECT":
        return complete_multipart_upload(bucket, key, body, query, headers)
    parts = [upload["parts"][number]["body"] for number in sorted(upload["parts"])]
    token = WHOLE.set(s3._compute_s3_checksum(upload["checksum_algorithm"], b"".join(parts)))
    try:
        status, answered, text = complete_multipart_upload(bucket, key, body, query, headers)
    finally:
        WHOLE.reset(token)
    if status == 200:
        s3._ensure_bucket(bucket)["objects"][key]["checksum_type"] = "FULL_OBJECT"
        text = text.replace(b">COMPOSITE<", b">FULL_OBJECT<")
    return status, answered, text


def as_if_by_tls(source_ip, _secure):
    """Loopback stands for TLS, so that the template's policies may stay as they are."""
    pin_request_origin(source_ip, True)


def with_leading_keys(body):
    """The condition keys of a request with dynamodb:LeadingKeys, the partition keys that it names."""
    context = dynamodb_service_context(body)
    request = json.loads(body or b"{}")
    keys = [found["pk"]["S"] for found in (request.get("Key"), request.get("Item")) if found]
    return context | {"dynamodb:LeadingKeys": keys} if keys else context


app.pin_request_origin = as_if_by_tls
iam_actions.dynamodb_service_context = with_leading_keys
s3._crc64nvme = crc64nvme
s3._composite_checksum = composite_or_whole
s3._complete_multipart_upload = complete

if __name__ == "__main__":
    sys.exit(app.main())
