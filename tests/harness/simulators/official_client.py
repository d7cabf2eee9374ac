"""Tests the Abyssale simulator with the official Python package `abyssale`.

Usage: official_client.py API_URL API_KEY ADMIN_URL

Exits with 0 if the official client and the official signature verifier accept the simulator, otherwise with 1 after it
prints the first mismatch. Needs `pip install abyssale`.
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
from abyssale import Abyssale, AbyssalePollingError
from abyssale.webhooks import signature_timestamp, verify_webhook_signature

HEADERS = {"content-type": "application/json"}


def check(holds, what):
    """Checks a condition and exits at the first mismatch."""
    if not holds:
        sys.exit(f"mismatch: {what}")
    print(f"ok: {what}")


class Receiver(BaseHTTPRequestHandler):
    """Records deliveries and responds with the next status from `statuses`, or 200."""

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


def next_delivery():
    """Waits for the next delivery and returns its body, signature and delivery id."""
    body, headers = Receiver.deliveries.get(timeout=10)
    named = {name.lower(): value for name, value in headers.items()}
    return body, named.get("x-abyssale-signature"), named.get("x-abyssale-delivery-id")


class Admin:
    """A client of the simulator's Admin endpoint."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, HEADERS, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)


def expect_error(kind, call):
    """Runs the call, which must raise an exception of this kind, and returns the exception."""
    try:
        call()
    except kind as error:
        return error
    sys.exit(f"mismatch: no {kind.__name__} was raised")


def check_key(client, api_url):
    check(client.verify_api_key().company == "Acme Inc.", "auth names the company")
    other_client = Abyssale("no-such-key", base_url=api_url, max_retries=0)
    error = expect_error(abyssale.AbyssaleAuthError, other_client.verify_api_key)
    check((error.status, error.id) == (401, "unauthorized"), "an unknown key is 401 unauthorized")


def check_banners(client, ids):
    banner = client.get_file(ids[0])
    check(str(banner.id) == ids[0] and banner.version == 1, "a banner parses, with its own version")
    with urllib.request.urlopen(banner.file.url) as response:
        check(len(response.read()) > 10_000, "its file can be downloaded")
    unknown = "00000000-0000-4000-8000-000000000000"
    error = expect_error(abyssale.AbyssaleNotFoundError, lambda: client.get_file(unknown))
    check(error.id == "visual_not_found", "an unknown banner is visual_not_found")


def check_error_responses(client, admin, ids):
    error = expect_error(abyssale.AbyssaleAPIError, lambda: client.export_banners({"callback_url": "https://a.example/"}))
    check((error.status, error.id) == (400, "missing_required"), "ids are required")
    check(error.errors[0]["path"] == "ids", "the error names the field's path")
    plan = {"on": "call", "kind": "feature_not_in_plan", "route": "POST /async/banners/export"}
    admin.call("POST", "/faults", plan)
    error = expect_error(abyssale.AbyssaleRateLimitError, lambda: client.export_banners({"ids": ids[:1]}))
    check(error.id == "feature_not_in_plan", "a 429 for a missing plan feature differs from rate limiting")
    admin.call("POST", "/faults", {"on": "call", "kind": "rate_limited", "retry_after": 600})
    error = expect_error(abyssale.AbyssaleRateLimitError, lambda: client.export_banners({"ids": ids[:1]}))
    check(error.retry_after == 600, "Retry-After is read")


def check_export(client, admin, ids, callback):
    secret = client.get_signing_secret().secret
    check(client.get_signing_secret().secret == secret, "the signing secret is stable")
    Receiver.statuses.put(500)
    export = client.export_banners({"ids": ids[:4], "callback_url": callback})
    check(export.version is not None, "the response has a version")
    admin.call("POST", "/clock/advance", {"seconds": 2})
    body, signature, first_id = next_delivery()
    check(verify_webhook_signature(body, signature, secret), "the official verifier accepts the delivery")
    check(not verify_webhook_signature(body + b" ", signature, secret), "and rejects a changed body")
    event = json.loads(body)
    check(event["export_id"] == export.export_id, "the event names the export")
    with urllib.request.urlopen(event["archive_url"]) as response:
        names = zipfile.ZipFile(BytesIO(response.read())).namelist()
    check(len(names) == 4, "the archive has one entry per banner")
    advance_to_retry(admin)
    body, signature, second_id = next_delivery()
    check(second_id == first_id and len(first_id) == 64, "a retry keeps its delivery id")
    check(abs(signature_timestamp(signature) - time.time()) < 5, "and has the current timestamp")
    check(verify_webhook_signature(body, signature, secret), "and verifies")


def advance_to_retry(admin):
    """Advances the virtual clock to the next attempt, once the failed attempt is recorded."""
    for _ in range(100):
        if admin.call("GET", "/clock")["next_delivery_at"] is not None:
            admin.call("POST", "/clock/advance", {"to": "next_delivery"})
            return
        time.sleep(0.05)
    sys.exit("mismatch: no retry was scheduled")


