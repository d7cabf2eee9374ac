//! Which crates of the workspace may depend on each other, and which crate may use each external crate.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cargo;

/// The workspace packages that each package may depend on.
const ALLOWED_IMPORTS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("archive", &["model"]),
    ("providers", &["model"]),
    ("http_client", &["model"]),
    ("secrets", &["model"]),
    ("job_store", &["model"]),
    ("bucket", &["model"]),
    ("queues", &["model"]),
    ("notifications", &["model"]),
    ("runtime", &["model"]),
    // The command line knows only the API of the functions.
    ("landfall", &["model"]),
    // The READMEs of these crates explain why they depend on more than model.
    ("outbox", &["model", "job_store", "notifications", "queues"]),
    ("provider_client", &["model", "providers", "http_client", "secrets", "job_store"]),
    (
        "submit",
        &[
            "model",
            "providers",
            "http_client",
            "secrets",
            "job_store",
            "bucket",
            "queues",
            "notifications",
            "runtime",
            "provider_client",
            "outbox",
        ],
    ),
    (
        "webhook",
        &[
            "archive",
            "model",
            "providers",
            "http_client",
            "secrets",
            "job_store",
            "bucket",
            "queues",
            "notifications",
            "runtime",
            "provider_client",
            "outbox",
        ],
    ),
];

/// The packages that may depend on each external crate.
const EXTERNAL_CRATES: &[(&str, &[&str])] = &[
    ("aws-sdk-s3", &["bucket"]),
    // For presigned URLs: the credentials of an assumed role have an expiry, those of the functions do not show it.
    ("aws-sdk-sts", &["bucket"]),
    ("aws-sdk-dynamodb", &["job_store"]),
    ("aws-sdk-eventbridge", &["notifications"]),
    ("aws-sdk-sfn", &["notifications"]),
    ("aws-sdk-lambda", &["notifications"]),
    ("aws-sdk-sqs", &["queues"]),
    ("aws-sdk-secretsmanager", &["secrets"]),
    ("aws-config", &["landfall"]),
    ("clap", &["landfall"]),
    ("reqwest", &["http_client"]),
    ("lambda_runtime", &["runtime"]),
    ("lambda_http", &["runtime"]),
    ("crc-fast", &["bucket", "landfall"]),
    ("flate2", &["archive", "http_client"]),
    ("icu_normalizer", &["archive"]),
];

/// The external crates that packages without I/O must not use.
const FORBIDDEN_CRATES: &[(&str, &[&str])] = &[
    ("model", &["tokio", "reqwest"]),
    ("providers", &["tokio", "reqwest"]),
    ("archive", &["tokio", "reqwest"]),
];

/// The packages of `tests/`, which are never shipped and may use every crate.
const TEST_PACKAGES: &[&str] = &["harness", "simulators", "bench-land", "bench-server"];

/// Returns the normal dependencies of every workspace package except the test packages.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let shipped = packages.iter().filter(|package| TEST_PACKAGES.iter().all(|name| package["name"] != *name));
    let names = |package: &Value| {
        let normal =
            package["dependencies"].as_array().expect("dependencies").iter().filter(|d| d["kind"].is_null());
        normal.filter_map(|d| d["name"].as_str().map(crate_name)).collect()
    };
    shipped.map(|package| (crate_name(package["name"].as_str().expect("a name")), names(package))).collect()
}

/// The name by which the code imports a package: those of `shared/` have a prefix that their crates do not have.
fn crate_name(package: &str) -> String {
    package.strip_prefix("landfall-").map_or(package.to_owned(), |name| name.replace('-', "_"))
}

#[test]
fn crates_depend_only_on_allowed_crates() {
    let dependencies = dependencies();
    let ours: BTreeSet<&str> = ALLOWED_IMPORTS.iter().map(|(name, _)| *name).collect();
    let known: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(known, ours, "ALLOWED_IMPORTS lists the packages of the workspace");
    for (name, allowed) in ALLOWED_IMPORTS {
        let imported: Vec<&String> =
            dependencies[*name].iter().filter(|d| ours.contains(d.as_str())).collect();
        for import in imported {
            assert!(allowed.contains(&import.as_str()), "{name} must not depend on {import}");
        }
    }
}

#[test]
fn the_log_writes_the_events_of_every_crate_of_the_functions() {
    let packages = ALLOWED_IMPORTS.iter().map(|(name, _)| *name).filter(|name| *name != "landfall");
    let logged: BTreeSet<&str> = runtime::LOGGED_CRATES.iter().copied().collect();
    assert_eq!(logged, packages.collect());
}

#[test]
fn external_crates_are_used_only_by_their_packages() {
    for (name, imported) in dependencies() {
        for (external, users) in EXTERNAL_CRATES {
            assert!(
                !imported.contains(*external) || users.contains(&name.as_str()),
                "{name} must not use {external}"
            );
        }
        for (pure, forbidden) in FORBIDDEN_CRATES.iter().filter(|(pure, _)| *pure == name) {
            for external in *forbidden {
                assert!(!imported.contains(*external), "{pure} must not use {external}");
            }
        }
    }
}
