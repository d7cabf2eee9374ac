"""Finds the operations that the functions can call, in their sources."""

import re

from routes import SERVICES

# The crate of the SDK for each service, where the name differs.
CRATES = {"events": "eventbridge", "stepfunctions": "sfn"}


def called_operations(root, models):
    """Returns the (service, operation) pairs that the code of the functions calls."""
    from botocore import xform_name

    found = set()
    for manifest in sorted([*root.glob("shared/*/Cargo.toml"), *root.glob("functions/*/Cargo.toml")]):
        dependencies = re.split(r"\[dev-dependencies\]", manifest.read_text())[0]
        for service in SERVICES:
            if not re.search(rf"^aws-sdk-{CRATES.get(service, service)}\b", dependencies, re.MULTILINE):
                continue
            names = {xform_name(name): name for name in models[service].operations}
            text = "\n".join(path.read_text() for path in sorted(manifest.parent.glob("src/**/*.rs")))
            found |= {(service, names[name]) for name in re.findall(r"\.\s*(\w+)\(\)", text) if name in names}
    return found
