//! A release build of the functions contains no simulators, no JSON schemas, no banned crates and no crate in two versions.

use std::collections::{BTreeMap, BTreeSet};

use crate::cargo;

/// Returns crate, version and features of every dependency of the two functions.
fn dependency_tree() -> Vec<(String, String, String)> {
    let printed = cargo(&[
        "tree",
        "--package",
        "submit",
        "--package",
        "webhook",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}|{f}",
        "--target",
        "aarch64-unknown-linux-gnu",
    ]);
    let lines: BTreeSet<&str> = printed.lines().filter(|line| !line.is_empty()).collect();
    let parts = lines.into_iter().map(|line| {
        let (package, features) = line.split_once('|').expect("the separator of the format");
        let mut words = package.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        (name.to_owned(), version.to_owned(), features.to_owned())
    });
    parts.collect()
}

#[test]
fn a_release_contains_no_simulators_and_no_schemas() {
    for (name, _, features) in dependency_tree() {
        assert!(
            name != "landfall-providers" || !features.split(',').any(|feature| feature == "schema"),
            "providers has {features}"
        );
        assert!(
            !["image", "zip", "s3s", "dynoxide-rs", "harness", "simulators", "axum", "schemars"]
                .contains(&name.as_str()),
            "{name} is shipped"
        );
    }
}

#[test]
fn a_release_contains_no_banned_or_duplicate_crates() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in dependency_tree() {
        versions.entry(name).or_default().insert(version);
    }
    for banned in
        ["openssl", "native-tls", "aws-lc-rs", "chrono", "rusoto_core", "hyper-tls", "ureq", "isahc", "ulid"]
    {
        assert!(!versions.contains_key(banned), "{banned} is shipped");
    }
    for single in
        ["rustls", "ring", "reqwest", "hyper", "hyper-util", "tokio", "uuid", "time", "http", "serde_json"]
    {
        assert_eq!(
            versions.get(single).map_or(0, BTreeSet::len),
            1,
            "versions of {single}: {:?}",
            versions.get(single)
        );
    }
}
