"""Runs the judges of template.yaml: cfn-lint, checkov, and cfn-guard with the proactive controls of AWS Control Tower.

Arguments: the directory of the virtual environment of requirements.txt, the Python of the SAM CLI, and the directory of the npm
package @cdklabs/cdk-validator-cfnguard, in which AWS publishes both cfn-guard and the controls; empty skips it. Every judge must pass. What is
accepted is named with its reason in the metadata of the resource, so that a new finding fails: `checkov.skip` has checkov's
checks, `guard.SuppressedRules` has the names of rules.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# Without the download of texts about its checks.
CHECKOV_OPTIONS = ["--compact", "--quiet", "--skip-download"]


def run(name, *command, **options):
    """Runs a judge, prints how long it took, and returns its exit code."""
    start = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, **options).returncode
    print(f"{name}: {'ok' if code == 0 else f'exit code {code}'}, {time.monotonic() - start:.0f} s", flush=True)
    return code


def expand(python, path):
    # boto3 wants a region even where it sends nothing.
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    with open(path, "w") as file:
        return run("SAM", python, "-B", "tests/template/expand.py", "template.yaml", stdout=file, env=environment)


def suppressed(template):
    """The exceptions of cfn-guard, as pairs of rule and resource."""
    for name, resource in template["Resources"].items():
        for rule in resource.get("Metadata", {}).get("guard", {}).get("SuppressedRules", []):
            yield rule, name


def guard(package, path):
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    system = "macos" if platform.system() == "Darwin" else "ubuntu"
    command = [f"{package}/bin/{system}/{machine}/cfn-guard", "validate", "--data", path, "--structured"]
    command += ["--rules", f"{package}/rules/control-tower/cfn-guard", "--show-summary", "none", "--output-format", "json"]
    result = subprocess.run(command, capture_output=True, text=True)
    # 0: all rules pass, 19: some do not. Anything else is an error of cfn-guard.
    if result.returncode not in (0, 19):
        print(result.stdout, result.stderr)
        return 1
    (report,) = json.loads(result.stdout)
    if len(report["compliant"]) < 10:
        print(f"cfn-guard: only {len(report['compliant'])} rules apply")
        return 1
    found = set()
    for rule in (each["Rule"] for each in report["not_compliant"]):
        resources = re.findall(r"/Resources/(\w+)", json.dumps(rule))
        found |= {(rule["name"], name) for name in resources or ["no resource"]}
    with open(path) as file:
        accepted = set(suppressed(json.load(file)))
    for rule, name in sorted(found - accepted):
        print(f"cfn-guard: {rule}: {name}")
    # SAM copies the metadata of a function to resources that it makes for it, whose names begin with the function's.
    unused = [(rule, name) for rule, name in sorted(accepted) if not any(rule == r and name.startswith(n) for r, n in found)]
    for rule, name in unused:
        print(f"cfn-guard: {rule}: {name} passes, although its metadata excepts it")
    print(f"cfn-guard: {len(report['compliant'])} rules pass, {len(accepted)} findings accepted", flush=True)
    return int(bool(found - accepted or unused))


def main(environment, python, package):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "expanded.json")
        if expand(python, path):
            return 1
        tools = f"{environment}/bin"
        codes = [
            run("cfn-lint", f"{tools}/cfn-lint"),
            # The partition is resolved, which is what I3042 finds.
            run("cfn-lint, expanded", f"{tools}/cfn-lint", "--ignore-checks", "I3042", "--template", path),
            run("checkov", f"{tools}/checkov", "--file", path, "--framework", "cloudformation", *CHECKOV_OPTIONS),
        ]
        if package:
            codes.append(guard(package, path))
    return int(any(codes))


sys.exit(main(*sys.argv[1:]))