def download(url):
    """Downloads a URL and returns the bytes and their content type."""
    with urllib.request.urlopen(str(url)) as response:
        return response.read(), response.headers["content-type"]


def check_designs(client, designs):
    listed = client.list_designs(type=["static", "animated"], per_page=3)
    check(len(listed) == 3, "designs are paginated")
    for kind, seeded in designs.items():
        design = client.get_design(seeded[0]["id"])
        check(design.type.value == kind and str(design.id) == seeded[0]["id"], f"a {kind} design parses")
        names = [one.id for one in (design.formats or design.pages)]
        check(names == (seeded[0]["formats"] or seeded[0]["pages"]), "with its formats or pages")
    pages = client.get_design(designs["printer_multipage"][0]["id"]).elements_per_page
    check(pages["page_1"][1].attributes["payload"].value == "Spring is here", "elements of pages parse")
    one = client.get_design_format(designs["static"][0]["id"], "story")
    check((one.id, one.width, one.height) == ("story", 675, 1200), "a format parses")
    unknown = designs["static"][0]["id"], "no-such-format"
    error = expect_error(abyssale.AbyssaleNotFoundError, lambda: client.get_design_format(*unknown))
    check(error.id == "format_not_found", "an unknown format is format_not_found")


def check_workspace(client, designs):
    check(client.list_fonts(category="serif", weight=700)[0].name == "Lora", "fonts are filtered")
    check(client.get_credits().generation_credits.consumed >= 0, "credits parse")
    project = client.create_project({"name": f"Project of {time.time_ns()}"})
    check(project.id in {one.id for one in client.list_projects()}, "a project is listed")
    id = designs["static"][1]["id"]
    check(client.rename_design(id, {"name": "Renamed"}).name == "Renamed", "a design is renamed")
    check(str(client.move_design(id, {"project_id": str(project.id)}).id) == id, "and moved")
    template = client.list_workspace_templates(type="static")[0]
    check(len(client.list_workspace_template_categories()) == 2, "categories of templates parse")
    copy = client.duplicate_workspace_template(str(template.id), {"project_id": str(project.id)})
    done = client.wait_for_duplication_request(str(copy.duplication_request_id), interval=2)
    check(done.status.value == "COMPLETED", "a template is copied")
    copied = str(done.designs[0].target_design_id)
    check(client.get_design(copied).project_id == project.id, "into the project")
    client.delete_design(copied)
    error = expect_error(abyssale.AbyssaleNotFoundError, lambda: client.get_design(copied))
    check(error.id == "template_not_found", "a deleted design is not found")


def check_generation(client, designs):
    """Checks generations of each kind. The helper polls in real time, by its own schedule."""
    for kind, requested, received in [
        ("static", "webp", "webp"),
        ("animated", "html5", "zip"),
        ("printer", "pdf", "pdf"),
    ]:
        design = designs[kind][0]
        body = {"image_file_type": requested, "template_format_names": design["formats"][:2]}
        accepted = client.generate_multi_format_media(design["id"], body)
        result = client.wait_for_generation_request(accepted.generation_request_id, interval=2)
        check([one.format.id for one in result.banners] == design["formats"][:2], f"{kind} formats are generated")
        file = result.banners[0].file
        data, content_type = download(file.url)
        check(file.type.value == received and content_type and len(data) > 500, f"as {requested}")
        check((file.cdn_url is None) == (received == "zip"), "only a package has no CDN URL")
    pages = {"page_1": {"headline": {"payload": "Hello"}}}
    accepted = client.generate_multi_page_pdf(designs["printer_multipage"][0]["id"], {"pages": pages})
    result = client.wait_for_generation_request(accepted.generation_request_id, interval=2)
    check(result.banners[0].format.id is None, "a document has no format")
    check(download(result.banners[0].file.url)[0].startswith(b"%PDF"), "and is a PDF")
    return str(result.banners[0].id)


def check_failures(client, admin, designs):
    design = designs["static"][0]
    body = {"template_format_names": ["story", "square"]}
    admin.call("PUT", "/knobs", {"generation_latency_seconds": 0})
    admin.call("POST", "/faults", {"on": "generation", "kind": "format_error", "format": "story"})
    accepted = client.generate_multi_format_media(design["id"], body)
    partial = client.wait_for_generation_request(accepted.generation_request_id)
    check((len(partial.banners), partial.errors[0].template_format_name) == (1, "story"), "partial success")
    admin.call("POST", "/faults", {"on": "generation", "kind": "format_error"})
    accepted = client.generate_multi_format_media(design["id"], body)
    expect_error(AbyssalePollingError, lambda: client.wait_for_generation_request(accepted.generation_request_id))
    check(True, "a generation with errors only fails")
    unknown = "00000000-0000-4000-8000-000000000000"
    error = expect_error(AbyssalePollingError, lambda: client.wait_for_generation_request(unknown))
    check(error.id == "generation_request_not_found", "an unknown generation ends the polling")
    for body, status, id in [
        ({"template_format_names": ["moon"]}, 404, "format_not_found"),
        ({"image_file_type": "mp4"}, 400, "invalid_filetype"),
        ({"file_compression_level": 101}, 400, "out_of_range"),
    ]:
        error = expect_error(abyssale.AbyssaleAPIError, lambda: client.generate_multi_format_media(design["id"], body))
        check((error.status, error.id) == (status, id), f"{id} is returned")
    admin.call("PUT", "/knobs", {"credits": 0})
    error = expect_error(abyssale.AbyssaleRateLimitError, lambda: client.generate_multi_format_media(design["id"], {}))
    check((error.id, error.retry_after) == ("rate_limit_exceeded", None), "a request without credits gets 429 without Retry-After")
    admin.call("PUT", "/knobs", {"credits": None, "generation_latency_seconds": 3})


