#!/usr/bin/env python3
"""Measures the local runner's SQS, and signed deliveries from the receiver to the table, on this machine.

First, the CPU time of SendMessage, ReceiveMessage and DeleteMessage for one message while the queue holds few and many
others, compared with three requests to the same server that read no message (GetQueueUrl). Second, signed deliveries from
several concurrent clients: how many are lost, how long a response takes, and the CPU time of one until the worker has
recorded it, compared with as many requests that the receiver rejects without the queue (405). Prints the figures and whether
each goal is met. Exits with 1 if a goal is not met.

Needs Linux, cargo and Python 3. Only the ratios can be compared between machines, since both figures are measured within the
same minute on the same cores.
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
FEW, MANY, BATCH_SIZE = 100, 10_000, 10


def measure_message(runner, queue_length, messages):
    """Returns the CPU milliseconds to send, receive and delete a message in a queue of this length."""
    queue = runner.sqs("CreateQueue", QueueName=f"standing-{queue_length}")["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": "x" * 1000} for number in range(BATCH_SIZE)]
    for _ in range(queue_length // BATCH_SIZE):
        runner.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)
    began = runner.cpu()
    for _ in range(messages):
        runner.sqs("SendMessage", QueueUrl=queue, MessageBody="x" * 1000)
        message = runner.sqs("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=1)["Messages"][0]
        runner.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return (runner.cpu() - began) / messages * 1000


def measure_three_requests(runner, times):
    """Returns the CPU milliseconds of three requests that read no message."""
    began = runner.cpu()
    for _ in range(3 * times):
        runner.sqs("GetQueueUrl", QueueName=f"standing-{FEW}")
    return (runner.cpu() - began) / times * 1000


def signature_headers(body):
    """Signs a delivery as Abyssale does."""
    now = str(int(time.time()))
    code = hmac.new(SECRET.encode(), b"v1:webhook:" + now.encode() + b"." + body, hashlib.sha256)
    return {"X-Abyssale-Signature": f"t={now},v1={code.hexdigest()}", "Content-Type": "application/json"}


def make_delivery():
    """Makes a signed delivery that belongs to no job, so that the worker only records it."""
    event = {"event_type": "TEMPLATE_STATUS", "id": str(uuid.uuid4()), "name": "Spring", "status": "APPROVED"}
    body = json.dumps(event).encode()
    return "POST", body, signature_headers(body)


def send_from_clients(url, clients, requests, make, expected):
    """Sends requests from concurrent clients. Returns the seconds of each, and how many had another status than expected."""
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


def count_recorded(runner, expected):
    """Waits until all deliveries are recorded, 300 s at most. Returns the number of recorded ones."""
    deadline, count = time.monotonic() + 300, 0
    while time.monotonic() < deadline and count < expected:
        time.sleep(0.5)
        count = runner.count_items(time.strftime("WORKSPACE#abyssale#%Y-%m-%d", time.gmtime()))
    return count


def set_signing_secret(runner):
    """Makes the receiver verify deliveries with SECRET."""
    name = runner.described["secret_id"]
    secret = json.loads(runner.secrets("GetSecretValue", SecretId=name)["SecretString"])
    secret["providers"]["abyssale"]["signing_secrets"] = [SECRET]
    runner.secrets("PutSecretValue", SecretId=name, SecretString=json.dumps(secret))


def print_latencies(name, seconds, cpu):
    cuts = statistics.quantiles(seconds, n=100)
    print(f"{name:22}p50 {cuts[49] * 1000:8.2f} ms   p99 {cuts[98] * 1000:8.2f} ms   CPU {cpu:7.2f} ms each", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=300, help="messages for each queue length (default 300)")
    parser.add_argument("--deliveries", type=int, default=2000, help="number of deliveries (default 2000)")
    parser.add_argument("--clients", type=int, default=4, help="concurrent clients (default 4)")
    parser.add_argument("--profile", default="dev", help="cargo profile of the measured build (default dev)")
    options = parser.parse_args()
    goals = Goals()
    program = tools.build("landfall-dev", options.profile, "harness")
    with tempfile.TemporaryDirectory() as folder, Runner(program, folder) as runner:
        runner.wait_until_idle()
        few, many = (measure_message(runner, length, options.messages) for length in (FEW, MANY))
        peer = measure_three_requests(runner, options.messages)
        print(f"CPU of send, receive and delete: {few:.2f} ms beside {FEW}, {many:.2f} ms beside {MANY} messages;")
        print(f"of three requests that read no message: {peer:.2f} ms", flush=True)
        goals.goal("cost with many messages relative to few", many / few, 2)
        goals.goal(f"cost with {MANY} messages relative to three requests", many / peer, 5)

        set_signing_secret(runner)
        url, count = runner.described["webhook_url"], options.deliveries // options.clients * options.clients
        began = runner.cpu()
        bare, wrong = send_from_clients(url, options.clients, count, lambda: ("DELETE", None, {}), 405)
        bare_cpu = (runner.cpu() - began) / count * 1000
        print_latencies("rejected with 405", bare, bare_cpu)
        goals.goal("other responses than 405", wrong, 0)
        began = runner.cpu()
        seconds, rejected = send_from_clients(url, options.clients, count, make_delivery, 200)
        lost = count - rejected - count_recorded(runner, count - rejected)
        print_latencies("signed deliveries", seconds, (runner.cpu() - began) / count * 1000)
        goals.goal("rejected", rejected, 0)
        goals.goal("lost", lost, 0)
    sys.exit(goals.unmet > 0)


if __name__ == "__main__":
    main()
