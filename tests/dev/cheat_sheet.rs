//! Lines to paste into another terminal.

use harness::Stack;
use serde_json::Value;

use crate::show;

/// Prints the lines with this stack's own addresses.
pub(crate) fn print(stack: &Stack) {
    let described = stack.describe();
    let sheet = Sheet::of(&described);
    for lines in [
        sheet.begin(),
        sheet.make_jobs(),
        sheet.look_after_jobs(),
        sheet.operate(),
        sheet.look_behind(),
        sheet.play(),
    ] {
        show::line(&lines);
    }
    show::line("Ctrl-C ends it.");
}

/// What the lines are made of.
struct Sheet<'a> {
    described: &'a Value,
    simulator: &'a Value,
    /// JSON of three banner ids.
    banners: String,
    submit: &'a str,
    aws: &'a str,
}

impl<'a> Sheet<'a> {
    fn of(described: &'a Value) -> Self {
        let simulator = &described["providers"]["abyssale"];
        let banners: Vec<&Value> = simulator["banner_ids"].as_array().into_iter().flatten().take(3).collect();
        let banners = serde_json::to_string(&banners).unwrap_or_default();
        let text = |name: &str| described[name].as_str().unwrap_or_default();
        Self { described, simulator, banners, submit: text("submit_url"), aws: text("aws_endpoint") }
    }

    fn text(&self, name: &str) -> &str {
        self.described[name].as_str().unwrap_or_default()
    }

    fn begin(&self) -> String {
        format!(
            r#"
Paste into another terminal:

# once: the local cloud's keys, and the operator's command line
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

    fn make_jobs(&self) -> String {
        let Self { banners, submit, aws, .. } = self;
        let design = &self.simulator["designs"]["static"][0]["id"];
        format!(
            r#"# submit an export; the same key again gives the same job
curl -sS {submit}/jobs -H 'content-type: application/json' -H 'idempotency-key: spring-1' \
  -d '{{"provider":"abyssale","kind":"export","banner_ids":{banners},"metadata":{{"campaign":"spring"}}}}' | tee job.json
JOB=$(sed 's/.*"job_id":"\([^"]*\)".*/\1/' job.json)
landfall submit '{{"provider":"abyssale","kind":"export","banner_ids":{banners}}}' --wait

# a generation in every format of a design, and one picture while you wait
curl -sS {submit}/jobs -H 'content-type: application/json' \
  -d '{{"provider":"abyssale","kind":"generation","design_id":{design},"image_file_type":"png"}}'
curl -sS {submit}/jobs -H 'content-type: application/json' \
  -d '{{"provider":"abyssale","kind":"image","design_id":{design},"image_file_type":"webp"}}'

# the same by direct invocation, as Step Functions does it
echo '{{"command":"submit","provider":"abyssale","kind":"export","banner_ids":{banners}}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name submit --payload fileb://payload.json answer.json
cat answer.json
"#
        )
    }

    fn look_after_jobs(&self) -> String {
        let Self { submit, .. } = self;
        format!(
            r#"# ask how it is, and what there is besides
curl -sS {submit}/jobs/$JOB
curl -sS "{submit}/jobs?status=stored&metadata.campaign=spring&limit=5"
landfall get $JOB
landfall list --status stored,partial --all
curl -sS {submit}/openapi.json -o openapi.json

# bring its files here, the archive, or a URL to hand on
landfall download $JOB --to landed
curl -sSL {submit}/jobs/$JOB/archive -o archive.zip
FILE=$(curl -sS {submit}/jobs/$JOB | sed 's/.*"download":"\([^"]*files[^"]*\)".*/\1/')
curl -sSL {submit}$FILE -o file
landfall link $JOB --archive

# try one again that did not go well, ask for its work anew, or hand its last delivery over again;
# what is stored is refused
curl -sS -X POST {submit}/jobs/$JOB/retry
curl -sS {submit}/jobs/$JOB/retry -H 'content-type: application/json' -d '{{"resubmit":true}}'
curl -sS -X POST {submit}/jobs/$JOB/replay
landfall retry $JOB --wait
landfall replay $JOB

# give one up
curl -sS -X POST {submit}/jobs/$JOB/cancel
landfall cancel $JOB
"#
        )
    }

    fn operate(&self) -> String {
        let Self { aws, .. } = self;
        format!(
            r#"# whether everything is in order, a new signing secret, and one for callers' webhooks
landfall check abyssale
landfall signing-secret abyssale rotate
landfall webhook-secret rotate
echo '{{"command":"check","provider":"abyssale"}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name submit --payload fileb://payload.json answer.json && cat answer.json

# look after silent jobs now instead of within a minute
echo '{{"command":"sweep","ahead_seconds":3600}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name landing --payload fileb://payload.json answer.json && cat answer.json
"#
        )
    }

    fn look_behind(&self) -> String {
        format!(
            r#"# what is in the bucket, and one job of it
aws --endpoint-url {s3} s3 ls --recursive s3://{bucket}
aws --endpoint-url {s3} s3 cp --recursive --exclude '*' --include "*$JOB*" s3://{bucket} ./landed

# the job as DynamoDB has it
aws --endpoint-url {dynamodb} dynamodb query --table-name {table} --key-condition-expression 'pk = :job' \
  --expression-attribute-values "{{\":job\":{{\"S\":\"$JOB\"}}}}"

# the queue
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

    fn play(&self) -> String {
        let admin = self.simulator["admin_url"].as_str().unwrap_or_default();
        format!(
            r#"# let the provider's next archive be expired, or be a file of yours
curl -sS -X POST {admin}/faults -H 'content-type: application/json' -d '{{"on":"archive","kind":"expired"}}'
curl -sS -X PUT {admin}/archive -H 'content-type: application/zip' --data-binary @your.zip

# everything that the simulator can do
curl -sS {admin}/
"#
        )
    }
}
