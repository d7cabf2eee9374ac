#!/usr/bin/env python3
"""Computes what a stack costs, for docs/deploy.md. Needs Python 3.9 or later and nothing else.

prices.csv has the prices, each with its date and source. usage.csv has the counts, each measured, computed from measurements,
or assumed. The number of alarms, queues, secrets and metrics comes from template.yaml and shared/runtime/src/metrics.rs.

    docs/cost/cost.py                        prints the tables
    docs/cost/cost.py --prices mine.csv      with your own prices; --usage likewise
    docs/cost/cost.py --write                writes the tables into docs/deploy.md
    docs/cost/cost.py --check                fails if docs/deploy.md differs, or an idle stack costs five dollars or more
"""

import argparse
import csv
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "docs" / "deploy.md"
MAX_IDLE_USD = 5.0
JOBS = 1000
KINDS = {"export": "Export of 6 banners", "generation": "Generation of 6 files", "image": "Image", "video": "Video"}
# The metrics that a sweep without jobs emits.
IDLE_METRICS = {"JobsSwept", "OldestActiveJobSeconds"}
# The free tier covers dashboards of at most so many metrics.
FREE_DASHBOARD_METRICS = 50
# The price of an operation.
PRICE_OF_OPERATION = {
    "S3 GetObject": "S3 GET requests",
    "S3 HeadObject": "S3 GET requests",
    "S3 CompleteMultipartUpload": "S3 PUT requests",
    "S3 CreateMultipartUpload": "S3 PUT requests",
    "S3 ListMultipartUploads": "S3 PUT requests",
    "S3 PutObject": "S3 PUT requests",
    "S3 UploadPart": "S3 PUT requests",
    "SQS ChangeMessageVisibility": "SQS requests",
    "SQS DeleteMessage": "SQS requests",
    "SQS ReceiveMessage": "SQS requests",
    "SQS SendMessage": "SQS requests",
    "Secrets Manager GetSecretValue": "Secrets Manager requests",
}


class Prices:
    """The price table."""

    def __init__(self, path):
        with open(path, newline="", encoding="utf-8") as file:
            self.rows = {row["item"]: row for row in csv.DictReader(file)}

    def list_price(self, item, quantity):
        row = self.rows[item]
        return quantity * float(row["usd"]) / float(row["per"])

    def after_free_tier(self, item, quantity):
        return self.list_price(item, max(0.0, quantity - float(self.rows[item]["free_per_month"])))


class Usage:
    """The table of counts."""

    def __init__(self, path):
        with open(path, newline="", encoding="utf-8") as file:
            self.rows = list(csv.DictReader(file))

    def of(self, scope):
        return {row["item"]: float(row["quantity"]) for row in self.rows if row["scope"] == scope}

    def is_assumed(self, scope, item):
        return any(r["basis"] == "assumed" for r in self.rows if (r["scope"], r["item"]) == (scope, item))


class Template:
    """What template.yaml and the list of metrics determine."""

    def __init__(self):
        text = (ROOT / "template.yaml").read_text(encoding="utf-8")
        self.text = text
        self.alarms = self.count("AWS::CloudWatch::Alarm")
        self.secrets = self.count("AWS::SecretsManager::Secret")
        self.metric_filters = self.count("AWS::Logs::MetricFilter")
        self.polled_queues = len(re.findall(r"^ +Type: SQS\n +Properties:$", text, re.M))
        self.sweep_minutes = int(re.search(r"ScheduleExpression: rate\((\d+) minutes?\)", text)[1])
        self.landing_memory = int(self.default_of("LandingMemory"))
        self.watch = self.default_of("Watch")
        dashboard = text.split("DashboardBody:")[1].split("Type: AWS::CloudWatch::Alarm")[0]
        self.dashboard_metrics = len(re.findall(r'^ +\["', dashboard, re.M))
        listed = (ROOT / "shared/runtime/src/metrics.rs").read_text(encoding="utf-8")
        self.metrics = re.findall(r'^    (metric|with_alarm)\("(\w+)"', listed, re.M)

    def count(self, kind):
        return len(re.findall(rf"^    Type: {kind}$", self.text, re.M))

    def default_of(self, parameter):
        block = self.text.split(f"\n  {parameter}:\n    Type:", 1)[1]
        return re.search(r'^    Default: "?([^"\n]*)', block, re.M)[1]

    def published(self, watch, idle):
        """The number of custom metrics that CloudWatch bills at most."""
        if watch == "none":
            return 0
        names = [name for kind, name in self.metrics if watch == "all" or kind == "with_alarm"]
        return len([n for n in names if n in IDLE_METRICS]) if idle else len(names) + self.metric_filters


def idle_items(template, usage, watch):
    """The items of a month in which nobody submits a job: name, price and quantity."""
    month = usage.of("month")
    hours = month["days"] * 24
    sweeps = hours * 60 / template.sweep_minutes
    polls = template.polled_queues * month["pollers per queue"] * hours * 3600 / month["seconds per empty poll"]
    seconds = sweeps * month["seconds per sweep"]
    reads = sweeps * month["index queries per sweep"] * usage.of("units")["DynamoDB Query"]
    items = [
        ("Alarms", "Alarms", template.alarms if watch != "none" else 0),
        ("Dashboard", "Dashboards", 1 if watch == "all" else 0),
        ("Custom metrics", "Custom metrics", template.published(watch, idle=True)),
        ("Secrets", "Secrets", template.secrets),
        ("Reads of the secrets, at most", "Secrets Manager requests",
         template.secrets * month["secret reads per hour"] * hours),
        (f"Polls of {template.polled_queues} queues", "SQS requests", polls),
        ("Sweep: schedule", "Schedules", sweeps),
        ("Sweep: Lambda requests", "Lambda requests", sweeps),
        ("Sweep: Lambda GB-seconds", "Lambda GB-seconds", seconds * template.landing_memory / 1024),
        ("Sweep: DynamoDB read units", "DynamoDB read units", reads),
        ("Sweep: X-Ray traces, at most", "X-Ray traces", sweeps),
        ("Sweep: log bytes", "Log bytes", sweeps * month["log bytes per sweep"]),
    ]
    return [item for item in items if item[2] > 0]


