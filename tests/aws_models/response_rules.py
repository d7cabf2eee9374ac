"""Judges a response of the embedded cloud: what AWS would send for the same operation."""

import json
import re
from xml.etree.ElementTree import ParseError

import documented
from shapes import Checker, no_duplicates, parse_xml

# Headers that any HTTP server may send.
COMMON_HEADERS = {"connection", "content-length", "content-type", "date", "server", "transfer-encoding", "x-amzn-requestid",
                  "x-amz-crc32", "x-amzn-query-error", "x-amzn-errortype"}  # fmt: skip


class Response:
    """A recorded response."""

    def __init__(self, recorded):
        self.status = recorded["status"]
        self.headers = dict(recorded["headers"])
        self.body = recorded["body"]


def check_response(model, operation, request, response, report_all):
    """Reports everything that AWS would not send."""

    def report(path, text):
        if not documented.is_allowed_in_responses(model.name, operation, path):
            report_all(path, text)

    protocol = model.metadata["protocol"]
    checker = Checker(model, report)
    if model.name == "s3":
        for name in sorted(documented.S3_RESPONSE_HEADERS - set(response.headers)):
            report(f"header {name}", "is missing")
    elif "x-amzn-requestid" not in response.headers:
        report("header x-amzn-requestid", "is missing")
    if response.status >= 300:
        check = {"json": json_error, "rest-json": rest_json_error, "query": query_error, "rest-xml": s3_error}[protocol]
        return check(model, operation, request, response, checker)
    output = model.operations[operation].get("output")
    shape = model.structure(output)
    check_status(model, operation, shape, request, response, report)
    if protocol == "json":
        present = json_output(model, output, shape, response, checker)
    elif protocol == "query":
        present = query_output(model, operation, shape, response, checker)
    else:
        present = rest_output(model, operation, shape, request, response, checker)
    for name in documented.ALWAYS_ANSWERED.get((model.name, operation), []):
        if name not in present:
            report(f"output.{name}", "AWS always sends it")


def check_status(model, operation, shape, request, response, report):
    expected = {model.operations[operation]["http"].get("responseCode", 200)}
    if any(member.get("location") == "statusCode" for member in shape["members"].values()):
        # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        expected = {{"RequestResponse": 200, "Event": 202, "DryRun": 204}.get(kind)}
    if operation == "GetObject" and "range" in request.headers:
        expected = {206}
    if response.status not in expected:
        report("status", f"{response.status} is not {sorted(expected)}")


def content_type(response, expected, report):
    actual = response.headers.get("content-type", "")
    if actual.split(";")[0] != expected:
        report("header content-type", f"{actual!r} is not {expected}")


def load(response, report):
    text = response.body["text"]
    if text is None:
        if response.body["has_ended"]:
            report("body", "was not recorded completely")
        return None
    try:
        return json.loads(text, object_pairs_hook=no_duplicates) if text else {}
    except ValueError as error:
        return report("body", f"is not JSON: {error}")


def json_output(model, output, shape, response, checker):
    content_type(response, f"application/x-amz-json-{model.metadata['jsonVersion']}", checker.report)
    document = load(response, checker.report)
    if document is None:
        return set(shape["members"])
    if output or document:
        checker.json(shape, document, "output")
    return set(document)


def error_shape(model, operation, code):
    """Returns the shape of an error of the operation, or None."""
    for error in model.operations[operation].get("errors", []):
        shape = model.shapes[error["shape"]]
        if code in (error["shape"], shape.get("error", {}).get("code")):
            return shape
    return None


def with_message(shape):
    """Returns the shape of an error with a message, which every error has:
    https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization"""
    if any(name.lower() == "message" for name in shape["members"]):
        return shape
    return {**shape, "members": {**shape["members"], "message": {"shape": "String"}}}


def check_error(model, operation, code, status, report):
    """Checks that the operation has the error, and its status. Returns the error's shape, if the model has one."""
    shape = error_shape(model, operation, code)
    if shape is not None:
        default = 500 if shape.get("fault") else 400
        expected = {shape.get("error", {}).get("httpStatusCode", default)}
    else:
        expected = documented.SERVICE_ERRORS.get(model.name, {}).get(code) or documented.COMMON_ERRORS.get(code)
    if expected is None:
        report("error", f"{operation} has no error {code}")
    elif status not in expected:
        report("status", f"{status} of {code} is not {sorted(expected)}")
    return shape


def json_error(model, operation, _request, response, checker):
    """https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization"""
    content_type(response, f"application/x-amz-json-{model.metadata['jsonVersion']}", checker.report)
    document = load(response, checker.report)
    if not isinstance(document, dict) or "__type" not in document:
        return checker.report("body.__type", "an error needs its type")
    code = document.pop("__type").split("#")[-1]
    shape = check_error(model, operation, code, response.status, checker.report)
    if shape:
        checker.json(with_message(shape), document, "error")
    elif set(document) - {"message", "Message"} or len(document) > 1:
        checker.report("error", f"unknown members: {sorted(document)}")
    if "awsQueryCompatible" in model.metadata:
        # https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
        value = response.headers.get("x-amzn-query-error", "")
        sides = "Sender" if response.status < 500 else "Receiver"
        if not re.fullmatch(rf"[\w.]+;{sides}", value):
            checker.report("header x-amzn-query-error", f"{value!r} is not a code and {sides}")


