//! The operations of AWS that the code of a function calls, and the IAM actions that they need.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use super::call_graph::Function;
use crate::{cargo, root};

/// The SDK crates, and the prefix of the service's IAM actions.
const SERVICES: [(&str, &str); 8] = [
    ("aws-sdk-dynamodb", "dynamodb"),
    ("aws-sdk-eventbridge", "events"),
    ("aws-sdk-lambda", "lambda"),
    ("aws-sdk-s3", "s3"),
    ("aws-sdk-secretsmanager", "secretsmanager"),
    ("aws-sdk-sfn", "states"),
    ("aws-sdk-sqs", "sqs"),
    ("aws-sdk-sts", "sts"),
];

/// Operations that IAM authorizes by the action of another name (Amazon S3 User Guide, "Required permissions for Amazon S3 API
/// operations"; Service Authorization Reference).
const OTHER_ACTIONS: [(&str, &str); 5] = [
    ("s3:HeadObject", "s3:GetObject"),
    ("s3:CreateMultipartUpload", "s3:PutObject"),
    ("s3:UploadPart", "s3:PutObject"),
    ("s3:CompleteMultipartUpload", "s3:PutObject"),
    ("s3:ListMultipartUploads", "s3:ListBucketMultipartUploads"),
];

/// The items of a transaction, which IAM authorizes each by the action of its own write (Amazon DynamoDB Developer Guide, "Using
/// IAM with DynamoDB transactions"). The transaction itself has no action.
const TRANSACTION_ITEMS: [(&str, &str); 4] = [
    ("put", "dynamodb:PutItem"),
    ("update", "dynamodb:UpdateItem"),
    ("delete", "dynamodb:DeleteItem"),
    ("condition_check", "dynamodb:ConditionCheckItem"),
];

/// The operations of every SDK that a crate of ours depends on: name of the method and IAM prefix.
pub(super) struct Operations(BTreeMap<String, BTreeMap<String, &'static str>>);

impl Operations {
    /// Reads the operations from the sources of the SDK crates, each of which has a file for each method of its client.
    pub(super) fn read(packages: &BTreeSet<String>) -> Self {
        let metadata: Value =
            serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--offline"])).expect("JSON");
        let mut by_sdk = BTreeMap::new();
        for package in metadata["packages"].as_array().expect("packages") {
            let name = package["name"].as_str().unwrap_or_default();
            if !name.starts_with("aws-sdk-") {
                continue;
            }
            let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
            let files = fs::read_dir(manifest.with_file_name("src").join("client")).expect("a folder");
            let names = files
                .filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".rs")?.to_owned()));
            let names: BTreeSet<String> = names.filter(|name| name != "customize").collect();
            assert!(!names.is_empty(), "{name} has operations");
            by_sdk.insert(name.to_owned(), names);
        }
        let of_package = |package: &String| {
            let mut operations = BTreeMap::new();
            for sdk in sdks(package) {
                let service = SERVICES.iter().find(|(name, _)| *name == sdk);
                let (_, prefix) = service.unwrap_or_else(|| panic!("{sdk} has no IAM prefix"));
                operations.extend(by_sdk[&sdk].iter().map(|name| (name.clone(), *prefix)));
            }
            (package.clone(), operations)
        };
        Self(packages.iter().map(of_package).collect())
    }

    /// Returns the operations that the code of a function calls, such as `s3:HeadObject`.
    pub(super) fn of(&self, function: &Function) -> BTreeSet<String> {
        // A method of a client has no arguments.
        let methods = function.calls.methods.iter().filter(|(_, arguments)| arguments.unwrap_or(0) == 0);
        let found =
            methods.filter_map(|(method, _)| Some(operation(self.0[&function.package].get(method)?, method)));
        found.collect()
    }

    /// Returns the actions that the code of a function needs.
    pub(super) fn actions(&self, function: &Function) -> BTreeSet<String> {
        let mut actions: BTreeSet<String> = self.of(function).into_iter().map(action).collect();
        if function.calls.paths.iter().any(|path| path.iter().any(|part| part == "TransactWriteItem")) {
            let items = TRANSACTION_ITEMS
                .iter()
                .filter(|(method, _)| function.calls.methods.contains(&((*method).to_owned(), Some(1))));
            actions.extend(items.map(|(_, action)| (*action).to_owned()));
        }
        actions.remove("dynamodb:TransactWriteItems");
        actions
    }
}

/// Returns the SDK crates that a crate of ours depends on.
fn sdks(package: &str) -> Vec<String> {
    dependencies(package).into_iter().filter(|name| name.starts_with("aws-sdk-")).collect()
}

/// Returns the names in `[dependencies]` of a crate.
pub(super) fn dependencies(package: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect("text");
    let (_, section) = manifest.split_once("\n[dependencies]\n").unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| Some(line.split_once([' ', '.', '='])?.0.to_owned())).collect()
}

/// Returns the name of an operation with the IAM prefix of its service.
fn operation(service: &str, method: &str) -> String {
    let words = method.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    format!("{service}:{}", words.collect::<String>())
}

/// Returns the IAM action of an operation.
fn action(operation: String) -> String {
    let other = OTHER_ACTIONS.iter().find(|(own, _)| *own == operation);
    other.map_or(operation, |(_, action)| (*action).to_owned())
}
