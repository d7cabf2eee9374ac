//! Finds the settings in the code: the names of environment variables that the functions read.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{rooms::sources, root};

/// Methods and functions that read a variable by its name.
const READERS: &[&str] = &["list", "maybe", "parsed", "seconds", "text"];
/// What is called with a name in capitals that is no setting: a value, or a service of AWS.
const OTHERS: &[&str] = &["Some", "service", "streaming"];
/// The ends of the settings that each provider has.
const OF_EACH_PROVIDER: &[&str] = &["API_URL", "DOWNLOAD_HOSTS", "REQUESTS_PER_SECOND"];
/// That of the setting which only a provider has that limits concurrent work.
const CONCURRENCY: &str = "CONCURRENT_JOBS";

/// The code of the files that read the environment, without tests, comments and white space.
fn code() -> Vec<String> {
    let mut files: Vec<PathBuf> = vec![];
    for folder in ["functions", "shared"] {
        sources(&root().join(folder), &mut files);
    }
    let shipped = files.iter().filter(|file| {
        let simulated =
            file.components().any(|part| part.as_os_str() == "sim" || part.as_os_str() == "sim.rs");
        !simulated && !file.ends_with("tests.rs")
    });
    let read = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("text");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.flat_map(str::split_whitespace).collect::<String>()
    };
    shipped.map(read).filter(|code| code.contains("nvironment")).collect()
}

/// The text up to the next quotation mark, if it is in capitals.
fn capitals(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('"')?;
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(fits)).then_some(name)
}

/// Names in capitals that something is called with first, each with what is called.
fn called_with(code: &str) -> impl Iterator<Item = (&str, &str)> {
    code.match_indices("(\"").filter_map(|(at, opening)| {
        let name = capitals(&code[at + opening.len()..])?;
        let called = code[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        Some((called, name))
    })
}

/// Names in capitals that a variable is bound to before something is called with it.
fn bound(code: &str) -> impl Iterator<Item = &str> {
    code.split("letname=\"").skip(1).filter_map(capitals)
}

/// The names of constants that are texts in capitals.
fn constants(code: &str) -> impl Iterator<Item = &str> {
    code.split(":&str=\"").skip(1).filter_map(capitals).filter(|name| name.contains('_'))
}

/// The ends of names that are joined with a provider's.
fn joined(code: &str) -> impl Iterator<Item = &str> {
    let variables = code.split("variable(").skip(1).filter_map(|rest| rest.split_once(",\""));
    let variables = variables.filter_map(|(_, rest)| capitals(rest));
    variables.chain(code.split("\"{}_").skip(1).filter_map(capitals))
}

/// Every setting.
pub(super) fn settings() -> BTreeSet<String> {
    let (mut found, mut ends) = (BTreeSet::new(), BTreeSet::new());
    let files = code();
    for code in &files {
        let read = called_with(code).filter(|(called, name)| {
            READERS.contains(called) || name.contains('_') && !OTHERS.contains(called)
        });
        found.extend(read.map(|(_, name)| name.to_owned()));
        found.extend(bound(code).chain(constants(code)).map(str::to_owned));
        ends.extend(joined(code));
    }
    let known: BTreeSet<&str> = OF_EACH_PROVIDER.iter().copied().chain([CONCURRENCY]).collect();
    assert_eq!(ends, known, "the ends of settings that are read for each provider");
    for provider in providers::ALL {
        let limited = provider.concurrent_jobs().map(|_| CONCURRENCY);
        let ends = OF_EACH_PROVIDER.iter().copied().chain(limited);
        found.extend(ends.map(|end| format!("{}_{end}", provider.name().to_uppercase())));
    }
    found
}