def rest_json_error(model, operation, _request, response, checker):
    content_type(response, "application/json", checker.report)
    code = response.headers.get("x-amzn-errortype", "").split(":")[0]
    shape = check_error(model, operation, code, response.status, checker.report)
    document = load(response, checker.report)
    if shape and document is not None:
        checker.json(shape, document, "error")


def query_error(model, operation, _request, response, checker):
    """https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#operation-error-serialization"""
    content_type(response, "text/xml", checker.report)
    root, namespace = parse_xml(response.body["text"])
    if root.tag != "ErrorResponse" or namespace != model.metadata["xmlNamespace"]:
        checker.report("body", f"the root is {root.tag} in {namespace}")
    if root.find("RequestId") is None:
        checker.report("body.RequestId", "is missing")
    if root.findtext("Error/Type") not in ("Sender", "Receiver") or root.find("Error/Message") is None:
        checker.report("body.Error", "type and message are missing")
    check_error(model, operation, root.findtext("Error/Code"), response.status, checker.report)


def query_output(model, operation, shape, response, checker):
    content_type(response, "text/xml", checker.report)
    root, namespace = parse_xml(response.body["text"])
    if root.tag != f"{operation}Response" or namespace != model.metadata["xmlNamespace"]:
        checker.report("body", f"the root is {root.tag} in {namespace}")
    if root.findtext("ResponseMetadata/RequestId") is None:
        checker.report("body.ResponseMetadata.RequestId", "is missing")
    result = root.find(f"{operation}Result")
    if result is None:
        checker.report(f"body.{operation}Result", "is missing")
        return set()
    checker.xml(shape, result, "output")
    return {child.tag for child in result}


def s3_error(model, operation, request, response, checker):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses"""
    known = documented.s3_errors(model)
    if request.method == "HEAD" or response.status == 304:
        # A response to HEAD has no body, so the status is all there is.
        if response.body["length"]:
            checker.report("body", "a response to HEAD has none")
        if response.status not in set().union(*known.values()):
            checker.report("status", f"no error of S3 has {response.status}")
        return
    content_type(response, "application/xml", checker.report)
    try:
        root, namespace = parse_xml(response.body["text"] or "")
    except ParseError as error:
        return checker.report("body", f"is not XML: {error}")
    if root.tag != "Error" or namespace is not None:
        checker.report("body", f"the root is {root.tag} in {namespace}")
    code = root.findtext("Code")
    if code not in known:
        checker.report("error", f"S3 has no error {code}")
    elif response.status not in known[code]:
        checker.report("status", f"{response.status} of {code} is not {sorted(known[code])}")
    for name in ("Message", "RequestId", "HostId"):
        if root.find(name) is None:
            checker.report(f"body.{name}", "is missing")


def rest_output(model, operation, shape, request, response, checker):
    """Checks headers and body. Returns the members that are present."""
    present, known = set(), set(COMMON_HEADERS) | (documented.S3_RESPONSE_HEADERS if model.name == "s3" else set())
    for name, reference in shape["members"].items():
        if reference.get("location") == "header":
            wire = reference["locationName"].lower()
            known.add(wire)
            if wire in response.headers:
                present.add(name)
                checker.text(model.resolve(reference), response.headers[wire], f"output.{name}", "header")
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    known |= {"content-range", "accept-ranges", "etag", "last-modified"} if operation in ("GetObject", "HeadObject") else set()
    for name in response.headers:
        if name not in known and not (model.name == "s3" and name.startswith("x-amz-meta-")):
            checker.report(f"header {name}", f"{operation} sends no such header")
    if "etag" in response.headers and not re.fullmatch(r'"[^"]+"', response.headers["etag"]):
        checker.report("header etag", f"{response.headers['etag']} is not quoted")
    if response.status == 206:
        check_range(request, response, checker.report)
    return present | rest_body(model, operation, shape, request, response, checker)


def check_range(request, response, report):
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("content-range", ""))
    if not found:
        return report("header content-range", "is missing or malformed")
    start, end, size = (int(number) for number in found.groups())
    if not start <= end < size or response.headers.get("content-length") not in (None, str(end - start + 1)):
        report("header content-range", f"{found[0]} does not match content-length {response.headers.get('content-length')}")


def rest_body(model, operation, shape, request, response, checker):
    payload = shape.get("payload")
    members = [name for name, member in shape["members"].items() if "location" not in member]
    if payload and model.resolve(shape["members"][payload])["type"] in ("blob", "string"):
        return {payload}
    if request.method == "HEAD" or not members:
        if response.body["length"]:
            checker.report("body", f"{operation} has none")
        return set()
    if model.metadata["protocol"] == "rest-json":
        document = load(response, checker.report)
        checker.json(shape, document or {}, "output")
        return set(document or {})
    content_type(response, "application/xml", checker.report)
    try:
        root, namespace = parse_xml(response.body["text"] or "")
    except ParseError as error:
        checker.report("body", f"is not XML: {error}")
        return set()
    if namespace != "http://s3.amazonaws.com/doc/2006-03-01/":
        checker.report("body", f"the namespace is {namespace}")
    checker.xml(model.resolve(shape["members"][payload]) if payload else shape, root, "output")
    return {child.tag for child in root}
