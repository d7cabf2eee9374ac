//! The structure of each crate: no circles between its files, and the methods of a type in one file.
//!
//! The test reads the syntax trees of the sources. A path refers to the file of the module that it leads to. The declaration
//! of a module and the re-export of its items do not count: a `mod.rs` that lists its folder depends on nothing in it.

mod circles;
mod crates;
mod paths;

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, ItemImpl, Type, visit::Visit};

pub(crate) use crates::{Crate, Source, all, is_test};

#[test]
fn no_files_of_a_crate_depend_on_each_other_in_a_circle() {
    let mut circles = vec![];
    for package in all() {
        let edges = paths::edges(&package);
        for circle in circles::find(&edges) {
            circles.push(format!("{}: {}", package.name, circle.join(", ")));
        }
    }
    assert!(circles.is_empty(), "files depend on each other in a circle:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_of_files_is_found() {
    let source = |path: &[&str], text| Source::parse(path, text);
    let package = Crate::of(
        "sample",
        vec![
            source(&[], "mod a; mod b; pub use a::One;"),
            source(&["a"], "use crate::b::Two; pub struct One(Two);"),
            source(&["b"], "pub struct Two; impl Two { fn one() -> super::One { todo!() } }"),
        ],
    );
    let found = circles::find(&paths::edges(&package));
    assert_eq!(found, [["a", "b"]]);
}

#[test]
fn the_methods_of_a_type_are_in_one_file() {
    let mut spread = vec![];
    for package in all() {
        for (name, files) in homes(&package) {
            if files.len() > 1 {
                spread.push(format!("{}: {name} in {files:?}", package.name));
            }
        }
    }
    assert!(spread.is_empty(), "types have inherent methods in several files:\n{}", spread.join("\n"));
}

/// The files with inherent methods of each type. A type is identified by its name and the module that defines it.
fn homes(package: &Crate) -> BTreeMap<String, BTreeSet<String>> {
    let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &package.sources {
        let mut impls = InherentImpls::default();
        impls.visit_file(&source.syntax);
        for name in impls.names {
            let definition = paths::definition(package, source, &name);
            homes.entry(definition).or_default().insert(source.name());
        }
    }
    homes
}

/// The types with inherent methods in a file, tests left out.
#[derive(Default)]
struct InherentImpls {
    names: Vec<String>,
}

impl<'a> Visit<'a> for InherentImpls {
    fn visit_item(&mut self, item: &'a Item) {
        if !crates::is_test(item) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if let (None, Type::Path(path)) = (&item.trait_, &*item.self_ty) {
            let last = path.path.segments.last();
            self.names.extend(last.map(|segment| segment.ident.to_string()));
        }
    }
}
