//! Which functions of our crates can be reached from an entry point, by the names that their code calls.
//!
//! A call leads to every function of that name and number of arguments in the crate or its dependencies: types are not inferred.
//! What is reached is therefore at least what can run.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Block, ExprMethodCall, ExprPath, ImplItem, Item, Macro, Signature, TraitItem, Type,
    visit::{self, Visit},
};

use crate::structure::{Crate, is_test};

/// A function or method, with what its code calls.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) package: String,
    module: Vec<String>,
    /// The type or trait of a method.
    owner: Option<String>,
    pub(super) name: String,
    arguments: usize,
    pub(super) calls: Calls,
}

/// The calls in a function's code.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The names of methods, with the number of arguments if it is known.
    pub(super) methods: BTreeSet<(String, Option<usize>)>,
    /// Paths, of which some are functions.
    pub(super) paths: BTreeSet<Vec<String>>,
}

impl Calls {
    fn of(block: &Block) -> Self {
        let mut calls = Self::default();
        calls.visit_block(block);
        calls
    }

    /// Adds what looks like a call in a macro, whose arguments are not parsed.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Ident(name) => {
                    let follows = |back: usize, text: &str| {
                        index.checked_sub(back).is_some_and(|before| tokens[before].to_string() == text)
                    };
                    let name = name.to_string();
                    if follows(1, ".") {
                        self.methods.insert((name, None));
                    } else if follows(1, ":") && index >= 3 {
                        self.paths.insert(vec![tokens[index - 3].to_string(), name]);
                    } else {
                        self.paths.insert(vec![name]);
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Calls {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.methods.insert((call.method.to_string(), Some(call.args.len())));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        self.paths.insert(path.path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, of_macro: &'ast Macro) {
        self.add_tokens(of_macro.tokens.clone());
    }
}

/// All functions of our crates, and which crates a crate may call.
pub(super) struct CallGraph {
    functions: Vec<Function>,
    dependencies: BTreeMap<String, BTreeSet<String>>,
}

impl CallGraph {
    /// The calls of crates. `dependencies` has for each of them the crates that it may call, itself included.
    pub(super) fn new(crates: &[Crate], dependencies: BTreeMap<String, BTreeSet<String>>) -> Self {
        let mut functions = vec![];
        for package in crates.iter().filter(|package| dependencies.contains_key(&package.name)) {
            for source in &package.sources {
                let place = (package.name.as_str(), source.module.as_slice());
                add_items(place, &source.syntax.items, &mut functions);
            }
        }
        Self { functions, dependencies }
    }

    /// Returns the functions that can run when a method of a type runs.
    pub(super) fn reached(&self, package: &str, owner: &str, name: &str) -> Vec<&Function> {
        let is_entry =
            |f: &Function| f.package == package && f.owner.as_deref() == Some(owner) && f.name == name;
        let mut waiting: Vec<usize> =
            (0..self.functions.len()).filter(|&index| is_entry(&self.functions[index])).collect();
        assert_eq!(waiting.len(), 1, "the entry point {package} {owner}::{name}");
        let mut reached = BTreeSet::new();
        while let Some(index) = waiting.pop() {
            if reached.insert(index) {
                let caller = &self.functions[index];
                waiting.extend((0..self.functions.len()).filter(|&other| {
                    self.dependencies[&caller.package].contains(&self.functions[other].package)
                        && may_call(caller, &self.functions[other])
                }));
            }
        }
        reached.into_iter().map(|index| &self.functions[index]).collect()
    }
}

/// Whether the code of one function may call another.
fn may_call(caller: &Function, other: &Function) -> bool {
    let as_method = other.owner.is_some()
        && [None, Some(other.arguments)]
            .into_iter()
            .any(|arguments| caller.calls.methods.contains(&(other.name.clone(), arguments)));
    as_method || caller.calls.paths.iter().any(|path| leads_to(path, caller, other))
}

/// Whether a path names a function.
fn leads_to(path: &[String], caller: &Function, other: &Function) -> bool {
    let Some((name, before)) = path.split_last() else { return false };
    if *name != other.name {
        return false;
    }
    let last = before.last().map(String::as_str);
    match (&other.owner, last) {
        (Some(owner), Some("Self")) => caller.owner.as_ref() == Some(owner),
        (Some(owner), Some(last)) => owner == last,
        (Some(_), None) => false,
        (None, None | Some("self" | "super" | "crate")) => true,
        (None, Some(last)) => {
            other.module.last().is_none_or(|module| module == last) || other.package.ends_with(last)
        }
    }
}

fn add_items((package, module): (&str, &[String]), items: &[Item], found: &mut Vec<Function>) {
    let mut add = |owner: Option<&str>, signature: &Signature, block: &Block| {
        let receiver = usize::from(signature.receiver().is_some());
        found.push(Function {
            package: package.to_owned(),
            module: module.to_owned(),
            owner: owner.map(str::to_owned),
            name: signature.ident.to_string(),
            arguments: signature.inputs.len() - receiver,
            calls: Calls::of(block),
        });
    };
    for item in items.iter().filter(|item| !is_test(item)) {
        match item {
            Item::Fn(function) => add(None, &function.sig, &function.block),
            Item::Impl(of) => {
                let Type::Path(path) = of.self_ty.as_ref() else { continue };
                let owner = path.path.segments.last().map(|segment| segment.ident.to_string());
                for item in &of.items {
                    if let ImplItem::Fn(method) = item {
                        add(owner.as_deref(), &method.sig, &method.block);
                    }
                }
            }
            Item::Trait(of) => {
                for item in &of.items {
                    if let TraitItem::Fn(method) = item
                        && let Some(block) = &method.default
                    {
                        add(Some(&of.ident.to_string()), &method.sig, block);
                    }
                }
            }
            _ => {}
        }
    }
}
