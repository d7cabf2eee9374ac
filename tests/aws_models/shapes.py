"""Checks values against the shapes of a botocore model: members, types, lengths, ranges, patterns and enumerations."""

import base64
import binascii
import datetime
import email.utils
import re
import xml.etree.ElementTree as ElementTree

STRINGS = {"string", "character"}
WHOLE_NUMBERS = {"integer", "long"}
NUMBERS = {"float", "double"}


class Model:
    """One service: its operations and shapes."""

    def __init__(self, name, document):
        self.name = name
        self.metadata = document["metadata"]
        self.operations = document["operations"]
        self.shapes = document["shapes"]
        self.signing_name = self.metadata.get("signingName") or self.metadata["endpointPrefix"]

    def resolve(self, reference):
        """Returns the shape that a member, input or output refers to; its own traits take precedence."""
        return {**self.shapes[reference["shape"]], **{k: v for k, v in reference.items() if k != "documentation"}}

    def structure(self, reference):
        """Returns the shape of an input or output, which is empty if the operation has none."""
        return self.resolve(reference) if reference else {"type": "structure", "members": {}}


def parse_timestamp(text, form):
    """Returns whether the text is a timestamp of that format."""
    try:
        if form == "iso8601":
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
                return False
            datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        elif form == "rfc822":
            if not re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", text):
                return False
            return email.utils.parsedate_to_datetime(text).strftime("%a") == text[:3]
        else:
            float(text)
    except ValueError:
        return False
    return True


