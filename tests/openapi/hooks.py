"""What schemathesis does otherwise than by itself: it follows no redirect, signs nothing, sends every third good request
about things that the simulators know, so that jobs are made and not refused only, and looks closer at what is refused."""

import json
import os
import re
from pathlib import Path

import schemathesis

PROVIDERS = json.loads(Path(os.environ["LANDFALL_STACK"]).read_text())["providers"]
IDEMPOTENCY_KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
# What a request's fields cannot tell of themselves: it takes other jobs, the day, the configuration, or another field to
# judge them.
ELSEWHERE = {"of_job", "cursor", "from", "notify.webhook_url"}
TOGETHER = {
    "design_type": {"image_file_type", "html5", "gif", "video", "print", "pages"},
    "original_visual_id": {"template_format_names"},
}


def orders():
    """Requests that the simulators do not refuse."""
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


ORDERS = orders()


def is_positive(case):
    """Whether everything in the request is allowed."""
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Locally nobody has to sign."""
    raw_schema.pop("security")
    raw_schema["components"].pop("securitySchemes")


@schemathesis.hook
def before_call(context, case, kwargs):
    """A link to a file leads to the storage, which is not described. Most good keys are left out: schemathesis likes few of
    them, and another request under the same key is a conflict."""
    kwargs["allow_redirects"] = False
    draw = sum(repr((case.body, case.headers)).encode())
    if (case.method, case.path) != ("POST", "/jobs"):
        return
    if draw % 3 == 0 and is_positive(case):
        kept = {name: case.body[name] for name in ("metadata", "unpack", "notify") if name in case.body}
        if (kept.get("notify") or {}).get("webhook_url") is not None:
            kept["notify"] = kept["notify"] | {"webhook_url": "https://hooks.invalid/landfall"}
        case.body = ORDERS[draw // 3 % len(ORDERS)] | kept
    if draw % 4 and IDEMPOTENCY_KEY.fullmatch((case.headers or {}).get("Idempotency-Key", "")):
        del case.headers["Idempotency-Key"]


@schemathesis.check
def allowed_requests_are_well_formed(context, response, case):
    """A request that the description allows may be refused for what it asks, and not for how it is written."""
    if not is_positive(case):
        return
    assert response.status_code not in (413, 415), "a request that is allowed cannot be read"
    if response.status_code == 400:
        body = case.body if isinstance(case.body, dict) else {}
        excused = ELSEWHERE.union(*(fields for name, fields in TOGETHER.items() if body.get(name) is not None))
        refused = {error["field"] for error in response.json()["errors"]} - excused
        assert not refused, f"what is allowed is refused: {sorted(refused)}"
