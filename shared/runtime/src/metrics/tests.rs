//! Lines with a metric are documents of the Embedded Metric Format.

use std::collections::BTreeSet;

use super::*;
use crate::log::tests::lines_with;

/// The schema of CloudWatch's Embedded Metric Format, after its specification.
const SCHEMA: &str = include_str!("embedded_metric_format.json");

fn metric_line() -> Value {
    let mut lines = lines_with(&[("METRICS", "all")], || {
        tracing::info!(
            metric = "BytesLanded",
            value = 354_633_u64,
            provider = "abyssale",
            job_id = "j",
            "landed"
        );
    });
    lines.remove(0)
}

/// The names of the listed metrics that are published with this setting, in the order of the list.
fn published(setting: &str) -> Vec<&'static str> {
    let lines = lines_with(&[("METRICS", setting)], || {
        for metric in METRICS {
            tracing::info!(metric = metric.name, count = 1, provider = "abyssale", "counted");
        }
    });
    assert_eq!(lines.len(), METRICS.len(), "every line is written");
    let embedded = METRICS.iter().zip(lines).filter(|(_, line)| line.get("_aws").is_some());
    embedded.map(|(metric, _)| metric.name).collect()
}

#[test]
fn a_line_with_a_metric_is_a_document_of_the_embedded_metric_format() {
    let schema = serde_json::from_str(SCHEMA).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let line = metric_line();
    assert!(schema.is_valid(&line), "{line:#}");
    // The schema rejects invalid documents.
    for (pointer, wrong) in [
        ("/_aws/Timestamp", json!("now")),
        ("/_aws/CloudWatchMetrics/0/Metrics/0/Unit", json!("Files")),
        ("/_aws/CloudWatchMetrics/0/Namespace", json!("")),
    ] {
        let mut invalid = line.clone();
        *invalid.pointer_mut(pointer).expect("a member") = wrong;
        assert!(!schema.is_valid(&invalid), "{pointer}");
    }
}

#[test]
fn the_line_contains_the_metric_and_the_dimensions_of_its_metadata() {
    let line = metric_line();
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Metrics"], json!([{ "Name": "BytesLanded", "Unit": "Bytes" }]));
    assert_eq!(line["BytesLanded"], 354_633);
    // CloudWatch bills each combination of dimensions as a metric.
    assert_eq!(directive["Dimensions"], json!([["Stack"]]));
    assert_eq!(line["Stack"], "spring");
    // Provider and id are no dimensions, and can be searched.
    assert_eq!((&line["provider"], &line["job_id"]), (&json!("abyssale"), &json!("j")));
}

#[test]
fn the_setting_selects_the_metrics_that_are_published() {
    let alarmed: Vec<&str> = METRICS.iter().filter(|metric| metric.has_alarm).map(|m| m.name).collect();
    let all: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(published("none"), Vec::<&str>::new());
    assert_eq!(published("alarms"), alarmed);
    assert_eq!(published("all"), all);
    assert_eq!(published(""), alarmed, "the default");
}

#[test]
fn a_metric_that_is_not_published_is_a_line_that_can_be_searched() {
    let lines =
        lines_with(&[("METRICS", "none")], || tracing::info!(metric = "JobsSwept", count = 0, "swept"));
    let line = lines.first().expect("a line");
    assert_eq!((&line["metric"], &line["count"]), (&json!("JobsSwept"), &json!(0)));
    assert_eq!(line.get("_aws"), None);
}

#[test]
fn a_line_without_a_number_is_not_a_metric() {
    let swept = || tracing::info!(metric = "JobsSwept", count = "many", "swept");
    let lines = lines_with(&[("METRICS", "all")], swept);
    assert_eq!(lines.first().expect("a line").get("_aws"), None);
}

#[test]
fn fewer_than_a_hundred_metrics_are_listed_and_each_once() {
    let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), METRICS.len());
    assert!(names.len() < 100);
}
