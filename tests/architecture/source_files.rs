//! Every source file begins with a module doc comment, and none is longer than 300 lines of code.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::root;

/// The maximum lines of code in a file. Tests, comments and blank lines do not count.
const MAX_FILE_LINES: usize = 300;

/// Adds the Rust source files below a folder.
pub(crate) fn add_sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            add_sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = vec![];
    for folder in ["cli", "functions", "shared", "tests"] {
        add_sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 100, "only {} source files found", found.len());
    found
}

#[test]
fn every_file_begins_with_a_doc_comment() {
    for file in all_sources() {
        let text = fs::read_to_string(&file).expect("text");
        assert!(
            text.starts_with("//!") || text.starts_with("#![doc"),
            "{} has no module doc comment",
            file.display()
        );
    }
}

#[test]
fn no_file_exceeds_the_maximum_length() {
    for file in all_sources() {
        let text = fs::read_to_string(&file).expect("text");
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
        let lines =
            code.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count();
        assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines of code", file.display());
    }
}
