"""Hooks and a check for schemathesis. It follows no redirect and signs nothing. Every third valid request names resources
that the simulators have, so that jobs are created and not only rejected. A check inspects rejected requests."""

import json
import os
import re
from pathlib import Path

import schemathesis

PROVIDERS = json.loads(Path(os.environ["LANDFALL_STACK"]).read_text())["providers"]
IDEMPOTENCY_KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
# Fields whose validity depends on other jobs, the date or the configuration, and then on other fields.
CONTEXT_DEPENDENT = {"of_job", "cursor", "from", "notify.webhook_url"}
DEPENDENT_FIELDS = {
    "design_type": {"image_file_type", "html5", "gif", "video", "print", "pages"},
    "original_visual_id": {"template_format_names"},
    "targets": {"target_srts"},
}


def accepted_orders():
    """Requests that the simulators accept."""
    abyssale, ai_studios = PROVIDERS["abyssale"], PROVIDERS["ai_studios"]
    good = [{"kind": "export", "banner_ids": [banner]} for banner in abyssale["banner_ids"]]
    for kind, designs in abyssale["designs"].items():
        good += [{"kind": "generation", "design_id": design["id"]} for design in designs]
        if kind == "static":
            good += [{"kind": "image", "design_id": design["id"]} for design in designs]
            good += [{"kind": "dynamic_image", "design_id": design["id"]} for design in designs]
    good = [{"provider": "abyssale", **order} for order in good]
    for project in ai_studios["project_ids"]:
        good.append({"provider": "ai_studios", "kind": "export", "project_id": project})
    return good


ORDERS = accepted_orders()


def is_positive(case):
    """Whether the description allows the request."""
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Removes the signature, which the local runner does not require."""
    raw_schema.pop("security")
    raw_schema["components"].pop("securitySchemes")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Follows no redirect, since file links lead to S3, which is not described. Removes most valid idempotency keys:
    schemathesis repeats a few of them, and another request with the same key is a conflict."""
    kwargs["allow_redirects"] = False
    draw = sum(repr((case.body, case.headers)).encode())
    if (case.method, case.path) != ("POST", "/jobs"):
        return
    if draw % 3 == 0 and is_positive(case):
        options = {name: case.body[name] for name in ("metadata", "unpack", "notify") if name in case.body}
        if (options.get("notify") or {}).get("webhook_url") is not None:
            options["notify"] = options["notify"] | {"webhook_url": "https://hooks.invalid/landfall"}
        case.body = ORDERS[draw // 3 % len(ORDERS)] | options
    if draw % 4 and IDEMPOTENCY_KEY.fullmatch((case.headers or {}).get("Idempotency-Key", "")):
        del case.headers["Idempotency-Key"]


@schemathesis.check
def allowed_requests_are_well_formed(context, response, case):
    """A request that the description allows may be rejected for the resources it names, but not for its format."""
    if not is_positive(case):
        return
    assert response.status_code not in (413, 415), "a request that the description allows cannot be read"
    if response.status_code == 400:
        body = case.body if isinstance(case.body, dict) else {}
        ignored = CONTEXT_DEPENDENT.union(*(fields for name, fields in DEPENDENT_FIELDS.items() if body.get(name) is not None))
        fields = {error["field"] for error in response.json()["errors"]}
        rejected = {field for field in fields if not {field, field.split(".")[0]} & ignored}
        assert not rejected, f"fields that the description allows are rejected: {sorted(rejected)}"
