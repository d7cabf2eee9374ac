//! The cheat sheet: commands to paste into another terminal.

use harness::Stack;
use serde_json::Value;

use crate::show;

/// Prints the commands with the addresses of this stack.
pub(crate) fn print(stack: &Stack) {
    let described = stack.describe();
    let sheet = CheatSheet::new(&described);
    for lines in [
        sheet.set_up(),
        sheet.submit_jobs(),
        sheet.manage_jobs(),
        sheet.operate(),
        sheet.inspect_resources(),
        sheet.control_simulator(),
    ] {
        show::line(&lines);
    }
    show::line("Press Ctrl-C to stop.");
}

/// The values that the commands contain.
struct CheatSheet<'a> {
    described: &'a Value,
    simulator: &'a Value,
    /// Three banner ids, as JSON.
    banners: String,
    submit: &'a str,
    aws: &'a str,
}

impl<'a> CheatSheet<'a> {
    fn new(described: &'a Value) -> Self {
        let simulator = &described["providers"]["abyssale"];
        let banners: Vec<&Value> = simulator["banner_ids"].as_array().into_iter().flatten().take(3).collect();
        let banners = serde_json::to_string(&banners).unwrap_or_default();
        let text = |name: &str| described[name].as_str().unwrap_or_default();
        Self { described, simulator, banners, submit: text("submit_url"), aws: text("aws_endpoint") }
    }

    fn text(&self, name: &str) -> &str {
        self.described[name].as_str().unwrap_or_default()
    }

    fn set_up(&self) -> String {
        format!(
            r#"
Paste into another terminal:

# once: the credentials of the local cloud, and the command line
export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={region}
export AWS_ENDPOINT_URL={aws} LANDFALL_FUNCTION=submit
landfall() {{ cargo run --quiet --package landfall -- "$@"; }}
"#,
            key = self.text("access_key_id"),
            secret = self.text("secret_access_key"),
            region = self.text("region"),
            aws = self.aws,
        )
    }

    fn submit_jobs(&self) -> String {
        let Self { banners, submit, aws, .. } = self;
        let design = &self.simulator["designs"]["static"][0]["id"];
        format!(
            r#"# submit an export; the same idempotency key returns the same job
curl -sS {submit}/jobs -H 'content-type: application/json' -H 'idempotency-key: spring-1' \
  -d '{{"provider":"abyssale","kind":"export","banner_ids":{banners},"metadata":{{"campaign":"spring"}}}}' | tee job.json
JOB=$(sed 's/.*"job_id":"\([^"]*\)".*/\1/' job.json)
landfall submit '{{"provider":"abyssale","kind":"export","banner_ids":{banners}}}' --wait

# generate every format of a design, and one image synchronously
curl -sS {submit}/jobs -H 'content-type: application/json' \
  -d '{{"provider":"abyssale","kind":"generation","design_id":{design},"image_file_type":"png"}}'
curl -sS {submit}/jobs -H 'content-type: application/json' \
  -d '{{"provider":"abyssale","kind":"image","design_id":{design},"image_file_type":"webp"}}'

# submit by direct invocation, as Step Functions does
echo '{{"command":"submit","provider":"abyssale","kind":"export","banner_ids":{banners}}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name submit --payload fileb://payload.json response.json
cat response.json
"#
        )
    }

    fn manage_jobs(&self) -> String {
        let Self { submit, .. } = self;
        format!(
            r#"# get the job, and list jobs
curl -sS {submit}/jobs/$JOB
curl -sS "{submit}/jobs?status=stored&metadata.campaign=spring&limit=5"
landfall get $JOB
landfall list --status stored,partial --all
curl -sS {submit}/openapi.json -o openapi.json

# download the job's files or its archive, or create a presigned URL
landfall download $JOB --to landed
curl -sSL {submit}/jobs/$JOB/archive -o archive.zip
FILE=$(curl -sS {submit}/jobs/$JOB | sed 's/.*"download":"\([^"]*files[^"]*\)".*/\1/')
curl -sSL {submit}$FILE -o file
landfall link $JOB --archive

# retry a failed or partial job, submit its work again, or replay its last delivery;
# rejected if the job is stored
curl -sS -X POST {submit}/jobs/$JOB/retry
curl -sS {submit}/jobs/$JOB/retry -H 'content-type: application/json' -d '{{"resubmit":true}}'
curl -sS -X POST {submit}/jobs/$JOB/replay
landfall retry $JOB --wait
landfall replay $JOB

# cancel the job
curl -sS -X POST {submit}/jobs/$JOB/cancel
landfall cancel $JOB
"#
        )
    }

    fn operate(&self) -> String {
        let Self { aws, .. } = self;
        format!(
            r#"# check the configuration, rotate the signing secret, and rotate the secret of callers' webhooks
landfall check abyssale
landfall signing-secret abyssale rotate
landfall webhook-secret rotate
echo '{{"command":"check","provider":"abyssale"}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name submit --payload fileb://payload.json response.json && cat response.json

# sweep silent jobs now instead of within a minute
echo '{{"command":"sweep","ahead_seconds":3600}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name landing --payload fileb://payload.json response.json && cat response.json
"#
        )
    }

    fn inspect_resources(&self) -> String {
        format!(
            r#"# list the bucket, and download the objects of one job
aws --endpoint-url {s3} s3 ls --recursive s3://{bucket}
aws --endpoint-url {s3} s3 cp --recursive --exclude '*' --include "*$JOB*" s3://{bucket} ./landed

# the job's items in DynamoDB
aws --endpoint-url {dynamodb} dynamodb query --table-name {table} --key-condition-expression 'pk = :job' \
  --expression-attribute-values "{{\":job\":{{\"S\":\"$JOB\"}}}}"

# the delivery queue
aws --endpoint-url {aws} sqs get-queue-attributes --queue-url {queue} --attribute-names All
"#,
            s3 = self.text("s3_endpoint"),
            dynamodb = self.text("dynamodb_endpoint"),
            aws = self.aws,
            bucket = self.text("bucket"),
            table = self.text("table"),
            queue = self.text("delivery_queue_url"),
        )
    }

    fn control_simulator(&self) -> String {
        let admin = self.simulator["admin_url"].as_str().unwrap_or_default();
        format!(
            r#"# make the provider's next archive expired, or replace it with your file
curl -sS -X POST {admin}/faults -H 'content-type: application/json' -d '{{"on":"archive","kind":"expired"}}'
curl -sS -X PUT {admin}/archive -H 'content-type: application/zip' --data-binary @your.zip

# list all features of the simulator's Admin endpoint
curl -sS {admin}/
"#
        )
    }
}
