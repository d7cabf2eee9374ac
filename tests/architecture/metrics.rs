//! The metrics in the code, in the list of metrics, in the document, and in the dashboard and alarms of `template.yaml` are
//! the same.

use std::{collections::BTreeSet, fs, path::PathBuf};

use runtime::{METRICS, NAMESPACE};

use crate::{root, source_files::add_sources};

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

#[test]
fn the_document_names_the_unit_of_every_metric() {
    let document = read("docs/operate.md");
    for metric in METRICS {
        let row = format!("| `{}` | {} |", metric.name, metric.unit.as_str());
        assert!(document.contains(&row), "docs/operate.md has no row {row}");
    }
}

#[test]
fn dashboard_and_alarms_use_only_listed_metrics() {
    let template = read("template.yaml");
    let shown = between(&template, &format!("[\"{NAMESPACE}\", \""), "\"");
    let alarmed = between(&template, &format!("Namespace: {NAMESPACE}\n      MetricName: "), "\n");
    assert!(shown.len() > 10 && alarmed.len() > 5, "widgets and alarms are found: {shown:?} {alarmed:?}");
    let unknown: Vec<&&str> = shown.union(&alarmed).filter(|name| !listed().contains(**name)).collect();
    assert_eq!(unknown, Vec::<&&str>::new());
}

#[test]
fn the_dashboard_shows_every_metric() {
    let template = read("template.yaml");
    let shown = between(&template, &format!("[\"{NAMESPACE}\", \""), "\"");
    assert_eq!(listed().difference(&shown).collect::<Vec<_>>(), Vec::<&&str>::new());
}
