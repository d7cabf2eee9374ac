//! Lines to paste into another terminal.

use harness::Stack;
use serde_json::Value;

use crate::show;

/// Prints the lines with this stack's own addresses.
pub(crate) fn print(stack: &Stack) {
    let described = stack.describe();
    let simulator = &described["providers"]["abyssale"];
    let banners: Vec<&Value> = simulator["banner_ids"].as_array().into_iter().flatten().take(3).collect();
    let banners = serde_json::to_string(&banners).unwrap_or_default();
    let design = &simulator["designs"]["static"][0]["id"];
    let text = |name: &str| described[name].as_str().unwrap_or_default();
    let admin = simulator["admin_url"].as_str().unwrap_or_default();
    show::line(&format!(
        r#"
Paste into another terminal:

# once: the local cloud's keys
export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={region}

# submit an export; the same key again gives the same job
curl -sS {submit}/jobs -H 'content-type: application/json' -H 'idempotency-key: spring-1' \
  -d '{{"provider":"abyssale","kind":"export","banner_ids":{banners},"metadata":{{"campaign":"spring"}}}}' | tee job.json
JOB=$(sed 's/.*"job_id":"\([^"]*\)".*/\1/' job.json)

# a generation in every format of a design, and one picture while you wait
curl -sS {submit}/jobs -H 'content-type: application/json' \
  -d '{{"provider":"abyssale","kind":"generation","design_id":{design},"image_file_type":"png"}}'
curl -sS {submit}/jobs -H 'content-type: application/json' \
  -d '{{"provider":"abyssale","kind":"image","design_id":{design},"image_file_type":"webp"}}'

# ask how it is
curl -sS {submit}/jobs/$JOB

# the same by direct invocation, as Step Functions does it
echo '{{"command":"submit","provider":"abyssale","kind":"export","banner_ids":{banners}}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name submit --payload fileb://payload.json answer.json
cat answer.json

# whether everything is in order, and a new signing secret
echo '{{"command":"check","provider":"abyssale"}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name submit --payload fileb://payload.json answer.json && cat answer.json
echo '{{"command":"signing_secret","provider":"abyssale","action":"rotate"}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name submit --payload fileb://payload.json answer.json && cat answer.json

# what is in the bucket, and one archive
aws --endpoint-url {s3} s3 ls --recursive s3://{bucket}
aws --endpoint-url {s3} s3 cp --recursive --exclude '*' --include "*$JOB*" s3://{bucket} ./landed

# the job as DynamoDB has it
aws --endpoint-url {dynamodb} dynamodb query --table-name {table} --key-condition-expression 'pk = :job' \
  --expression-attribute-values "{{\":job\":{{\"S\":\"$JOB\"}}}}"

# look after silent jobs now instead of within a minute
echo '{{"command":"sweep","ahead_seconds":3600}}' > payload.json
aws --endpoint-url {aws} lambda invoke --function-name landing --payload fileb://payload.json answer.json && cat answer.json

# the queue
aws --endpoint-url {aws} sqs get-queue-attributes --queue-url {queue} --attribute-names All

# let the provider's next archive be expired, or be a file of yours
curl -sS -X POST {admin}/faults -H 'content-type: application/json' -d '{{"on":"archive","kind":"expired"}}'
curl -sS -X PUT {admin}/archive -H 'content-type: application/zip' --data-binary @your.zip

# everything that the simulator can do
curl -sS {admin}/

Ctrl-C ends it."#,
        key = text("access_key_id"),
        secret = text("secret_access_key"),
        region = text("region"),
        submit = text("submit_url"),
        aws = text("aws_endpoint"),
        s3 = text("s3_endpoint"),
        dynamodb = text("dynamodb_endpoint"),
        bucket = text("bucket"),
        table = text("table"),
        queue = text("inbox_queue_url"),
    ));
}