def check_render(client, designs):
    design = designs["static"][0]["id"]
    overrides = {"headline": {"payload": "Hello"}}
    banner = client.generate_image(design, {"elements": overrides, "template_format_name": "landscape"})
    check((banner.version, banner.format.id, banner.file.type.value) == (1, "landscape", "jpeg"), "a render parses")
    check(download(banner.file.url)[0].startswith(b"\xff\xd8"), "and is a JPEG")
    check(str(client.get_file(str(banner.id)).id) == str(banner.id), "and can be fetched")
    animated = designs["animated"][0]["id"]
    error = expect_error(abyssale.AbyssaleAPIError, lambda: client.generate_image(animated, {}))
    check((error.status, error.id) == (400, "template_not_static"), "only static designs are rendered")
    return str(banner.id)


def check_dynamic_image(client, designs):
    design = designs["static"][0]["id"]
    first = client.create_dynamic_image_url(design, {"enable_rate_limit": True})
    second = client.create_dynamic_image_url(design)
    check(first.id == second.id and len(first.formats) == 6, "a dynamic image is created once")
    _, content_type = download(f"{first.formats[1].dynamic_image_url}?headline=Hello")
    check(content_type == "image/jpeg", "and serves an image")


def check_batch(client, admin, designs, callback):
    secret = client.get_signing_secret().secret
    body = {"template_format_names": ["story"], "callback_url": callback}
    accepted = client.generate_multi_format_media(designs["static"][0]["id"], body)
    admin.call("POST", "/clock/advance", {"seconds": 3})
    body, signature, id = next_delivery()
    check(verify_webhook_signature(body, signature, secret), "the official verifier accepts a batch")
    event = json.loads(body)
    check(event["event_type"] == "NEW_BANNER_BATCH" and len(id) == 64, "the batch names its event type")
    check(event["generation_request_id"] == event["id"] == accepted.generation_request_id, "and its generation request")
    polled = client.get_generation_request(accepted.generation_request_id)
    check(event["banners"][0]["id"] == str(polled.banners[0].id), "and holds the banners that polling returns")


def check_mixed_export(client, admin, ids, callback):
    client.export_banners({"ids": ids, "callback_url": callback})
    admin.call("POST", "/clock/advance", {"seconds": 2})
    event = json.loads(next_delivery()[0])
    names = zipfile.ZipFile(BytesIO(download(event["archive_url"])[0])).namelist()
    check({name.rsplit(".")[-1] for name in names} == {"pdf", "jpg"}, "generated banners can be exported")


def check_rotation(client, admin, ids, callback):
    client.revoke_signing_secret()
    old = client.get_signing_secret().secret
    new = client.rotate_signing_secret()
    check(new.secret != old and new.previous_secret_expires_at_ts is not None, "a rotation overlaps")
    error = expect_error(abyssale.AbyssaleAPIError, client.rotate_signing_secret)
    check((error.status, error.id) == (409, "previous_secret_still_active"), "a second rotation is rejected")
    client.export_banners({"ids": ids[:1], "callback_url": callback})
    admin.call("POST", "/clock/advance", {"seconds": 2})
    body, signature, _ = next_delivery()
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
    # This script sends more than ten requests a second.
    admin.call("PUT", "/knobs", {"gateway_per_second": 0, "tiers": {}})
    described = admin.call("GET", "/describe")
    ids, designs = described["banner_ids"], described["designs"]
    with Abyssale(api_key, base_url=api_url) as client:
        check_key(client, api_url)
        check_banners(client, ids)
        check_error_responses(client, admin, ids)
        check_export(client, admin, ids, callback)
        check_designs(client, designs)
        check_workspace(client, designs)
        made = [check_generation(client, designs), check_render(client, designs)]
        check_failures(client, admin, designs)
        check_dynamic_image(client, designs)
        check_batch(client, admin, designs, callback)
        check_mixed_export(client, admin, made, callback)
        check_rotation(client, admin, ids, callback)
    print("the simulator passes all checks of the official Python client")


if __name__ == "__main__":
    main()
