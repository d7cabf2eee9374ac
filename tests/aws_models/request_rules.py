"""Judges a request: the wire format of its protocol, its signature, and the input shape of its operation."""

import json
import re
from urllib.parse import parse_qsl, quote, unquote
from xml.etree.ElementTree import ParseError

import documented
import dynamodb
from routes import uri_labels
from shapes import Checker, no_duplicates, parse_timestamp, parse_xml

# Headers that belong to HTTP, to the signature or to the SDKs, for every operation.
COMMON_HEADERS = {
    "accept-encoding", "accept", "amz-sdk-invocation-id", "amz-sdk-request", "authorization", "connection", "content-length",
    "content-type", "expect", "host", "transfer-encoding", "user-agent", "x-amz-content-sha256", "x-amz-date",
    "x-amz-security-token", "x-amz-user-agent", "x-amzn-trace-id",
}  # fmt: skip
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
PRESIGNED_PARAMETERS = {
    "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature",
    "X-Amz-SignedHeaders",
}  # fmt: skip
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
CHUNKED_HEADERS = {"content-encoding", "x-amz-decoded-content-length", "x-amz-trailer"}
S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
CHECKSUMS = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256", "sha512", "md5", "xxhash64", "xxhash3", "xxhash128"]
MAX_PRESIGNED_SECONDS = 604_800


def check_request(model, operation, request, table, report):
    """Reports everything that the service would not accept, or would ignore."""
    shape = model.structure(model.operations[operation].get("input"))
    checker = Checker(model, report)
    allowed = set(COMMON_HEADERS)
    protocol = model.metadata["protocol"]
    for name in request.repeated:
        report(f"header {name}", "is sent twice")
    check_signature(model, request, report)
    if protocol == "json":
        allowed |= {"x-amz-target"} | ({"x-amzn-query-mode"} if "awsQueryCompatible" in model.metadata else set())
        check_json_request(model, operation, request, checker, table)
    elif protocol == "query":
        check_query_request(model, shape, request, checker)
    else:
        allowed |= check_bindings(model, operation, shape, request, checker)
        if "requestAlgorithmMember" in model.operations[operation].get("httpChecksum", {}):
            allowed |= {f"x-amz-checksum-{name}" for name in CHECKSUMS} | {"content-md5"}
        check_rest_body(model, shape, request, checker)
    if model.name == "s3":
        allowed |= CHUNKED_HEADERS if "x-amz-decoded-content-length" in request.headers else set()
        check_s3(model, operation, request, report)
    for name in request.headers:
        if name not in allowed and not (model.name == "s3" and name.startswith("x-amz-meta-")):
            report(f"header {name}", f"{operation} has no such header")


