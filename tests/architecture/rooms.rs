//! Small rooms: every source file says what it is for, and none grows beyond what can be read at once.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::root;

/// The most lines of code in a file, tests, comments and blank lines not counted.
const MAX_FILE_LINES: usize = 300;

/// The sources below a folder.
pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all() -> Vec<PathBuf> {
    let mut found = vec![];
    for folder in ["cli", "functions", "shared", "tests"] {
        sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 100, "the sources are found");
    found
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    for file in all() {
        let text = fs::read_to_string(&file).expect("text");
        assert!(
            text.starts_with("//!") || text.starts_with("#![doc"),
            "{} opens without a word",
            file.display()
        );
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for file in all() {
        let text = fs::read_to_string(&file).expect("text");
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
        let lines =
            code.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count();
        assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines of code", file.display());
    }
}
