//! The metrics in the code, in the list of metrics, in the document, and in the dashboard and alarms of `template.yaml` are
//! the same.

use std::{collections::BTreeSet, fs, path::PathBuf};

use runtime::{METRICS, NAMESPACE};

use crate::{
    root,
    source_files::add_sources,
    template::{resource, resources, setting},
};

/// The file with the list of metrics, which emits none itself.
const LIST: &str = "shared/runtime/src/metrics.rs";

/// Returns the code of the shipped crates, without tests.
fn shipped_code() -> String {
    let mut found: Vec<PathBuf> = vec![];
    for folder in ["functions", "shared"] {
        add_sources(&root().join(folder), &mut found);
    }
    let counting = found.iter().filter(|file| !file.ends_with(LIST) && !file.ends_with("tests.rs"));
    let code = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("text");
        text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
    };
    counting.map(code).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("text")
}

/// Returns every text between `before` and `after`.
fn between<'t>(text: &'t str, before: &str, after: &str) -> BTreeSet<&'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(found, _)| found).collect()
}

fn listed() -> BTreeSet<&'static str> {
    METRICS.iter().map(|metric| metric.name).collect()
}

#[test]
fn every_emitted_metric_is_listed() {
    let code = shipped_code();
    let counted = between(&code, "metric = \"", "\"");
    assert!(counted.len() > 10, "the log events with metrics are found");
    assert_eq!(counted.difference(&listed()).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in {LIST}");
}

#[test]
fn every_listed_metric_is_emitted() {
    let code = shipped_code();
    let unused: Vec<&str> =
        listed().into_iter().filter(|name| !code.contains(&format!("\"{name}\""))).collect();
    assert_eq!(unused, Vec::<&str>::new(), "not emitted");
}

/// Returns the metrics of this code that an alarm of the template uses.
fn alarmed(template: &str) -> BTreeSet<&str> {
    let names = resources(template).into_iter().filter_map(|name| {
        let (_, rest) = template.split_once(&format!("\n  {name}:\n    Type: AWS::CloudWatch::Alarm\n"))?;
        let (_, metric) = rest.split("\n\n").next()?.split_once(&format!("Namespace: {NAMESPACE}\n"))?;
        metric.split_once("MetricName: ")?.1.lines().next()
    });
    names.collect()
}

/// Returns the metrics of this code that the dashboard shows.
fn shown(template: &str) -> BTreeSet<&str> {
    between(template, &format!("[\"{NAMESPACE}\", \""), "\"")
}

#[test]
fn the_document_names_the_unit_of_every_metric_and_whether_it_has_an_alarm() {
    let document = read("docs/operate.md");
    for metric in METRICS {
        let alarm = if metric.has_alarm { " yes" } else { "" };
        let row = format!("| `{}` | {} |{alarm} | ", metric.name, metric.unit.as_str());
        assert!(document.contains(&row), "docs/operate.md has no row {row}");
    }
}

#[test]
fn the_metrics_that_are_published_by_default_are_those_that_an_alarm_uses() {
    let template = read("template.yaml");
    let published: BTreeSet<&str> =
        METRICS.iter().filter(|metric| metric.has_alarm).map(|m| m.name).collect();
    assert_eq!(published, alarmed(&template));
    let functions = template.split_once("\nGlobals:").and_then(|(_, rest)| rest.split_once("\nResources:"));
    assert!(functions.is_some_and(|(globals, _)| globals.contains("        METRICS: !Ref Watch\n")));
    assert_eq!(setting(&resource(&template, "Watch"), "Default"), "alarms");
}

#[test]
fn the_metrics_that_are_published_on_demand_are_those_that_the_dashboard_shows() {
    assert_eq!(listed(), shown(&read("template.yaml")));
}

#[test]
fn dashboard_and_alarms_use_the_dimension_stack_only() {
    let template = read("template.yaml");
    for name in shown(&template) {
        let widget = format!(r#"["{NAMESPACE}", "{name}", "Stack", "${{AWS::StackName}}"]"#);
        assert!(template.contains(&widget), "{name}");
    }
    let dimensions = "Dimensions:\n        - { Name: Stack, Value: !Ref AWS::StackName }\n      Statistic:";
    for name in alarmed(&template) {
        assert!(template.contains(&format!("MetricName: {name}\n      {dimensions}")), "{name}");
    }
}

#[test]
fn the_document_states_how_many_metrics_cloudwatch_bills() {
    let template = read("template.yaml");
    // A metric filter without a dimension is one metric. It has no default value, so it sends none without a match.
    let filters = template.matches("Type: AWS::Logs::MetricFilter").count();
    assert!(!template.contains("DefaultValue:"), "an idle stack would send the metric of a filter");
    let alarms = METRICS.iter().filter(|metric| metric.has_alarm).count() + filters;
    let all = METRICS.len() + filters;
    let document = read("docs/operate.md");
    for row in [
        "| `none` | 0 metrics | 0 metrics |".to_owned(),
        format!("| `alarms` | {alarms} metrics | 1 metric |"),
        format!("| `all` | {all} metrics | 2 metrics |"),
    ] {
        assert!(document.contains(&row), "docs/operate.md has no row {row}");
    }
    assert!(alarms <= 10, "the free tier covers the default: {alarms}");
}

#[test]
fn the_documented_queries_and_filters_name_listed_metrics() {
    let document = read("docs/operate.md");
    let mut named = between(&document, "filter metric = \"", "\"");
    named.extend(between(&document, "$.metric = \"", "\""));
    assert!(named.len() > 5, "the queries are found: {named:?}");
    assert_eq!(named.difference(&listed()).collect::<Vec<_>>(), Vec::<&&str>::new());
}
