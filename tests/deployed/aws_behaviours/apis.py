"""API Gateway."""

from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

REQUESTS = 2_000


def status(url, body=None, headers=None):
    """Return the status of a request."""
    try:
        with urlopen(Request(url, data=body, headers=headers or {}), timeout=60) as response:
            return response.status
    except HTTPError as error:
        return error.code


def an_unsigned_request_is_rejected(stack):
    """The jobs API answers a request without a signature with 403."""
    observed = status(f"{stack['submit_url']}/jobs")
    return observed, observed == 403


def a_body_of_7_mb(stack):
    """A body between 6 MB, the limit of Lambda, and 10 MB, the limit of HTTP APIs, is answered with 413."""
    observed = status(f"{stack['webhook_url']}/webhooks/abyssale", bytes(7_000_000), {"Content-Type": "application/json"})
    return observed, observed == 413


def headers_above_10_kb(stack):
    """A request line and headers of more than 10,240 bytes are rejected with a 4xx."""
    observed = status(f"{stack['webhook_url']}/webhooks/abyssale", b"{}", {"X-Long": "x" * 11_000})
    return observed, 400 <= observed < 500


def excessive_requests_are_answered_with_429(stack):
    """Requests beyond the throttle are answered with 429. Compare their number with the lines in the access log."""
    url = f"{stack['webhook_url']}/webhooks/abyssale"
    with ThreadPoolExecutor(200) as executor:
        answers = list(executor.map(lambda _: status(url, b"{}"), range(REQUESTS)))
    counts = {code: answers.count(code) for code in sorted(set(answers))}
    return counts, counts.get(429, 0) > 0
