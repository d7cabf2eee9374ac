//! The values in `template.yaml` that repeat the code, and its dashboard, which no linter checks.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::root;

pub(crate) fn template() -> String {
    fs::read_to_string(root().join("template.yaml")).expect("text")
}

/// Returns the names of all resources.
pub(crate) fn resources(template: &str) -> Vec<&str> {
    let lines = template.lines().skip_while(|line| *line != "Resources:").skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let top = lines.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    top.filter(|name| name.chars().all(char::is_alphanumeric)).collect()
}

/// Returns the lines of a resource or a parameter, by its logical name.
pub(crate) fn resource(template: &str, name: &str) -> String {
    let after = template.lines().skip_while(|line| *line != format!("  {name}:")).skip(1);
    let lines: Vec<&str> = after.take_while(|line| line.is_empty() || line.starts_with("   ")).collect();
    assert!(!lines.is_empty(), "the template has no {name}");
    lines.join("\n")
}

/// Returns the value of a key that occurs once.
pub(crate) fn setting<'t>(resource: &'t str, name: &str) -> &'t str {
    let prefix = format!("{name}:");
    let mut found = resource.lines().filter_map(|line| line.trim().strip_prefix(&prefix));
    let value = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(found.next(), None, "{name} is set twice");
    value.trim()
}

#[test]
fn the_caller_webhook_queue_allows_as_many_receives_as_the_worker_makes_attempts() {
    let template = template();
    let attempts = setting(&resource(&template, "CallerWebhooksQueue"), "maxReceiveCount").parse();
    assert_eq!(
        attempts,
        Ok(webhook::CALLER_ATTEMPTS),
        "maxReceiveCount of the queue is the worker's number of attempts"
    );
}

#[test]
fn the_harness_has_the_batch_size_of_the_caller_webhook_queue() {
    let template = template();
    let (_, mapping) = template.split_once("Queue: !GetAtt CallerWebhooksQueue.Arn").expect("a mapping");
    let (mapping, _) = mapping.split_once("MaximumConcurrency").expect("its concurrency");
    let number = |name: &str| setting(mapping, name).parse::<usize>().expect("a number");
    assert_eq!(number("BatchSize"), harness::CALLERS_BATCH_SIZE);
    // AWS: "when you set BatchSize to a value greater than 10, you must set MaximumBatchingWindowInSeconds to at
    // least 1".
    assert!(number("MaximumBatchingWindowInSeconds") >= 1);
}

#[test]
fn the_document_states_how_long_the_name_of_a_stack_may_be() {
    // SQS API Reference, CreateQueue: "A queue name can have up to 80 characters."
    const MAX_QUEUE_NAME: usize = 80;
    let template = template();
    let suffixes =
        template.lines().filter_map(|line| line.trim().strip_prefix("QueueName: !Sub ${AWS::StackName}"));
    let longest = suffixes.map(str::len).max().expect("queues with names");
    let document = fs::read_to_string(root().join("docs/deploy.md")).expect("text");
    let row = format!("| Stack name | at most {} characters", MAX_QUEUE_NAME - longest);
    assert!(document.contains(&row), "docs/deploy.md has no row {row}");
}

#[test]
fn the_dashboard_is_valid_json_and_no_widgets_overlap() {
    let template = template();
    let dashboard = resource(&template, "Dashboard");
    let (_, body) = dashboard.split_once("DashboardBody: !Sub |\n").expect("a body");
    let body: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("no JSON: {e}"));
    let mut taken = BTreeSet::new();
    for widget in body["widgets"].as_array().expect("widgets") {
        let number = |name: &str| widget[name].as_u64().unwrap_or_else(|| panic!("no {name}: {widget}"));
        assert!(number("x") + number("width") <= 24, "wider than the grid: {widget}");
        for x in number("x")..number("x") + number("width") {
            for y in number("y")..number("y") + number("height") {
                assert!(taken.insert((x, y)), "overlaps another widget: {widget}");
            }
        }
        assert!(widget["properties"]["title"].is_string(), "{widget}");
    }
    assert!(!taken.is_empty(), "the widgets are found");
}

#[test]
fn the_generated_secret_never_changes_and_everything_else_is_added_by_the_submit_function() {
    let template = template();
    // A change of these lines makes CloudFormation overwrite the secret of every existing stack, with the keys of the
    // providers: <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1161>.
    let generated = r#"
      GenerateSecretString:
        SecretStringTemplate: >-
          {"providers":{"abyssale":{"api_key":"","signing_secrets":[]}},"previous_callback_keys":[]}
        GenerateStringKey: callback_key
        PasswordLength: 64
        ExcludePunctuation: true
"#;
    let secret = format!("{}\n", resource(&template, "Secret").trim_end());
    assert!(secret.ends_with(generated), "{secret}");
    let submit = resource(&template, "SubmitFunction");
    let (_, schedule) = submit.split_once("        CompleteSecret:\n").expect("a schedule");
    assert_eq!(setting(schedule, "Type"), "ScheduleV2");
    assert_eq!(setting(schedule, "Input"), r#"'{"command": "complete_secret"}'"#);
}

#[test]
fn a_schedule_reads_the_credits_that_the_alarm_watches() {
    let template = template();
    let submit = resource(&template, "SubmitFunction");
    let (_, schedule) = submit.split_once("        ReadCredits:\n").expect("a schedule");
    let (schedule, _) = schedule.split_once("        CompleteSecret:\n").expect("the next one");
    assert_eq!(setting(schedule, "Input"), r#"'{"command": "read_credits"}'"#);
    assert_eq!(setting(schedule, "ScheduleExpression"), "rate(1 hour)");
    let alarm = resource(&template, "FewCreditsAlarm");
    assert_eq!(
        (setting(&alarm, "Period"), setting(&alarm, "Threshold")),
        ("3600", "!Ref AbyssaleCreditsWarning")
    );
}
