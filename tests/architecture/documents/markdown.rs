//! Parses what the rules need from Markdown files: headings, table rows and links, outside of code blocks.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::root;

/// The folders with documents, besides the root.
const FOLDERS: &[&str] = &["cli", "docs", "functions", "shared", "tests"];

/// One Markdown file.
#[derive(Debug)]
pub(super) struct Document {
    /// The path relative to the root.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row<'t> {
    /// The heading above the row, without the `#` marks.
    pub(super) heading: &'t str,
    pub(super) cells: Vec<&'t str>,
}

/// Reads every Markdown file of the repository.
pub(super) fn documents() -> Vec<Document> {
    let mut found = vec![];
    collect(root(), false, &mut found);
    for folder in FOLDERS {
        collect(&root().join(folder), true, &mut found);
    }
    assert!(found.len() > 20, "the documents are found");
    found.sort();
    let read = |path: PathBuf| Document {
        text: fs::read_to_string(&path).expect("text"),
        path: path.strip_prefix(root()).expect("below the root").to_owned(),
    };
    found.into_iter().map(read).collect()
}

fn collect(folder: &Path, recursive: bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if recursive {
                collect(&path, true, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

impl Document {
    /// Finds a document by its path.
    pub(super) fn named<'d>(documents: &'d [Document], path: &str) -> &'d Document {
        let found = documents.iter().find(|document| document.path == Path::new(path));
        found.unwrap_or_else(|| panic!("there is no {path}"))
    }

    /// Returns the lines outside of code blocks.
    pub(super) fn prose(&self) -> impl Iterator<Item = &str> {
        let mut in_code = false;
        self.text.lines().filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            in_code ^= fence;
            !in_code && !fence
        })
    }

    /// Returns the headings of all levels, without the `#` marks.
    pub(super) fn headings(&self) -> impl Iterator<Item = &str> {
        self.prose().filter_map(heading)
    }

    /// Returns the rows of all tables, each with the heading above it, including header and separator rows.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let (mut above, mut rows) = ("", vec![]);
        for line in self.prose() {
            if let Some(found) = heading(line) {
                above = found;
            } else if let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) {
                rows.push(Row { heading: above, cells: cells.split('|').map(str::trim).collect() });
            }
        }
        rows
    }

    /// Returns the targets of the links.
    pub(super) fn links(&self) -> Vec<&str> {
        let mut targets = vec![];
        for line in self.prose() {
            // Every second piece is inline code.
            for text in line.split('`').step_by(2) {
                let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
                targets.extend(ends.map(|(target, _)| target));
            }
            // The target of a link whose text is code begins after the closing backtick.
            targets.extend(code_links(line));
        }
        targets.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns the anchors of the headings, as GitHub generates them.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        for heading in self.headings() {
            let anchor = anchor(heading);
            let numbered = (1..).map(|number| format!("{anchor}-{number}"));
            let free = std::iter::once(anchor.clone()).chain(numbered).find(|name| !anchors.contains(name));
            anchors.extend(free);
        }
        anchors
    }
}

fn code_links(line: &str) -> impl Iterator<Item = &str> {
    line.split("`](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len()).then(|| text.strip_prefix(' ')).flatten()
}

/// Converts a heading to an anchor: lower case, without punctuation, with hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns the text of a cell that consists of inline code.
pub(super) fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|text| !text.contains('`'))
}

#[test]
fn anchors_match_those_of_github() {
    assert_eq!(anchor("500 jobs at once"), "500-jobs-at-once");
    assert_eq!(anchor("Fields of `ai_studios`"), "fields-of-ai_studios");
    assert_eq!(anchor("Why `a` and `b` are crates"), "why-a-and-b-are-crates");
}

#[test]
fn links_are_found_beside_code_but_not_inside_it() {
    let text = "[a](b.md#c) and [`d`](e.md), not `[f](g.md)`\n```sh\n[h](i.md)\n```\n".to_owned();
    let document = Document { path: PathBuf::new(), text };
    assert_eq!(document.links(), ["b.md#c", "e.md"]);
}
