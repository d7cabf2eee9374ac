//! Tests of the architecture rules: which crates may depend on each other, what a release contains, the size of source
//! files, and that the template and the documents match the code.

mod access_logs;
mod asynchronous_invocations;
mod cost;
mod documents;
mod event_sources;
mod imports;
mod metrics;
mod permissions;
mod recursion;
mod release;
mod roles;
mod source_files;
mod structure;
mod template;
mod throttles;
mod transport_security;

use std::{path::Path, process::Command};

/// Returns the root of the workspace.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs cargo and returns its output.
fn cargo(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints text")
}
