"""Deploy `template.yaml` unchanged, with the SAM CLI and prebuilt artifacts, and describe the stack."""

import os
import subprocess
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

from background_server import ROOT

STACK_NAME = "landfall"
ARTIFACT_BUCKET = "landfall-artifacts"
FUNCTIONS = {"submit": "SubmitFunction", "webhook": "WebhookFunction", "landing": "LandingFunction"}


def build_artifacts():
    """Build both bootstraps for this machine's instruction set and return the folder they are in."""
    command = ["cargo", "lambda", "build", "--release", "--x86-64", "--package", "submit", "--package", "webhook"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    return ROOT / target / "lambda"


def write_built_template(artifacts: Path, folder: Path):
    """Write the template as `sam build` does: each CodeUri points to its artifact."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource["Metadata"]["BuildProperties"]["Binary"]
            if not (artifacts / binary / "bootstrap").is_file():
                raise SystemExit(f"{name} needs {artifacts / binary / 'bootstrap'}, which is missing")
            resource["Properties"]["CodeUri"] = str((artifacts / binary).resolve())
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]
    for document in ("LicenseUrl", "ReadmeUrl"):
        application[document] = str(ROOT / application[document])
    built = folder / "template.yaml"
    built.write_text(yaml_dump(template))
    return built


def deploy(session, endpoint, built: Path, parameters: dict):
    """Deploy the built template and wait for it."""
    session.client("s3", endpoint_url=endpoint).create_bucket(Bucket=ARTIFACT_BUCKET)
    credentials = session.get_credentials()
    command = [str(Path(sys.executable).with_name("sam")), "deploy"]
    command += ["--template-file", str(built), "--stack-name", STACK_NAME, "--s3-bucket", ARTIFACT_BUCKET]
    command += ["--region", session.region_name, "--capabilities", "CAPABILITY_IAM"]
    command += ["--no-confirm-changeset", "--no-progressbar"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_DISABLE_UPDATE_CHECK": "1",
    }
    log = built.parent / "sam-deploy.log"
    with log.open("wb") as output:
        # Runs in another folder, so that no samconfig.toml applies and prompts.
        status = subprocess.run(command, cwd=built.parent, env=environment, stdout=output, stderr=output).returncode
    if status:
        raise SystemExit(f"{log.read_text()[-4000:]}\nsam deploy ended with status {status}; the complete log is in {log}")


def outputs(session, endpoint, stack_name=STACK_NAME):
    """Return the stack's outputs as a dictionary."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def resource(session, endpoint, logical_id, stack_name=STACK_NAME):
    """Return the physical id of one resource of the stack."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    found = cloudformation.describe_stack_resource(StackName=stack_name, LogicalResourceId=logical_id)
    return found["StackResourceDetail"]["PhysicalResourceId"]


def describe(session, endpoint, urls: dict, stack_name=STACK_NAME):
    """Return the description of the stack that the tests read. `urls` are the URLs of its two APIs."""
    found = outputs(session, endpoint, stack_name)
    credentials = session.get_credentials()
    return {
        "submit_url": urls["SubmitApi"],
        "webhook_url": urls["WebhookApi"],
        "region": session.region_name,
        "access_key_id": credentials.access_key,
        "secret_access_key": credentials.secret_key,
        "session_token": credentials.token,
        "aws_endpoint": endpoint,
        "stack_name": stack_name,
        "bucket": found["BucketName"],
        "table": found["TableName"],
        "delivery_queue_url": found["DeliveryQueueUrl"],
        "long_landings_queue_url": found["LongLandingsQueueUrl"],
        "dead_letter_queue_url": found["DeadLetterQueueUrl"],
        "submissions_queue_url": found["SubmissionsQueueUrl"],
        "failed_invocations_queue_url": found["FailedInvocationsQueueUrl"],
        "secret_id": found["SecretArn"],
        "token_secret_id": found["TokenSecretArn"],
        "functions": {short: found[f"{logical}Name"] for short, logical in FUNCTIONS.items()},
    }

