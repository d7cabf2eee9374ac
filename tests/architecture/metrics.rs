//! The metrics: what the code counts, what is listed, what the document explains, and what the dashboard and the alarms of
//! `template.yaml` show are the same.

use std::{collections::BTreeSet, fs, path::PathBuf};

use runtime::{METRICS, NAMESPACE};

use crate::{rooms::sources, root};

/// Where the list of metrics stands, which counts nothing itself.
const LIST: &str = "shared/runtime/src/metrics.rs";

/// The sources of what is shipped, tests left out.
fn shipped() -> String {
    let mut found: Vec<PathBuf> = vec![];
    for folder in ["functions", "shared"] {
        sources(&root().join(folder), &mut found);
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

/// What stands between these two, each time.
fn between<'t>(text: &'t str, before: &str, after: &str) -> BTreeSet<&'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(found, _)| found).collect()
}

fn listed() -> BTreeSet<&'static str> {
    METRICS.iter().map(|metric| metric.name).collect()
}

#[test]
fn whatever_is_counted_is_listed() {
    let code = shipped();
    let counted = between(&code, "metric = \"", "\"");
    assert!(counted.len() > 10, "the events that count are found");
    assert_eq!(counted.difference(&listed()).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in {LIST}");
}

#[test]
fn whatever_is_listed_is_counted() {
    let code = shipped();
    let idle: Vec<&str> =
        listed().into_iter().filter(|name| !code.contains(&format!("\"{name}\""))).collect();
    assert_eq!(idle, Vec::<&str>::new(), "nobody counts these");
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
fn dashboard_and_alarms_show_only_what_is_counted() {
    let template = read("template.yaml");
    let shown = between(&template, &format!("[\"{NAMESPACE}\", \""), "\"");
    let alarmed = between(&template, &format!("Namespace: {NAMESPACE}\n      MetricName: "), "\n");
    assert!(shown.len() > 10 && alarmed.len() > 5, "they are found: {shown:?} {alarmed:?}");
    let unknown: Vec<&&str> = shown.union(&alarmed).filter(|name| !listed().contains(**name)).collect();
    assert_eq!(unknown, Vec::<&&str>::new());
}

#[test]
fn the_dashboard_shows_everything_that_is_counted() {
    let template = read("template.yaml");
    let shown = between(&template, &format!("[\"{NAMESPACE}\", \""), "\"");
    assert_eq!(listed().difference(&shown).collect::<Vec<_>>(), Vec::<&&str>::new());
}