def check_signature(model, request, report):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    scope = request.credential()
    if scope != model.signing_name:
        report("authorization", f"is for the service {scope}, not for {model.signing_name}")
    signed = re.search(r"SignedHeaders=([\w;-]+)", request.headers.get("authorization", ""))
    signed = (signed[1] if signed else request.parameters.get("X-Amz-SignedHeaders", "")).split(";")
    if "host" not in signed or signed != sorted(signed):
        report("authorization", f"the signed headers are not complete and sorted: {signed}")
    for name in request.headers:
        is_to_be_signed = name.startswith("x-amz-") or (name == "content-type" and not request.is_presigned())
        if is_to_be_signed and name not in signed:
            report(f"header {name}", "is not signed")
    if request.is_presigned():
        missing = PRESIGNED_PARAMETERS - set(request.parameters) - {"X-Amz-Security-Token"}
        if missing or request.parameters.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
            report("query", f"a presigned URL needs {sorted(missing) or 'AWS4-HMAC-SHA256'}")
        expires = request.parameters.get("X-Amz-Expires", "")
        if not (expires.isdigit() and 1 <= int(expires) <= MAX_PRESIGNED_SECONDS):
            report("query X-Amz-Expires", f"{expires!r} is not between 1 and {MAX_PRESIGNED_SECONDS}")
    elif not re.fullmatch(r"\d{8}T\d{6}Z", request.headers.get("x-amz-date", "")):
        report("header x-amz-date", "is missing or no basic ISO 8601 time")
    if model.name == "s3" and not request.is_presigned():
        value = request.headers.get("x-amz-content-sha256", "")
        known = {"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}
        if value not in known and not re.fullmatch(r"[0-9a-f]{64}", value):
            report("header x-amz-content-sha256", f"{value!r} is neither a hash nor a documented word")


def parse_json(request, report):
    text = request.body["text"]
    if text is None:
        return report("body", "was not recorded completely")
    try:
        return json.loads(text, object_pairs_hook=no_duplicates)
    except ValueError as error:
        return report("body", f"is not JSON: {error}")


def check_json_request(model, operation, request, checker, table):
    """https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html"""
    expected = f"application/x-amz-json-{model.metadata['jsonVersion']}"
    if request.headers.get("content-type") != expected:
        checker.report("header content-type", f"{request.headers.get('content-type')!r} is not {expected}")
    if (request.method, request.path, request.query) != ("POST", "/", []):
        checker.report("uri", f"{request.method} {request.path} is not POST /")
    document = parse_json(request, checker.report)
    if document is None:
        return
    checker.json(model.structure(model.operations[operation].get("input")), document, "input")
    if isinstance(document, dict):
        documented.check_request(model.name, operation, document, checker.report)
        if model.name == "dynamodb":
            dynamodb.check(operation, document, table, checker.report)


def check_query_request(model, shape, request, checker):
    """https://smithy.io/2.0/aws/protocols/aws-query-protocol.html; only members that are text."""
    fields = parse_qsl(request.body["text"] or "", keep_blank_values=True, strict_parsing=True)
    values = dict(fields)
    if len(values) != len(fields):
        checker.report("body", "a parameter appears twice")
    if values.pop("Version", None) != model.metadata["apiVersion"]:
        checker.report("body.Version", f"is not {model.metadata['apiVersion']}")
    values.pop("Action", None)
    for name, value in values.items():
        if name not in shape["members"]:
            checker.report(f"input.{name}", "the model has no such member")
        else:
            checker.text(model.resolve(shape["members"][name]), value, f"input.{name}")
    checker.required(shape, set(values), "input")


def check_bindings(model, operation, shape, request, checker):
    """Checks path, query and headers. Returns the names of the headers that the operation has."""
    http = model.operations[operation]["http"]
    path, _, fixed = http["requestUri"].partition("?")
    labels = uri_labels(path, request.path) or {}
    parameters = dict(parse_qsl(fixed, keep_blank_values=True))
    known = {"x-id"} | set(parameters) | (PRESIGNED_PARAMETERS if request.is_presigned() else set())
    if request.parameters.get("x-id", operation) != operation:
        checker.report("query x-id", f"{request.parameters['x-id']} is not {operation}")
    headers = set()
    for name, reference in shape["members"].items():
        location, wire = reference.get("location"), reference.get("locationName", name)
        target = model.resolve(reference)
        if location == "uri":
            value = labels.get(wire)
        elif location == "querystring":
            known.add(wire)
            value = request.parameters.get(wire)
        elif location == "header":
            headers.add(wire.lower())
            value = request.headers.get(wire.lower())
        else:
            continue
        if value is None:
            if name in shape.get("required", []):
                checker.report(f"input.{name}", "a required member is missing")
        else:
            checker.text(target, value, f"input.{name}", "header" if location == "header" else "query")
    for name in request.parameters:
        if name not in known:
            checker.report(f"query {name}", f"{operation} has no such parameter")
    if len(request.query) != len(request.parameters):
        checker.report("query", "a parameter is sent twice")
    check_path_encoding(request, checker.report)
    return headers


def check_path_encoding(request, report):
    """The path is encoded once, as the signature has it:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    expected = "/".join(quote(unquote(segment), safe="-_.~") for segment in request.path.split("/"))
    if expected != request.path:
        report("path", f"{request.path} is not encoded as {expected}")


def check_rest_body(model, shape, request, checker):
    """Checks the body: the payload member, the members of a document, or nothing."""
    payload = shape.get("payload")
    target = model.resolve(shape["members"][payload]) if payload else None
    body = [name for name, member in shape["members"].items() if "location" not in member]
    if target and target["type"] in ("blob", "string"):
        return
    if not body:
        if request.body["length"]:
            checker.report("body", f"{request.body['length']} bytes, where the operation has no body")
        return
    if not request.body["length"]:
        if payload in shape.get("required", []):
            checker.report("body", "is missing")
        return
    if model.metadata["protocol"] == "rest-json":
        document = parse_json(request, checker.report)
        if document is not None:
            checker.json(target or shape, document, "input")
    else:
        check_xml_body(model, shape["members"][payload], target, request, checker)


def check_xml_body(model, reference, target, request, checker):
    try:
        root, namespace = parse_xml(request.body["text"] or "")
    except ParseError as error:
        return checker.report("body", f"is not XML: {error}")
    expected = reference.get("locationName") or reference["shape"]
    if root.tag != expected or namespace != S3_NAMESPACE:
        checker.report("body", f"the root is {root.tag} in {namespace}, not {expected} in {S3_NAMESPACE}")
    checker.xml(target, root, "input")


def check_s3(model, operation, request, report):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html"""
    sent = [name for name in CHECKSUMS if f"x-amz-checksum-{name}" in request.headers]
    if len(sent) > 1:
        report("headers", f"more than one checksum: {sent}")
    chosen = request.headers.get("x-amz-sdk-checksum-algorithm", "").lower()
    trailer = request.headers.get("x-amz-trailer", "")
    if chosen and chosen not in sent and trailer != f"x-amz-checksum-{chosen}":
        report("header x-amz-sdk-checksum-algorithm", f"no checksum of the algorithm {chosen} is sent")
    required = model.operations[operation].get("httpChecksum", {}).get("requestChecksumRequired")
    if required and not sent and not trailer and "content-md5" not in request.headers:
        report("headers", f"{operation} needs a checksum")
    if operation in ("PutObject", "UploadPart"):
        length = request.headers.get("content-length", request.headers.get("x-amz-decoded-content-length"))
        if length is None:
            report("header content-length", "is missing, and S3 accepts no transfer of unknown length")
        elif request.body["has_ended"] and int(length) != request.body["length"] and not trailer:
            report("body", f"{request.body['length']} bytes, not the {length} of the header")
    number = request.parameters.get("partNumber", "")
    if number.isdigit() and not 1 <= int(number) <= 10_000:
        report("query partNumber", f"{number} is not between 1 and 10,000")
    check_conditions(operation, request, report)


def check_conditions(operation, request, report):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
    is_write = operation in ("PutObject", "CompleteMultipartUpload", "CopyObject")
    condition = request.headers.get("if-none-match")
    if is_write and condition not in (None, "*"):
        report("header if-none-match", f"{condition!r} is not *")
    if is_write and condition and "if-match" in request.headers:
        report("header if-match", "cannot be combined with if-none-match")
    if "range" in request.headers and not re.fullmatch(r"bytes=(\d+-\d*|-\d+)", request.headers["range"]):
        report("header range", f"{request.headers['range']!r} is not one range of bytes")
    for name in ("if-modified-since", "if-unmodified-since"):
        if name in request.headers and not parse_timestamp(request.headers[name], "rfc822"):
            report(f"header {name}", "is no HTTP date")
