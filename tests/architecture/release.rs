//! What a release build of the functions holds: no simulator, no schemas of types, and one library for each job.

use std::collections::{BTreeMap, BTreeSet};

use crate::cargo;

/// Crate, version and features of everything that the two functions are built from.
fn tree() -> Vec<(String, String, String)> {
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
        let (package, features) = line.split_once('|').expect("the format asks for it");
        let mut words = package.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        (name.to_owned(), version.to_owned(), features.to_owned())
    });
    parts.collect()
}

#[test]
fn simulators_and_schemas_are_in_no_release() {
    for (name, _, features) in tree() {
        assert!(
            name != "providers" || !features.split(',').any(|feature| feature == "schema"),
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
fn there_is_one_library_for_each_job() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in tree() {
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
