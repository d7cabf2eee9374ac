//! The reference tables list exactly what the code has, each item once, and in one table only.

use std::{collections::BTreeSet, fs};

use model::ErrorClass;
use runtime::METRICS;
use serde_json::{Value, json};

use super::{
    markdown::{Document, Row, code, documents},
    settings::settings,
};
use crate::root;

/// The location of a reference table.
pub(super) struct ReferenceTable {
    pub(super) document: &'static str,
    pub(super) heading: &'static str,
}

const SETTINGS: ReferenceTable = ReferenceTable { document: "docs/configuration.md", heading: "Settings" };
const METRIC_TABLE: ReferenceTable = ReferenceTable { document: "docs/operate.md", heading: "Metrics" };
const ERRORS: ReferenceTable = ReferenceTable { document: "docs/api.md", heading: "Errors" };
const ROUTES: ReferenceTable = ReferenceTable { document: "docs/api.md", heading: "Routes" };
const EXIT_CODES: ReferenceTable = ReferenceTable { document: "docs/cli.md", heading: "Exit codes" };

/// The file with the exit codes of the command line.
const EXIT_CODE_FILE: &str = "cli/src/exit_status.rs";

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Returns the item that a row describes: the inline code of its first cell.
fn subject<'t>(row: &Row<'t>) -> Option<&'t str> {
    row.cells.first().and_then(|cell| code(cell))
}

impl ReferenceTable {
    fn contains_row(&self, document: &Document, row: &Row<'_>) -> bool {
        document.path.as_os_str() == self.document && row.heading == self.heading
    }

    /// Checks that the table lists exactly these items, each once, and that no other table has a row for one of them.
    pub(super) fn assert_lists_exactly(&self, expected: &BTreeSet<String>) {
        assert!(expected.len() > 3, "too few items for {} found in the code: {expected:?}", self.document);
        let (mut listed, mut elsewhere) = (vec![], vec![]);
        let documents = documents();
        for document in &documents {
            for row in document.rows() {
                let Some(name) = subject(&row) else { continue };
                if self.contains_row(document, &row) {
                    listed.push(name);
                } else if expected.contains(name) {
                    elsewhere.push(format!("{}: {name}", document.path.display()));
                }
            }
        }
        let unique: BTreeSet<&str> = listed.iter().copied().collect();
        let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
        let missing: Vec<_> = expected.difference(&unique).collect();
        let stale: Vec<_> = unique.difference(&expected).collect();
        let table = format!("{}, {}", self.document, self.heading);
        assert!(missing.is_empty() && stale.is_empty(), "{table}: missing {missing:?}, unknown {stale:?}");
        assert_eq!(listed.len(), unique.len(), "{table} lists an item twice");
        assert_eq!(elsewhere, Vec::<String>::new(), "these belong to {table} only");
    }
}

#[test]
fn every_setting_has_one_row() {
    SETTINGS.assert_lists_exactly(&settings());
}

#[test]
fn every_metric_has_one_row() {
    METRIC_TABLE.assert_lists_exactly(&METRICS.iter().map(|metric| metric.name.to_owned()).collect());
}

/// Collects the names in the JSON Schema of an enum.
fn collect_names(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("const", Value::String(text)) => _ = found.insert(text.clone()),
                    ("enum", Value::Array(texts)) => {
                        found.extend(texts.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => collect_names(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, found)),
        _ => {}
    }
}

fn error_classes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect_names(&json!(schemars::schema_for!(ErrorClass)), &mut found);
    found
}

#[test]
fn every_error_class_has_one_row() {
    ERRORS.assert_lists_exactly(&error_classes());
}

#[test]
fn the_status_and_retryability_of_error_classes_match_the_code() {
    let documents = documents();
    let document = Document::named(&documents, ERRORS.document);
    let rows = document.rows();
    let rows: Vec<&Row<'_>> = rows.iter().filter(|row| ERRORS.contains_row(document, row)).collect();
    for name in error_classes() {
        let class: ErrorClass = serde_json::from_value(json!(name)).expect("a class");
        let row = rows.iter().find(|row| subject(row) == Some(&name)).expect("a row");
        let status = class.http_status().to_string();
        // A dash means that no response has this class.
        assert!([status.as_str(), "–"].contains(&row.cells[1]), "{name} is {status}, not {}", row.cells[1]);
        let retry = if class.is_retryable() { "yes" } else { "no" };
        assert_eq!(row.cells[2], retry, "{name}");
    }
}

#[test]
fn every_exit_code_has_one_row() {
    let source = read(EXIT_CODE_FILE);
    let (_, after) = source.split_once("fn code(self)").expect("the function");
    let (body, _) = after.split_once("\n    }").expect("its end");
    let numbers = body.split("=> ").skip(1).filter_map(|rest| rest.split_once(','));
    EXIT_CODES.assert_lists_exactly(&numbers.map(|(number, _)| number.to_owned()).collect());
}

/// Returns the routes of both HTTP APIs in the template, and those in the OpenAPI description of the submit API.
fn routes() -> BTreeSet<String> {
    let template = read("template.yaml");
    let value = |name: &str, line: &str| line.trim().strip_prefix(name).map(|text| text.trim().to_owned());
    let (mut method, mut found) = (String::new(), BTreeSet::new());
    for line in template.lines() {
        method = value("Method:", line).unwrap_or(method);
        if let Some(path) = value("Path:", line) {
            found.insert(format!("{method} {}", path.replace("+}", "}")));
        }
    }
    let description: Value = serde_json::from_str(&read("functions/submit/openapi.json")).expect("JSON");
    for (path, item) in description["paths"].as_object().expect("paths") {
        let methods = item.as_object().into_iter().flat_map(|item| item.keys());
        let methods =
            methods.filter(|name| ["delete", "get", "patch", "post", "put"].contains(&name.as_str()));
        found.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    found
}

#[test]
fn every_route_has_one_row() {
    let routes = routes();
    assert!(
        routes.iter().any(|route| route.contains(" /webhooks/")),
        "the routes of the webhook API are found"
    );
    ROUTES.assert_lists_exactly(&routes);
}

#[test]
fn every_alarm_has_a_runbook() {
    let template = read("template.yaml");
    let lines: Vec<&str> = template.lines().collect();
    let alarms = lines.windows(2).filter(|pair| pair[1].trim() == "Type: AWS::CloudWatch::Alarm");
    let alarms: BTreeSet<&str> = alarms.map(|pair| pair[0].trim().trim_end_matches(':')).collect();
    assert!(alarms.len() > 5, "the alarms are found");
    let documents = documents();
    let headings = Document::named(&documents, "docs/operate.md").headings();
    let runbooks: BTreeSet<&str> = headings.filter(|heading| heading.ends_with("Alarm")).collect();
    assert_eq!(runbooks, alarms);
}
