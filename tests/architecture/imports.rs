//! The import table: which crate may use which, and which one crate may use an outside thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cargo;

/// What each package of ours may import of ours.
const TABLE: &[(&str, &[&str])] = &[
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
    // The command line speaks to the functions by their answers only.
    ("landfall", &["model"]),
    // Why these import more than model stands in their READMEs.
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

/// The one home of each outside thing.
const HOMES: &[(&str, &[&str])] = &[
    ("aws-sdk-s3", &["bucket"]),
    // For links: their credentials state their end, which the functions' own do not.
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
    ("flate2", &["archive"]),
    ("icu_normalizer", &["archive"]),
];

/// What pure crates must not have.
const NEVER: &[(&str, &[&str])] = &[
    ("model", &["tokio", "reqwest"]),
    ("providers", &["tokio", "reqwest"]),
    ("archive", &["tokio", "reqwest"]),
];

/// Packages of `tests/`, which are never shipped and may use everything.
const TESTS: &[&str] = &["harness", "simulators", "bench-land", "bench-server"];

/// Normal dependencies of every package of ours but those of the tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let shipped = packages.iter().filter(|package| TESTS.iter().all(|name| package["name"] != *name));
    let names = |package: &Value| {
        let normal =
            package["dependencies"].as_array().expect("dependencies").iter().filter(|d| d["kind"].is_null());
        normal.filter_map(|d| d["name"].as_str().map(str::to_owned)).collect()
    };
    shipped.map(|package| (package["name"].as_str().expect("a name").to_owned(), names(package))).collect()
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let dependencies = dependencies();
    let ours: BTreeSet<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    let known: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(known, ours, "the table and the workspace name the same packages");
    for (name, allowed) in TABLE {
        let imported: Vec<&String> =
            dependencies[*name].iter().filter(|d| ours.contains(d.as_str())).collect();
        for import in imported {
            assert!(allowed.contains(&import.as_str()), "{name} must not import {import}");
        }
    }
}

#[test]
fn the_log_writes_the_events_of_every_crate_of_the_functions() {
    let table = TABLE.iter().map(|(name, _)| *name).filter(|name| *name != "landfall");
    let logged: BTreeSet<&str> = runtime::LOGGED_CRATES.iter().copied().collect();
    assert_eq!(logged, table.collect());
}

#[test]
fn each_outside_thing_has_one_home() {
    for (name, imported) in dependencies() {
        for (thing, homes) in HOMES {
            assert!(
                !imported.contains(*thing) || homes.contains(&name.as_str()),
                "{name} must not use {thing}"
            );
        }
        for (pure, forbidden) in NEVER.iter().filter(|(pure, _)| *pure == name) {
            for thing in *forbidden {
                assert!(!imported.contains(*thing), "{pure} must not use {thing}");
            }
        }
    }
}
