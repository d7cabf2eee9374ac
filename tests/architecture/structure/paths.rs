//! Which files of a crate a file refers to, by its `use` declarations and the paths in its code.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, ItemUse, Macro, Path, UseTree, Visibility, visit::Visit};

use super::{
    circles::Edges,
    crates::{Crate, Source, is_test},
};

/// Which files each file refers to.
pub(super) fn edges(package: &Crate) -> Edges {
    let edges = package.sources.iter().map(|source| {
        let mut paths = Paths::default();
        paths.visit_file(&source.syntax);
        let targets =
            paths.found.iter().filter_map(|path| resolve(package, source, path)).map(|(file, _)| file);
        let targets: BTreeSet<String> = targets.filter(|target| *target != source.name()).collect();
        (source.name(), targets)
    });
    edges.collect()
}

/// Returns the full name of a type that a file calls by a simple name: the module that defines it, and the name.
pub(super) fn definition(package: &Crate, source: &Source, name: &str) -> String {
    let path = imports(source).into_iter().find(|path| path.last().is_some_and(|last| last == name));
    let found = path.and_then(|path| resolve(package, source, &path));
    match found {
        Some((file, _)) => format!("{file}::{name}"),
        None => format!("{}::{name}", source.name()),
    }
}

/// The file that a path leads to, and what is left of the path there. Re-exports are followed.
fn resolve(package: &Crate, source: &Source, path: &[String]) -> Option<(String, Vec<String>)> {
    let mut absolute = absolute(package, source, path)?;
    for _ in 0..8 {
        let depth = (0..=absolute.len()).rev().find(|depth| package.source(&absolute[..*depth]).is_some())?;
        let target = package.source(&absolute[..depth])?;
        let rest = absolute[depth..].to_vec();
        let Some(name) = rest.first() else { return Some((target.name(), rest)) };
        let exported = exports(target).into_iter().find(|export| export.last() == Some(name));
        match exported.and_then(|export| self::absolute(package, target, &export)) {
            Some(next) if next != absolute => absolute = [next, rest[1..].to_vec()].concat(),
            _ => return Some((target.name(), rest)),
        }
    }
    None
}

/// A path from the crate's root, if it lies in this crate.
fn absolute(package: &Crate, source: &Source, path: &[String]) -> Option<Vec<String>> {
    let mut module = source.module.clone();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, path[1..].to_vec()].concat()),
        "super" => {
            let ups = path.iter().take_while(|segment| *segment == "super").count();
            module.truncate(module.len().checked_sub(ups)?);
            Some([module, path[ups..].to_vec()].concat())
        }
        child => {
            module.push(child.to_owned());
            package.source(&module).is_some().then(|| [module, path[1..].to_vec()].concat())
        }
    }
}

/// The paths that a file imports.
fn imports(source: &Source) -> Vec<Vec<String>> {
    uses(source, |_| true)
}

/// The paths that a file re-exports.
fn exports(source: &Source) -> Vec<Vec<String>> {
    uses(source, |declaration| !matches!(declaration.vis, Visibility::Inherited))
}

fn uses(source: &Source, wanted: impl Fn(&ItemUse) -> bool) -> Vec<Vec<String>> {
    let mut found = vec![];
    for item in &source.syntax.items {
        if let Item::Use(declaration) = item
            && wanted(declaration)
        {
            flatten(&declaration.tree, &mut vec![], &mut found);
        }
    }
    found
}

/// Each path of a `use` tree; a renamed one under its own name.
fn flatten(tree: &UseTree, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) if name.ident == "self" => found.push(prefix.clone()),
        UseTree::Name(name) => found.push([prefix.as_slice(), &[name.ident.to_string()]].concat()),
        UseTree::Rename(name) => found.push([prefix.as_slice(), &[name.ident.to_string()]].concat()),
        UseTree::Glob(_) => found.push(prefix.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, prefix, found)),
    }
}

/// Every path of a file, tests and re-exports left out.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
}

impl<'a> Visit<'a> for Paths {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_test(item) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if matches!(item.vis, Visibility::Inherited) {
            flatten(&item.tree, &mut vec![], &mut self.found);
        }
    }

    fn visit_path(&mut self, path: &'a Path) {
        if path.segments.len() > 1 {
            self.found.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }

    /// A visibility such as `pub(in crate::parent)` names a module and uses nothing of it.
    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_macro(&mut self, call: &'a Macro) {
        self.tokens(call.tokens.clone());
        syn::visit::visit_macro(self, call);
    }
}

impl Paths {
    /// The paths among the tokens of a macro, which have no syntax tree.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = vec![];
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if colons == 2 || path.is_empty() => {
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(ident) => self.end(&mut path, &mut colons, Some(ident.to_string())),
                TokenTree::Group(group) => {
                    self.end(&mut path, &mut colons, None);
                    self.tokens(group.stream());
                }
                _ => self.end(&mut path, &mut colons, None),
            }
        }
        self.end(&mut path, &mut colons, None);
    }

    fn end(&mut self, path: &mut Vec<String>, colons: &mut usize, next: Option<String>) {
        let ended = std::mem::replace(path, next.into_iter().collect());
        *colons = 0;
        if ended.len() > 1 {
            self.found.push(ended);
        }
    }
}
