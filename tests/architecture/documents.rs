//! The documents: links resolve, the README is short, and every setting, metric, error class, exit code and route of the
//! code has exactly one row in the reference table of its kind.

mod aws;
mod links;
mod markdown;
mod reference;
mod settings;

use crate::documents::markdown::Document;

/// The maximum lines of the README, which is an overview that links to the documents.
const MAX_README_LINES: usize = 250;

#[test]
fn the_readme_is_short_and_links_every_document() {
    let documents = markdown::documents();
    let readme = Document::named(&documents, "README.md");
    let lines = readme.text.lines().count();
    assert!(lines <= MAX_README_LINES, "README.md has {lines} lines");
    for document in documents.iter().filter(|document| document.path.starts_with("docs")) {
        let link = format!("({})", document.path.display());
        assert!(readme.text.contains(&link), "README.md does not link {}", document.path.display());
    }
}

#[test]
fn each_document_begins_with_its_audience() {
    for document in markdown::documents().iter().filter(|document| document.path.starts_with("docs")) {
        let mut paragraphs = document.text.split("\n\n");
        let (title, opening) = (paragraphs.next().unwrap_or_default(), paragraphs.next().unwrap_or_default());
        assert!(title.starts_with("# "), "{} has no title", document.path.display());
        assert!(
            opening.starts_with("For ") && opening.matches(". ").count() == 0 && opening.ends_with('.'),
            "{} does not begin with one sentence that names its readers: {opening}",
            document.path.display()
        );
    }
}
