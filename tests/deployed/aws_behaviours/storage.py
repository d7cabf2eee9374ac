"""S3."""

import base64
import socket
import ssl
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from .observation import error_code, random_name

PART_BYTES = 5 * 1024 * 1024
RACES = 200
IDLE_SECONDS = 60


def key(purpose):
    """Return a key that no other run uses."""
    return f"aws-behaviours/{random_name(purpose)}"


def crc32(content):
    """Return the CRC32 of some bytes as S3 writes it."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def crc64nvme(content):
    """Return the CRC64NVME of some bytes as S3 writes it."""
    from awscrt import checksums

    return base64.b64encode(checksums.crc64nvme(content).to_bytes(8, "big")).decode()


def upload_parts_without_checksums(stack, algorithm, checksum):
    """Complete an upload of two parts that carry no checksum with the checksum of the whole object."""
    s3, target = stack.client("s3"), {"Bucket": stack["bucket"], "Key": key("parts")}
    parts = [b"a" * PART_BYTES, b"the end"]
    created = s3.create_multipart_upload(**target, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    target_upload = target | {"UploadId": created["UploadId"]}
    try:
        tags = [s3.upload_part(**target_upload, PartNumber=i, Body=part)["ETag"] for i, part in enumerate(parts, 1)]
        listed = {"Parts": [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]}
        whole = {f"Checksum{algorithm}": checksum(b"".join(parts)), "ChecksumType": "FULL_OBJECT"}
        code = error_code(s3.complete_multipart_upload, **target_upload, **whole, MultipartUpload=listed)
    finally:
        error_code(s3.abort_multipart_upload, **target_upload)
        s3.delete_object(**target)
    return code or "completed", code is None


def parts_need_no_checksum_with_crc64nvme(stack):
    """Parts of an upload with a full-object CRC64NVME need no checksum of their own."""
    return upload_parts_without_checksums(stack, "CRC64NVME", crc64nvme)


def parts_need_no_checksum_with_crc32(stack):
    """Parts of an upload with a full-object CRC32 need no checksum of their own."""
    return upload_parts_without_checksums(stack, "CRC32", crc32)


def a_conditional_write_that_races_a_delete(stack):
    """A conditional write that races a delete succeeds or fails with 412 or 409 ConditionalRequestConflict."""
    s3, target = stack.client("s3"), {"Bucket": stack["bucket"], "Key": key("race")}

    def write(_):
        return error_code(s3.put_object, **target, Body=b"x", IfNoneMatch="*")

    def delete(_):
        return error_code(s3.delete_object, **target)

    with ThreadPoolExecutor(16) as executor:
        deletes = executor.map(delete, range(RACES))
        codes = list(executor.map(write, range(RACES)))
        list(deletes)
    s3.delete_object(**target)
    counts = {str(code): codes.count(code) for code in sorted(set(codes), key=str)}
    return counts, set(counts) <= {"None", "PreconditionFailed", "ConditionalRequestConflict"}


def an_idle_body_is_ended(stack):
    """S3 ends a request whose body is idle with RequestTimeout, later than Landfall gives up a silent source (15 s)."""
    s3, target = stack.client("s3", signature_version="s3v4"), {"Bucket": stack["bucket"], "Key": key("idle")}
    url = urlsplit(s3.generate_presigned_url("put_object", Params=target))
    port = url.port or (443 if url.scheme == "https" else 80)
    connection = socket.create_connection((url.hostname, port), timeout=IDLE_SECONDS)
    if url.scheme == "https":
        connection = ssl.create_default_context().wrap_socket(connection, server_hostname=url.hostname)
    with connection:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 500)
        began = time.monotonic()
        try:
            answer = connection.recv(4096).decode(errors="replace")
        except TimeoutError:
            return f"no answer within {IDLE_SECONDS} s", False
    after = time.monotonic() - began
    return f"after {after:.0f} s: {answer.splitlines()[0] if answer else 'closed'}", after > 15
