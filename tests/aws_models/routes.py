"""Finds the service and the operation of a request, from nothing but what is on the wire."""

import re
from urllib.parse import parse_qsl, unquote

from shapes import Model

# The services that the functions call.
SERVICES = ["dynamodb", "events", "lambda", "s3", "secretsmanager", "sqs", "stepfunctions", "sts"]


class Request:
    """A recorded request."""

    def __init__(self, recorded):
        self.method = recorded["method"]
        self.path, _, query = recorded["uri"].partition("?")
        self.query = parse_qsl(query, keep_blank_values=True)
        self.parameters = dict(self.query)
        self.headers = {}
        self.repeated = set()
        for name, value in recorded["headers"]:
            if name in self.headers:
                self.repeated.add(name)
            self.headers[name] = value
        self.body = recorded["body"]

    def credential(self):
        """Returns the service of the signature's scope, or None for a request without a signature."""
        found = re.search(r"Credential=[^/]+/\d{8}/[\w-]+/([\w-]+)/aws4_request", self.headers.get("authorization", ""))
        if found:
            return found[1]
        scope = self.parameters.get("X-Amz-Credential", "").split("/")
        return scope[3] if len(scope) == 5 else None

    def is_presigned(self):
        return "X-Amz-Signature" in self.parameters

    def is_of_the_tests(self):
        """Returns whether the clients of the tests sent it, which say so in their user agent."""
        return "app/landfall-tests" in self.headers.get("user-agent", "")

    def is_of_a_client(self):
        """Returns whether an AWS client sent it. Some tests send requests that no client would send."""
        return self.credential() is not None


def load_models():
    """Returns the models of all services, by name."""
    from botocore.loaders import Loader

    loader = Loader()
    return {name: Model(name, loader.load_service_model(name, "service-2")) for name in SERVICES}


def find_operation(models, request):
    """Returns the model and the name of the operation, or (None, None)."""
    target = request.headers.get("x-amz-target", "")
    for model in models.values():
        prefix = model.metadata.get("targetPrefix")
        if prefix and target.startswith(prefix + "."):
            name = target[len(prefix) + 1 :]
            return (model, name) if name in model.operations else (model, None)
    if target:
        return None, None
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        action = dict(parse_qsl(request.body["text"] or "")).get("Action")
        return (models["sts"], action) if action in models["sts"].operations else (models["sts"], None)
    if re.match(r"/20\d\d-\d\d-\d\d/", request.path):
        return models["lambda"], rest_operation(models["lambda"], request)
    return models["s3"], rest_operation(models["s3"], request)


def rest_operation(model, request):
    """Returns the operation whose URI, and whose required parameters and headers, the request has. The most exact wins."""
    best = (-1, None)
    for name, operation in model.operations.items():
        http = operation["http"]
        path, _, fixed = http["requestUri"].partition("?")
        fixed = dict(parse_qsl(fixed, keep_blank_values=True))
        if http["method"] != request.method or uri_labels(path, request.path) is None:
            continue
        if any(request.parameters.get(key) != value for key, value in fixed.items()):
            continue
        shape = model.structure(operation.get("input"))
        required = [shape["members"][member] for member in shape.get("required", [])]
        parameters = [m["locationName"] for m in required if m.get("location") == "querystring"]
        headers = [m["locationName"].lower() for m in required if m.get("location") == "header"]
        if all(p in request.parameters for p in parameters) and all(h in request.headers for h in headers):
            score = 2 * len(fixed) + len(parameters) + len(headers)
            if score > best[0]:
                best = (score, name)
    return best[1]


def uri_labels(pattern, path):
    """Returns the labels of a URI pattern, decoded, or None if the path does not match."""
    expression = ""
    # `/bucket` and `/bucket/` are the same resource.
    for piece in re.split(r"(\{\w+\+?\})", pattern):
        if piece.startswith("{"):
            name = piece.strip("{}+")
            expression += f"(?P<{name}>.+)" if piece.endswith("+}") else f"(?P<{name}>[^/]+)"
        else:
            expression += re.escape(piece)
    found = re.fullmatch(expression + "/?", path) if "+" not in pattern else re.fullmatch(expression, path)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else None
