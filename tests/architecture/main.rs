//! The rules of the architecture, as checks that fail: who may import whom, what may be in a release, how large a room
//! may be, what the template repeats of the code, and what the documents say of it.

mod documents;
mod imports;
mod metrics;
mod release;
mod roles;
mod rooms;
mod structure;
mod template;
mod throttles;
mod transport_security;

use std::{path::Path, process::Command};

/// The workspace's root.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What cargo prints.
fn cargo(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints text")
}
