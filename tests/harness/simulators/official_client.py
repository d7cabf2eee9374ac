"""Drives the Abyssale simulator with the official Python package `abyssale`.

Usage: official_client.py API_URL API_KEY ADMIN_URL

Exits with 0 when the official client and the official verifier agree with the simulator in everything that
an export touches, otherwise with 1 and the first mismatch. Needs `pip install abyssale`.
"""

import json
import queue
import sys
import threading
import time
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import abyssale
from abyssale import Abyssale
from abyssale.webhooks import signature_timestamp, verify_webhook_signature

HEADERS = {"content-type": "application/json"}


def check(holds, what):
    """Stops at the first mismatch."""
    if not holds:
        sys.exit(f"mismatch: {what}")
    print(f"ok: {what}")


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is delivered and answers with the status that is asked for next."""

    deliveries = queue.Queue()
    statuses = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            status = self.statuses.get_nowait()
        except queue.Empty:
            status = 200
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()
        self.deliveries.put((body, dict(self.headers.items())))

    def log_message(self, *_):
        pass


def delivery():
    """The next delivery: body, signature, delivery id."""
    body, headers = Receiver.deliveries.get(timeout=10)
    named = {name.lower(): value for name, value in headers.items()}
    return body, named.get("x-abyssale-signature"), named.get("x-abyssale-delivery-id")


class Admin:
    """The simulator's control."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, HEADERS, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)


def refused(kind, call):
    """The exception of that kind which the call raises."""
    try:
        call()
    except kind as error:
        return error
    sys.exit(f"mismatch: no {kind.__name__} was raised")


def check_key(client, api_url):
    check(client.verify_api_key().company == "Acme Inc.", "auth names the company")
    stranger = Abyssale("no-such-key", base_url=api_url, max_retries=0)
    error = refused(abyssale.AbyssaleAuthError, stranger.verify_api_key)
    check((error.status, error.id) == (401, "unauthorized"), "an unknown key is 401 unauthorized")


def check_banners(client, ids):
    banner = client.get_file(ids[0])
    check(str(banner.id) == ids[0] and banner.version == 1, "a banner parses, with its own version")
    with urllib.request.urlopen(banner.file.url) as response:
        check(len(response.read()) > 10_000, "its file can be downloaded")
    unknown = "00000000-0000-4000-8000-000000000000"
    error = refused(abyssale.AbyssaleNotFoundError, lambda: client.get_file(unknown))
    check(error.id == "visual_not_found", "an unknown banner is visual_not_found")


def check_refusals(client, admin, ids):
    error = refused(abyssale.AbyssaleAPIError, lambda: client.export_banners({"callback_url": "https://a.example/"}))
    check((error.status, error.id) == (400, "missing_required"), "ids are required")
    check(error.errors[0]["path"] == "ids", "the problem names its path")
    plan = {"on": "call", "kind": "feature_not_in_plan", "route": "POST /async/banners/export"}
    admin.call("POST", "/faults", plan)
    error = refused(abyssale.AbyssaleRateLimitError, lambda: client.export_banners({"ids": ids[:1]}))
    check(error.id == "feature_not_in_plan", "the plan's 429 is told apart")
    admin.call("POST", "/faults", {"on": "call", "kind": "rate_limited", "retry_after": 600})
    error = refused(abyssale.AbyssaleRateLimitError, lambda: client.export_banners({"ids": ids[:1]}))
    check(error.retry_after == 600, "Retry-After is read")


def check_export(client, admin, ids, callback):
    secret = client.get_signing_secret().secret
    check(client.get_signing_secret().secret == secret, "the secret stays the same")
    Receiver.statuses.put(500)
    export = client.export_banners({"ids": ids[:4], "callback_url": callback})
    check(export.version is not None, "the answer is stamped")
    admin.call("POST", "/clock/advance", {"seconds": 2})
    body, signature, first_id = delivery()
    check(verify_webhook_signature(body, signature, secret), "the official verifier accepts the delivery")
    check(not verify_webhook_signature(body + b" ", signature, secret), "and refuses a changed body")
    event = json.loads(body)
    check(event["export_id"] == export.export_id, "the event names the export")
    with urllib.request.urlopen(event["archive_url"]) as response:
        names = zipfile.ZipFile(BytesIO(response.read())).namelist()
    check(len(names) == 4, "the archive has one entry per banner")
    again(admin)
    body, signature, second_id = delivery()
    check(second_id == first_id and len(first_id) == 64, "a retry keeps its delivery id")
    check(abs(signature_timestamp(signature) - time.time()) < 5, "and carries the present time")
    check(verify_webhook_signature(body, signature, secret), "and verifies")


def again(admin):
    """Moves the virtual clock to the next attempt, once the failed one is written down."""
    for _ in range(100):
        if admin.call("GET", "/clock")["next_delivery_at"] is not None:
            admin.call("POST", "/clock/advance", {"to": "next_delivery"})
            return
        time.sleep(0.05)
    sys.exit("mismatch: no retry was scheduled")


def check_rotation(client, admin, ids, callback):
    client.revoke_signing_secret()
    old = client.get_signing_secret().secret
    new = client.rotate_signing_secret()
    check(new.secret != old and new.previous_secret_expires_at_ts is not None, "a rotation overlaps")
    error = refused(abyssale.AbyssaleAPIError, client.rotate_signing_secret)
    check((error.status, error.id) == (409, "previous_secret_still_active"), "a second one is refused")
    client.export_banners({"ids": ids[:1], "callback_url": callback})
    admin.call("POST", "/clock/advance", {"seconds": 2})
    body, signature, _ = delivery()
    for secret in (old, new.secret):
        check(verify_webhook_signature(body, signature, secret), "both secrets verify in the overlap")
    check(client.rotate_signing_secret(force=True).secret != new.secret, "force rotates")
    check(client.revoke_signing_secret().previous_secret_expires_at_ts is None, "revoke ends the overlap")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    api_url, api_key, admin_url = sys.argv[1:]
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    callback = f"http://127.0.0.1:{receiver.server_port}/hook"
    admin = Admin(admin_url)
    # This script is faster than ten calls a second.
    admin.call("PUT", "/knobs", {"gateway_per_second": 0, "tiers": []})
    ids = admin.call("GET", "/describe")["banner_ids"]
    with Abyssale(api_key, base_url=api_url) as client:
        check_key(client, api_url)
        check_banners(client, ids)
        check_refusals(client, admin, ids)
        check_export(client, admin, ids, callback)
        check_rotation(client, admin, ids, callback)
    print("the official client agrees with the simulator")


if __name__ == "__main__":
    main()