def is_base64(text):
    """Returns the decoded bytes, or None if the text is not base64 with its padding."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


class Checker:
    """Collects what is wrong with one document."""

    def __init__(self, model, report):
        self.model = model
        self.report = report

    def bounds(self, shape, size, path, what):
        if "min" in shape and size < shape["min"]:
            self.report(path, f"{what} {size} is below the minimum {shape['min']}")
        if "max" in shape and size > shape["max"]:
            self.report(path, f"{what} {size} is above the maximum {shape['max']}")

    def string(self, shape, value, path):
        self.bounds(shape, len(value), path, "length")
        if "enum" in shape and value not in shape["enum"]:
            self.report(path, f"{value!r} is none of the values {shape['enum'][:8]}")
        if "pattern" in shape and not matches(shape["pattern"], value):
            self.report(path, f"{value[:60]!r} does not match the pattern {shape['pattern']}")

    def text(self, shape, value, path, location="body"):
        """Checks a value that is written as text: in a header, a URI or an XML document."""
        kind = shape["type"]
        if kind in STRINGS:
            self.string(shape, value, path)
        elif kind in WHOLE_NUMBERS:
            if not re.fullmatch(r"-?\d+", value):
                return self.report(path, f"{value!r} is not a whole number")
            self.bounds(shape, int(value), path, "value")
            self.width(kind, int(value), path)
        elif kind in NUMBERS:
            try:
                self.bounds(shape, float(value), path, "value")
            except ValueError:
                self.report(path, f"{value!r} is not a number")
        elif kind == "boolean":
            if value not in ("true", "false"):
                self.report(path, f"{value!r} is neither true nor false")
        elif kind == "timestamp":
            form = shape.get("timestampFormat") or ("rfc822" if location == "header" else "iso8601")
            if not parse_timestamp(value, form):
                self.report(path, f"{value!r} is not a timestamp of the format {form}")
        elif kind == "blob":
            decoded = is_base64(value)
            if decoded is None:
                return self.report(path, "is not base64")
            self.bounds(shape, len(decoded), path, "length")
        elif kind == "list":
            member = self.model.resolve(shape["member"])
            for item in value.split(","):
                self.text(member, item.strip(), path, location)
        else:
            self.report(path, f"text cannot be of the type {kind}")

    def width(self, kind, value, path):
        bits = 31 if kind == "integer" else 63
        if not -(2**bits) <= value < 2**bits:
            self.report(path, f"{value} does not fit the type {kind}")

    def json(self, shape, value, path):
        """Checks a value of a JSON document."""
        kind = shape["type"]
        if kind == "structure":
            return self.json_structure(shape, value, path)
        if kind == "list":
            if not isinstance(value, list):
                return self.report(path, f"is not a list but {type(value).__name__}")
            self.bounds(shape, len(value), path, "number of entries")
            member = self.model.resolve(shape["member"])
            for index, item in enumerate(value):
                self.json(member, item, f"{path}[{index}]")
        elif kind == "map":
            if not isinstance(value, dict):
                return self.report(path, f"is not a map but {type(value).__name__}")
            self.bounds(shape, len(value), path, "number of entries")
            names, member = self.model.resolve(shape["key"]), self.model.resolve(shape["value"])
            for name, item in value.items():
                self.string(names, name, f"{path}<{name[:40]}>")
                self.json(member, item, f"{path}.{name[:40]}")
        else:
            self.json_scalar(shape, value, path)

    def json_scalar(self, shape, value, path):
        kind = shape["type"]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if kind in STRINGS and isinstance(value, str):
            self.string(shape, value, path)
        elif kind in WHOLE_NUMBERS and isinstance(value, int) and is_number:
            self.bounds(shape, value, path, "value")
            self.width(kind, value, path)
        elif kind in NUMBERS and is_number:
            self.bounds(shape, value, path, "value")
        elif kind == "boolean" and isinstance(value, bool):
            pass
        elif kind == "timestamp" and (is_number or shape.get("timestampFormat")):
            if not is_number:
                self.text(shape, value, path)
        elif kind == "blob" and isinstance(value, str):
            self.text(shape, value, path)
        else:
            self.report(path, f"{type(value).__name__} is not of the type {kind}")

    def json_structure(self, shape, value, path):
        if not isinstance(value, dict):
            return self.report(path, f"is not a structure but {type(value).__name__}")
        members = {m.get("locationName", name): (name, m) for name, m in shape["members"].items() if "location" not in m}
        for name, item in value.items():
            if name not in members:
                self.report(f"{path}.{name}", "the model has no such member")
            elif item is None:
                self.report(f"{path}.{name}", "is null")
            else:
                self.json(self.model.resolve(members[name][1]), item, f"{path}.{name}")
        self.required(shape, {members[name][0] for name in value if name in members}, path)
        if shape.get("union") and len(value) != 1:
            self.report(path, f"a union needs exactly one member, not {sorted(value)}")

    def required(self, shape, present, path):
        for name in shape.get("required", []):
            if name not in present and "location" not in shape["members"][name]:
                self.report(f"{path}.{name}", "a required member is missing")

    def xml(self, shape, element, path):
        """Checks an element of an XML document, whose namespace is removed."""
        kind = shape["type"]
        if kind == "structure":
            self.xml_structure(shape, element, path)
        elif kind == "list":
            member = self.model.resolve(shape["member"])
            name = shape["member"].get("locationName", "member")
            self.bounds(shape, len(element), path, "number of entries")
            for index, item in enumerate(element):
                if item.tag != name:
                    self.report(f"{path}.{item.tag}", f"an entry is not named {name}")
                self.xml(member, item, f"{path}[{index}]")
        elif len(element):
            self.report(path, f"an element with children is not of the type {kind}")
        else:
            self.text(shape, element.text or "", path)

    def xml_structure(self, shape, element, path):
        members = {}
        for name, reference in shape["members"].items():
            if "location" in reference:
                continue
            target = self.model.resolve(reference)
            is_flat = target["type"] == "list" and (target.get("flattened") or reference.get("flattened"))
            entry = target["member"].get("locationName") if is_flat else None
            members[reference.get("locationName") or entry or name] = (name, target, is_flat)
        present, counts = set(), {}
        for child in element:
            if child.tag not in members:
                self.report(f"{path}.{child.tag}", "the model has no such member")
                continue
            name, target, is_flat = members[child.tag]
            present.add(name)
            counts[name] = counts.get(name, 0) + 1
            if not is_flat and counts[name] > 1:
                self.report(f"{path}.{child.tag}", "appears more than once")
            self.xml(self.model.resolve(target["member"]) if is_flat else target, child, f"{path}.{child.tag}")
        for name, target, is_flat in members.values():
            if is_flat and name in present:
                self.bounds(target, counts[name], f"{path}.{name}", "number of entries")
        if (element.text or "").strip():
            self.report(path, "text where only elements may be")
        self.required(shape, present, path)


def matches(pattern, value):
    """Returns whether the complete value matches a pattern of a model, which has the syntax of Java."""
    pattern = pattern.replace("\\p{L}", "[^\\W\\d_]").replace("\\p{N}", "\\d").replace("\\p{Z}", "\\s")
    pattern = re.sub(r"\\p\{(\w+)\}", "", pattern)
    return re.fullmatch(pattern, value, re.DOTALL) is not None


def parse_xml(text):
    """Returns the root element without namespaces, and its namespace."""
    root = ElementTree.fromstring(text)
    namespace = root.tag[1:].split("}")[0] if root.tag.startswith("{") else None
    for element in root.iter():
        element.tag = element.tag.split("}")[-1]
    return root, namespace


def no_duplicates(pairs):
    """Makes an object of a JSON document. A name that appears twice is an error."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a member appears twice: {sorted(names)}")
    return dict(pairs)
