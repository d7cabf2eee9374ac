//! The event source mappings of `template.yaml` and the queues that they read.

use crate::template::{resource, resources, setting, template};

/// A function that receives from a queue.
#[derive(Debug)]
struct EventSource {
    function: String,
    queue: String,
}

fn event_sources(template: &str) -> Vec<EventSource> {
    let mut found = vec![];
    for name in resources(template) {
        let text = resource(template, name);
        if !text.contains("Type: AWS::Serverless::Function") {
            continue;
        }
        let queues = text.lines().filter_map(|line| line.trim().strip_prefix("Queue: !GetAtt "));
        found.extend(queues.map(|queue| EventSource {
            function: name.to_owned(),
            queue: queue.trim_end_matches(".Arn").to_owned(),
        }));
    }
    assert!(found.len() >= 3, "the event sources are found: {found:?}");
    found
}

/// Returns a number of a resource; a reference to a parameter counts as its largest permitted value.
fn largest(template: &str, resource_name: &str, name: &str) -> u64 {
    let text = resource(template, resource_name);
    let value = setting(&text, name);
    let parameter = value.strip_prefix("!Ref ").map(|parameter| resource(template, parameter));
    let value = parameter.as_ref().map_or(value, |parameter| setting(parameter, "MaxValue"));
    value.parse().unwrap_or_else(|_| panic!("{resource_name}.{name}: {value}"))
}

#[test]
fn the_visibility_timeout_of_a_queue_is_longer_than_its_function_runs() {
    let template = template();
    for source in event_sources(&template) {
        let timeout = largest(&template, &source.function, "Timeout");
        let visibility = largest(&template, &source.queue, "VisibilityTimeout");
        // Lambda rejects the mapping if it is shorter (AWS Lambda Developer Guide, "Configuring a queue to use with Lambda").
        // If it is equal, a message can become visible again while its invocation ends.
        assert!(visibility > timeout, "{source:?}: {visibility} s for an invocation of {timeout} s");
    }
}

#[test]
fn every_event_source_reports_the_messages_that_failed() {
    let template = template();
    let reports = |text: &str| text.matches("FunctionResponseTypes: [ReportBatchItemFailures]").count();
    let reporting: usize = resources(&template).iter().map(|name| reports(&resource(&template, name))).sum();
    assert_eq!(reporting, event_sources(&template).len());
}
