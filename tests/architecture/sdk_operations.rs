//! The operations of AWS that the functions call, as their sources show. An operation is a call without arguments of a name
//! that the SDK has as an operation, in a package that depends on this SDK.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{cargo, root, source_files::add_sources};

/// SDKs whose name differs from the prefix of their actions in IAM.
const PREFIXES: [(&str, &str); 2] = [("eventbridge", "events"), ("sfn", "states")];

/// The operations of each SDK that the workspace depends on, by the name of its package.
fn operations_of_sdks() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = cargo(&["metadata", "--format-version", "1", "--locked", "--offline"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let sdks = packages.iter().map(|package| (text(&package["name"]), text(&package["manifest_path"])));
    let sdks = sdks.filter(|(name, _)| name.starts_with("aws-sdk-"));
    sdks.map(|(name, manifest)| (name, operation_modules(Path::new(&manifest)))).collect()
}

/// The modules of an SDK's folder `operation`, one for each operation.
fn operation_modules(manifest: &Path) -> BTreeSet<String> {
    let folder = manifest.with_file_name("src").join("operation");
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let stems = entries.map(|entry| entry.expect("an entry").path().file_stem().map(ToOwned::to_owned));
    stems.flatten().filter_map(|stem| stem.into_string().ok()).collect()
}

/// Converts `put_item` of `aws-sdk-dynamodb` into `dynamodb:PutItem`.
fn action(sdk: &str, operation: &str) -> String {
    let service = sdk.trim_start_matches("aws-sdk-");
    let prefix = PREFIXES.iter().find(|(name, _)| *name == service).map_or(service, |(_, prefix)| prefix);
    let capitalized = operation.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    format!("{prefix}:{}", capitalized.collect::<String>())
}

/// The names of methods that are called without arguments, outside of tests.
fn called_methods(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.split("()").filter_map(|before| {
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (receiver, name) = before.split_at(start);
        name.strip_prefix('.').filter(|_| !receiver.is_empty())
    })
}

/// Returns the packages of the functions and those that they share.
fn packages() -> Vec<PathBuf> {
    let folders = ["functions", "shared"].map(|folder| fs::read_dir(root().join(folder)).expect("a folder"));
    let paths = folders.into_iter().flatten().map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.join("Cargo.toml").is_file()).collect()
}

/// Returns the actions of the operations that the functions call, such as `dynamodb:PutItem`, with the files that call them.
pub(crate) fn called_operations() -> BTreeMap<String, BTreeSet<PathBuf>> {
    let sdks = operations_of_sdks();
    let mut found: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for package in packages() {
        let manifest = fs::read_to_string(package.join("Cargo.toml")).expect("text");
        let own = |sdk: &str| manifest.lines().any(|line| line.starts_with(&format!("{sdk}.")));
        let mut sources = vec![];
        add_sources(&package.join("src"), &mut sources);
        for file in sources {
            let source = fs::read_to_string(&file).expect("text");
            for method in called_methods(&source) {
                for (sdk, _) in
                    sdks.iter().filter(|(sdk, operations)| own(sdk) && operations.contains(method))
                {
                    let path = file.strip_prefix(root()).expect("below the root").to_owned();
                    found.entry(action(sdk, method)).or_default().insert(path);
                }
            }
        }
    }
    assert!(found.len() > 20, "the operations are found: {found:?}");
    found
}

#[test]
fn a_call_is_found_whatever_its_receiver_and_layout() {
    let source = "self.client\n    .put_item()\n.table_name(x); let get = (clients[0].get_item()); fn delete_item() {}";
    assert_eq!(called_methods(source).collect::<Vec<_>>(), ["put_item", "get_item"]);
    assert_eq!(action("aws-sdk-sfn", "send_task_success"), "states:SendTaskSuccess");
}
