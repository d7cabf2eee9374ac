//! Asynchronous invocations of the submit function in `template.yaml`: none that fails is lost, and a redrive finds the job that an
//! earlier attempt created.

use crate::{
    roles::statements,
    template::{resource, setting, template},
};

const QUEUE: &str = "FailedInvocationsQueue";

/// Returns a number of seconds.
fn seconds(resource: &str, name: &str) -> i64 {
    setting(resource, name).parse().unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn a_failed_invocation_is_sent_to_its_queue_with_the_role_of_the_function() {
    let template = template();
    let function = resource(&template, "SubmitFunction");
    assert!(function.contains("OnFailure:\n            Type: SQS\n"), "{function}");
    // The ARN: Lambda rejects the URL, which `!Ref` returns.
    assert_eq!(setting(&function, "Destination"), format!("!GetAtt {QUEUE}.Arn"));
    let may_send = statements().into_iter().any(|statement| {
        statement.role == "SubmitRole"
            && statement.has("sqs:SendMessage")
            && statement.resource.contains(QUEUE)
    });
    assert!(may_send, "Lambda sends the record with the role of the function");
}

#[test]
fn an_idempotency_key_is_remembered_longer_than_a_record_can_be_redriven() {
    let template = template();
    let retention = seconds(&resource(&template, QUEUE), "MessageRetentionPeriod");
    // The key is as old as the first attempt, and the record is sent after the last one.
    let event_age = seconds(&resource(&template, "SubmitFunction"), "MaximumEventAgeInSeconds");
    let key = job_store::KEY_TTL_SECONDS;
    assert!(key > retention + event_age, "{key} s after a retention of {retention} s and {event_age} s");
}

#[test]
fn alarms_watch_the_queue_and_records_that_do_not_reach_it() {
    let template = template();
    let failed = resource(&template, "FailedInvocationsAlarm");
    assert!(failed.contains(&format!("Value: !GetAtt {QUEUE}.QueueName")), "{failed}");
    assert_eq!(setting(&failed, "MetricName"), "ApproximateNumberOfMessagesVisible");
    let lost = resource(&template, "LostInvocationsAlarm");
    assert!(lost.contains("Value: !Ref SubmitFunction"), "{lost}");
    assert_eq!(setting(&lost, "MetricName"), "DestinationDeliveryFailures");
}
