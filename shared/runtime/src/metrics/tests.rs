//! Lines with a metric are documents of the Embedded Metric Format.

use std::collections::BTreeSet;

use super::*;
use crate::log::tests::lines;

/// The schema of CloudWatch's Embedded Metric Format, after its specification.
const SCHEMA: &str = include_str!("embedded_metric_format.json");

fn metric_line() -> Value {
    let mut lines = lines("info", || {
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
    assert_eq!(directive["Dimensions"], json!([["Stack"], ["Stack", "Provider"]]));
    assert_eq!((&line["Stack"], &line["Provider"]), (&json!("spring"), &json!("abyssale")));
    // An id is not a dimension, and can be searched.
    assert_eq!(line["job_id"], "j");
}

#[test]
fn a_metric_without_a_provider_has_no_provider_dimension() {
    let lines = lines("info", || tracing::info!(metric = "JobsSwept", count = 0, "swept"));
    let line = lines.first().expect("a line");
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Stack"]]));
    assert_eq!(line["JobsSwept"], 0);
}

#[test]
fn a_line_without_a_number_is_not_a_metric() {
    let lines = lines("info", || tracing::info!(metric = "JobsSwept", count = "many", "swept"));
    assert_eq!(lines.first().expect("a line").get("_aws"), None);
}

#[test]
fn fewer_than_a_hundred_metrics_are_listed_and_each_once() {
    let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), METRICS.len());
    assert!(names.len() < 100);
}
