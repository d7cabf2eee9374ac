//! `docs/aws.md` has a row for each operation that the functions call and for each resource type of the template, and names
//! files and tests that exist.

use std::{collections::BTreeSet, fs};

use super::{
    markdown::{Document, Row, documents},
    reference::ReferenceTable,
};
use crate::{
    permissions::called_operations,
    root,
    template::{resource, resources, setting, template},
};

const DOCUMENT: &str = "docs/aws.md";
const OPERATIONS: ReferenceTable = ReferenceTable { document: DOCUMENT, heading: "Operations" };
const RESOURCES: ReferenceTable = ReferenceTable { document: DOCUMENT, heading: "Resources" };

/// The sections whose tables are references, not behaviours of AWS.
const REFERENCES: [&str; 2] = ["Operations", "Resources"];

/// The title of the column of behaviours.
const TITLE: &str = "Behaviour and source";

/// The folders of files that a row may name.
const FOLDERS: [&str; 5] = ["cli/", "docs/", "functions/", "shared/", "tests/"];

#[test]
fn every_operation_that_the_functions_call_has_one_row() {
    OPERATIONS.assert_lists_exactly(&called_operations());
}

#[test]
fn every_resource_type_of_the_template_has_one_row() {
    let template = template();
    let type_of = |name: &str| setting(&type_line(&resource(&template, name)), "Type").to_owned();
    RESOURCES.assert_lists_exactly(&resources(&template).into_iter().map(type_of).collect());
}

/// The first line of a resource, because properties have types, too.
fn type_line(resource: &str) -> String {
    resource.lines().find(|line| line.trim_start().starts_with("Type:")).expect("a type").to_owned()
}

/// Returns the inline code of a text that names a file of the repository.
fn named_files(text: &str) -> BTreeSet<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|name| FOLDERS.iter().any(|folder| name.starts_with(folder))).collect()
}

#[test]
fn every_file_and_test_that_a_row_names_exists() {
    let documents = documents();
    let named = named_files(&Document::named(&documents, DOCUMENT).text);
    assert!(named.len() > 100, "the files are found: {}", named.len());
    for name in named {
        let (path, test) = name.split_once("::").unwrap_or((name, ""));
        let text =
            fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{DOCUMENT} names {path}: {e}"));
        assert!(test.is_empty() || text.contains(&format!("fn {test}(")), "{path} has no test {test}");
    }
}

#[test]
fn every_behaviour_has_a_source_and_a_test_or_says_that_it_has_none() {
    let documents = documents();
    let rows = Document::named(&documents, DOCUMENT).rows();
    let is_behaviour =
        |row: &&Row<'_>| !REFERENCES.contains(&row.heading) && ![TITLE, "---"].contains(&row.cells[0]);
    let rows: Vec<&Row<'_>> = rows.iter().filter(is_behaviour).collect();
    assert!(rows.len() > 80, "the behaviours are found: {}", rows.len());
    for row in rows {
        let [behaviour, code, test, otherwise] = row.cells[..] else { panic!("four cells: {row:?}") };
        let is_sourced = ["](https://docs.a", "*reported*", "*no source found*", "same page", "(API_"];
        assert!(is_sourced.iter().any(|source| behaviour.contains(source)), "no source: {behaviour}");
        let is_tested =
            test.contains("::") || test.starts_with("Documentation only") || test.starts_with('`');
        assert!(is_tested, "no test: {behaviour}");
        assert!(!code.is_empty() && !otherwise.is_empty(), "an empty cell: {behaviour}");
    }
}
