#!/usr/bin/env python3
"""Validates recorded AWS requests and responses against the services' own models, which AWS publishes with botocore.

Usage: validate.py FOLDER

FOLDER is the one that LANDFALL_RECORD_AWS named while the tests ran. Exits with 0 if every request is one that the service
accepts, every response is one that the service could send, and every operation that the functions call was recorded.
Needs the packages of requirements.txt. README.md says what is checked.
"""

import collections
import json
import re
import sys
import warnings
from pathlib import Path

import request_rules
import response_rules
import sources
from dynamodb import Table
from routes import Request, find_operation, load_models

ROOT = Path(__file__).resolve().parents[2]
# The CLI signs its requests itself, and invokes only this.
OPERATIONS_OF_THE_CLI = {("lambda", "Invoke")}
EXAMPLES = 3

# Patterns of the models use "[[" as Java reads it.
warnings.filterwarnings("ignore", category=FutureWarning)


class Findings:
    """What is wrong, with examples of each."""

    def __init__(self):
        self.examples = collections.defaultdict(list)

    def add(self, side, model, operation, path, text):
        # The same mistake in several entries of a list is one finding.
        kind = (side, model.name if model else "?", operation or "?", re.sub(r"\[\d+\]", "[]", path))
        self.examples[kind].append(text)

    def __bool__(self):
        return bool(self.examples)

    def print(self):
        for (side, service, operation, path), texts in sorted(self.examples.items()):
            print(f"{side} {service} {operation}: {path} ({len(texts)} times)")
            for text in list(dict.fromkeys(texts))[:EXAMPLES]:
                print(f"    {text[:300]}")


class Judge:
    """Validates exchanges and counts them."""

    def __init__(self, models, table):
        self.models = models
        self.table = table
        self.findings = Findings()
        self.counts = collections.Counter()
        self.by_functions = set()
        self.foreign = 0

    def judge(self, exchange):
        request = Request(exchange["request"])
        is_of_a_client = request.is_of_a_client()
        self.foreign += not is_of_a_client
        model, operation = find_operation(self.models, request)
        if operation is None and not is_of_a_client:
            return
        if operation is None:
            self.findings.add("request", model, None, f"{request.method} {request.path[:60]}", "no operation is like this")
            return
        self.counts[model.name, operation] += 1
        if is_of_a_client and not request.is_of_the_tests():
            self.by_functions.add((model.name, operation))
        # A connection that the tests broke on purpose can end before the request does.
        if is_of_a_client and (request.body["has_ended"] or request.body["is_object"]):
            request_rules.check_request(model, operation, request, self.table, self.reporter("request", model, operation))
        recorded = exchange.get("response")
        if recorded:
            report = self.reporter("response", model, operation)
            response_rules.check_response(model, operation, request, response_rules.Response(recorded), report)

    def reporter(self, side, model, operation):
        return lambda path, text: self.findings.add(side, model, operation, path, text)


def read(folder):
    """Yields the exchanges of a recording. Its processes may have been killed in the middle of a line, but only in the last."""
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except ValueError:
                if number != len(lines):
                    raise ValueError(f"{path}:{number} is not JSON") from None


def main(folder):
    models = load_models()
    judge = Judge(models, Table((ROOT / "template.yaml").read_text()))
    for exchange in read(folder):
        judge.judge(exchange)
    for (service, operation), count in sorted(judge.counts.items()):
        by = "functions" if (service, operation) in judge.by_functions else "tests only"
        print(f"{service:15} {operation:40} {count:6}  {by}")
    print(f"{sum(judge.counts.values())} exchanges, {judge.foreign} of no AWS client")
    judge.findings.print()
    called = sources.called_operations(ROOT, models)
    unseen = sorted(called - judge.by_functions)
    unknown = sorted(judge.by_functions - called - OPERATIONS_OF_THE_CLI)
    for service, operation in unseen:
        print(f"never recorded: {service} {operation}, which the functions call")
    for service, operation in unknown:
        print(f"not found in the sources: {service} {operation}, which a function called")
    if judge.findings or unseen or unknown or not judge.counts:
        print("FAILED: see above" if judge.counts else f"FAILED: {folder} has no recorded exchange")
        return 1
    print(f"{len(called)} operations of the functions are valid")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) if len(sys.argv) == 2 else __doc__)
