//! The sources of our crates, parsed, each with the path of the module that it is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use syn::{Attribute, File, Item};

use crate::{root, source_files};

/// A crate and its sources.
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) sources: Vec<Source>,
}

/// A source file.
pub(crate) struct Source {
    /// The path of its module: empty for the crate's root.
    pub(crate) module: Vec<String>,
    pub(crate) syntax: File,
}

impl Crate {
    pub(super) fn of(name: &str, sources: Vec<Source>) -> Self {
        Self { name: name.to_owned(), sources }
    }

    /// The source of a module.
    pub(super) fn source(&self, module: &[String]) -> Option<&Source> {
        self.sources.iter().find(|source| source.module == module)
    }
}

impl Source {
    pub(crate) fn parse(module: &[&str], text: &str) -> Self {
        let module = module.iter().map(|&segment| segment.to_owned()).collect();
        Self { module, syntax: syn::parse_file(text).expect("Rust") }
    }

    /// Its module's path as text.
    pub(super) fn name(&self) -> String {
        if self.module.is_empty() { "the root".to_owned() } else { self.module.join("::") }
    }
}

/// Every crate that ships, and the large ones of the tests.
pub(crate) fn all() -> Vec<Crate> {
    let mut folders: Vec<PathBuf> = vec![];
    for parent in ["shared", "functions"] {
        let entries = fs::read_dir(root().join(parent)).expect("a folder");
        folders.extend(entries.map(|entry| entry.expect("an entry").path().join("src")));
    }
    folders.extend(["cli/src", "tests/simulators/src", "tests/harness"].map(|folder| root().join(folder)));
    let crates: Vec<Crate> =
        folders.iter().filter(|folder| folder.is_dir()).map(|folder| read(folder)).collect();
    assert!(crates.len() > 10, "the crates are found");
    crates
}

fn read(folder: &Path) -> Crate {
    let mut files = vec![];
    source_files::add_sources(folder, &mut files);
    let mut sources: Vec<Source> = files.iter().map(|file| parse(folder, file)).collect();
    sources.sort_by(|one, other| one.module.cmp(&other.module));
    let tests = test_modules(&sources);
    sources.retain(|source| !tests.iter().any(|test| source.module.starts_with(test)));
    let name = folder.strip_prefix(root()).expect("below the root").display().to_string();
    Crate { name: name.trim_end_matches("/src").to_owned(), sources }
}

fn parse(folder: &Path, file: &Path) -> Source {
    let path = file.strip_prefix(folder).expect("below the folder").with_extension("");
    let mut module: Vec<String> = path.iter().map(|part| part.to_str().expect("UTF-8").to_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        // A library's binary is a root of its own, which nothing refers to.
        let binary = module.pop().is_some_and(|last| last == "main") && folder.join("lib.rs").exists();
        module.extend(binary.then(|| "main".to_owned()));
    }
    let text = fs::read_to_string(file).expect("text");
    Source {
        module,
        syntax: syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
    }
}

/// The modules that are compiled for tests only.
fn test_modules(sources: &[Source]) -> Vec<Vec<String>> {
    let declared = sources.iter().flat_map(|source| {
        let modules = source.syntax.items.iter().filter_map(|item| match item {
            Item::Mod(module) if is_test(item) => Some(module.ident.to_string()),
            _ => None,
        });
        modules.map(|name| [source.module.as_slice(), &[name]].concat()).collect::<Vec<_>>()
    });
    declared.collect()
}

/// Whether an item is compiled for tests only.
pub(crate) fn is_test(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        let words: Vec<&str> = condition.split(|c: char| !c.is_alphanumeric()).collect();
        attribute.path().is_ident("cfg") && words.contains(&"test") && !words.contains(&"not")
    })
}
