//! Relative links between documents point to existing files and headings.

use std::path::Path;

use super::markdown::{Document, documents};
use crate::root;

/// Returns why a link of a document is broken, or `None` if it resolves.
fn find_error(document: &Document, target: &str, all: &[Document]) -> Option<String> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => root().join(&document.path),
        file => root().join(&document.path).parent().map(|folder| folder.join(file))?,
    };
    let Ok(path) = path.canonicalize() else {
        return Some(format!("{}: {target} does not exist", document.path.display()));
    };
    if anchor.is_empty() {
        return None;
    }
    let below = path.strip_prefix(root().canonicalize().expect("the root")).unwrap_or(Path::new(""));
    let found = all.iter().find(|other| other.path == below);
    let has = found.is_some_and(|other| other.anchors().contains(anchor));
    (!has).then(|| format!("{}: {target} matches no heading", document.path.display()))
}

#[test]
fn every_relative_link_resolves() {
    let all = documents();
    let links =
        all.iter().flat_map(|document| document.links().into_iter().map(move |link| (document, link)));
    let links: Vec<_> = links.collect();
    assert!(links.len() > 50, "the links are found");
    let broken: Vec<String> =
        links.into_iter().filter_map(|(document, link)| find_error(document, link, &all)).collect();
    assert_eq!(broken, Vec::<String>::new());
}
