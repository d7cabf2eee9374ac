#!/usr/bin/env python3
"""Measures the local runner's SQS, and signed deliveries from the receiver to the table, on this machine.

First what SendMessage, ReceiveMessage and DeleteMessage of one message cost in CPU while the queue holds few and many
others, against three requests of the same server that touch no message (GetQueueUrl). Then deliveries with a signature
from several clients at once: how many are lost, how long an answer takes, and what one costs in CPU until the worker
has recorded it, against as many requests of the same clients that the receiver answers without a queue (405). Prints the
figures and each goal as met or not; exits 1 if one is not.

Needs Linux, cargo and Python 3. Ratios are to what runs in the same minute on the same cores; figures are not.
"""

import argparse
import hashlib
import hmac
import json
import statistics
import sys
import tempfile
import threading
import time
import uuid

import tools
from figures import Goals
from local_cloud import Connection, Runner

SECRET = "whsec_" + "7c1e5a09d2b84f63" * 4
FEW, MANY, FILLED_AT_ONCE = 100, 10_000, 10


def per_message(runner, standing, messages):
    """CPU milliseconds for sending, receiving and deleting a message beside so many others."""
    queue = runner.sqs("CreateQueue", QueueName=f"standing-{standing}")["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": "x" * 1000} for number in range(FILLED_AT_ONCE)]
    for _ in range(standing // FILLED_AT_ONCE):
        runner.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)
    began = runner.cpu()
    for _ in range(messages):
        runner.sqs("SendMessage", QueueUrl=queue, MessageBody="x" * 1000)
        message = runner.sqs("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=1)["Messages"][0]
        runner.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return (runner.cpu() - began) / messages * 1000


def per_three_requests(runner, times):
    """CPU milliseconds for three requests that touch no message."""
    began = runner.cpu()
    for _ in range(3 * times):
        runner.sqs("GetQueueUrl", QueueName=f"standing-{FEW}")
    return (runner.cpu() - began) / times * 1000


def signed(body):
    now = str(int(time.time()))
    code = hmac.new(SECRET.encode(), b"v1:webhook:" + now.encode() + b"." + body, hashlib.sha256)
    return {"X-Abyssale-Signature": f"t={now},v1={code.hexdigest()}", "Content-Type": "application/json"}


def delivery():
    """A delivery that is about no job, so that it is recorded and nothing else."""
    event = {"event_type": "TEMPLATE_STATUS", "id": str(uuid.uuid4()), "name": "Spring", "status": "APPROVED"}
    body = json.dumps(event).encode()
    return "POST", body, signed(body)


def from_clients(url, clients, requests, make, expected):
    """The seconds that each response took, and how many requests had another response than the expected."""
    seconds, wrong, lock = [], [0], threading.Lock()

    def run():
        connection = Connection(url)
        for _ in range(requests // clients):
            method, body, headers = make()
            began = time.perf_counter()
            status, _ = connection.send(method, "/webhooks/abyssale", body, headers)
            took = time.perf_counter() - began
            with lock:
                seconds.append(took)
                wrong[0] += status != expected

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds, wrong[0]


def recorded(runner, expected):
    """How many deliveries are recorded once nothing is left in the queue, or all are."""
    deadline, count = time.monotonic() + 300, 0
    while time.monotonic() < deadline and count < expected:
        time.sleep(0.5)
        count = runner.count_items(time.strftime("WORKSPACE#abyssale#%Y-%m-%d", time.gmtime()))
    return count


def sign_deliveries(runner):
    name = runner.described["secret_id"]
    secret = json.loads(runner.secrets("GetSecretValue", SecretId=name)["SecretString"])
    secret["providers"]["abyssale"]["signing_secrets"] = [SECRET]
    runner.secrets("PutSecretValue", SecretId=name, SecretString=json.dumps(secret))


def show(name, seconds, cpu):
    cuts = statistics.quantiles(seconds, n=100)
    print(f"{name:22}p50 {cuts[49] * 1000:8.2f} ms   p99 {cuts[98] * 1000:8.2f} ms   CPU {cpu:7.2f} ms each", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=300, help="messages for each length of the queue (300)")
    parser.add_argument("--deliveries", type=int, default=2000, help="(2000)")
    parser.add_argument("--clients", type=int, default=4, help="that deliver at once (4)")
    parser.add_argument("--profile", default="dev", help="the build that is measured (dev)")
    options = parser.parse_args()
    goals = Goals()
    program = tools.built("landfall-dev", options.profile, "harness")
    with tempfile.TemporaryDirectory() as folder, Runner(program, folder) as runner:
        runner.settle()
        few, many = (per_message(runner, standing, options.messages) for standing in (FEW, MANY))
        peer = per_three_requests(runner, options.messages)
        print(f"CPU of send, receive and delete: {few:.2f} ms beside {FEW}, {many:.2f} ms beside {MANY} messages;")
        print(f"of three requests that touch no message: {peer:.2f} ms", flush=True)
        goals.goal("many messages to few", many / few, 2)
        goals.goal(f"beside {MANY} messages to three requests", many / peer, 5)

        sign_deliveries(runner)
        url, count = runner.described["webhook_url"], options.deliveries // options.clients * options.clients
        began = runner.cpu()
        bare, wrong = from_clients(url, options.clients, count, lambda: ("DELETE", None, {}), 405)
        bare_cpu = (runner.cpu() - began) / count * 1000
        show("answered with 405", bare, bare_cpu)
        goals.goal("other responses than 405", wrong, 0)
        began = runner.cpu()
        seconds, refused = from_clients(url, options.clients, count, delivery, 200)
        lost = count - refused - recorded(runner, count - refused)
        show("signed deliveries", seconds, (runner.cpu() - began) / count * 1000)
        goals.goal("refused", refused, 0)
        goals.goal("lost", lost, 0)
    sys.exit(goals.unmet > 0)


if __name__ == "__main__":
    main()