def totals(template, prices, items):
    """List price and price after the free tier of all items."""
    listed = sum(prices.list_price(price, quantity) for _, price, quantity in items)
    free = sum(after_free_tier(template, prices, price, quantity) for _, price, quantity in items)
    return listed, free


def after_free_tier(template, prices, price, quantity):
    if price == "Dashboards" and template.dashboard_metrics > FREE_DASHBOARD_METRICS:
        return prices.list_price(price, quantity)
    return prices.after_free_tier(price, quantity)


def idle_table(template, prices, usage):
    items = idle_items(template, usage, template.watch)
    lines = ["| Item | Quantity | List price | After the free tier |", "| --- | --- | --- | --- |"]
    for name, price, quantity in items:
        free = after_free_tier(template, prices, price, quantity)
        lines.append(f"| {name} | {quantity:,.0f} | ${prices.list_price(price, quantity):.2f} | ${free:.2f} |")
    listed, free = totals(template, prices, items)
    lines.append(f"| Idle stack, a month | | ${listed:.2f} | ${free:.2f} |")
    return lines


def watch_table(template, prices, usage):
    lines = ["| `Watch` | Idle, list price | Idle, after the free tier | Custom metrics of a busy stack, at most |",
             "| --- | --- | --- | --- |"]
    for watch in ("none", "alarms", "all"):
        listed, free = totals(template, prices, idle_items(template, usage, watch))
        busy = template.published(watch, idle=False)
        cost = prices.list_price("Custom metrics", busy)
        name = f"{watch}, the default" if watch == template.watch else watch
        lines.append(f"| {name} | ${listed:.2f} | ${free:.2f} | {busy}: ${cost:.2f} |")
    return lines


def job_costs(prices, usage, kind):
    """The cost of one job by price."""
    costs = {}
    for operation, count in usage.of(kind).items():
        price = PRICE_OF_OPERATION.get(operation, operation)
        costs[price] = costs.get(price, 0.0) + prices.list_price(price, count)
    return costs


def job_tables(prices, usage):
    costs = {kind: job_costs(prices, usage, kind) for kind in KINDS}
    head = "| " + " | ".join(KINDS.values()) + " |"
    rule = "| --- " * (len(KINDS) + 1) + "|"
    lines = [f"| {JOBS:,} jobs, list price {head}", rule]
    items = list(dict.fromkeys(price for of in costs.values() for price in of))
    for price in items:
        cells = [f"${of[price] * JOBS:.4f}" if price in of else "" for of in costs.values()]
        lines.append(f"| {price} | " + " | ".join(cells) + " |")
    sums = " | ".join(f"${sum(of.values()) * JOBS:.2f}" for of in costs.values())
    lines += [f"| Together | {sums} |", "", f"| Counts for one job {head}", rule]
    operations = list(dict.fromkeys(operation for kind in KINDS for operation in usage.of(kind)))
    for operation in operations:
        cells = []
        for kind in KINDS:
            count, mark = usage.of(kind).get(operation), "about " if usage.is_assumed(kind, operation) else ""
            cells.append("" if count is None else f"{mark}{count:,g}")
        lines.append(f"| {operation} | " + " | ".join(cells) + " |")
    return lines


def replaced(document, name, lines):
    """The document with these lines between the markers of this name."""
    begin, end = f"<!-- cost.py: {name} -->", f"<!-- cost.py: end of {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if len(pattern.findall(document)) != 1:
        sys.exit(f"{DOCUMENT}: expected once: {begin} … {end}")
    text = "\n\n".join([begin, "\n".join(lines), end])
    return pattern.sub(lambda _: text, document)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", default=HERE / "prices.csv")
    parser.add_argument("--usage", default=HERE / "usage.csv")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    prices, usage, template = Prices(arguments.prices), Usage(arguments.usage), Template()
    tables = {"idle": idle_table(template, prices, usage), "watch": watch_table(template, prices, usage),
              "jobs": job_tables(prices, usage)}
    if not (arguments.write or arguments.check):
        print("\n\n".join("\n".join(lines) for lines in tables.values()))
        return
    idle, _ = totals(template, prices, idle_items(template, usage, template.watch))
    if arguments.check and idle >= MAX_IDLE_USD:
        sys.exit(f"an idle stack costs ${idle:.2f} a month, which must be below ${MAX_IDLE_USD:.2f}")
    document = changed = DOCUMENT.read_text(encoding="utf-8")
    for name, lines in tables.items():
        changed = replaced(changed, name, lines)
    if arguments.write:
        DOCUMENT.write_text(changed, encoding="utf-8")
    elif changed != document:
        sys.exit(f"{DOCUMENT} is stale: run docs/cost/cost.py --write")



if __name__ == "__main__":
    main()
