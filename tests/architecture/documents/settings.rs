//! Finds the settings in the code: the environment variables that the functions read.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{root, source_files::add_sources};

/// The methods and functions that read a variable by its name.
const READERS: &[&str] = &["comma_separated", "optional", "parse_or_default", "required", "seconds"];
/// The functions that are called with a name in capitals that is not a setting: a value, or an AWS service.
const NON_READERS: &[&str] = &["Some", "service_config", "streaming_config"];
/// The suffixes of the settings of each provider.
const PROVIDER_SUFFIXES: &[&str] = &["API_URL", "DOWNLOAD_HOSTS", "REQUESTS_PER_SECOND"];
/// The suffix of the setting that only providers with a limit on concurrent work have.
const CONCURRENCY_SUFFIX: &str = "CONCURRENT_JOBS";
/// The suffix of the setting that only providers that tell their credits have.
const CREDITS_SUFFIX: &str = "CREDITS_WARNING";
/// The suffix of the setting that only providers with a subscription service have.
const SUBSCRIPTIONS_SUFFIX: &str = "SUBSCRIPTIONS_URL";
/// The suffix of the setting that only providers with tiers of requests have.
const TIERS_SUFFIX: &str = "RATE_LIMITS";

/// Returns the code of the files that read the environment, without tests, comments and white space.
fn code() -> Vec<String> {
    let mut files: Vec<PathBuf> = vec![];
    for folder in ["functions", "shared"] {
        add_sources(&root().join(folder), &mut files);
    }
    let shipped = files.iter().filter(|file| !file.ends_with("tests.rs"));
    let read = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("text");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.flat_map(str::split_whitespace).collect::<String>()
    };
    shipped.map(read).filter(|code| code.contains("nvironment")).collect()
}

/// Returns the text up to the next quotation mark, if it is in capitals.
fn capitals(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('"')?;
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(fits)).then_some(name)
}

/// Returns the names in capitals that are the first argument of a call, each with the name of the function.
fn called_with(code: &str) -> impl Iterator<Item = (&str, &str)> {
    code.match_indices("(\"").filter_map(|(at, opening)| {
        let name = capitals(&code[at + opening.len()..])?;
        let called = code[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        Some((called, name))
    })
}

/// Returns the names in capitals that are bound to a variable `name`.
fn bound(code: &str) -> impl Iterator<Item = &str> {
    code.split("letname=\"").skip(1).filter_map(capitals)
}

/// Returns the string constants in capitals.
fn constants(code: &str) -> impl Iterator<Item = &str> {
    code.split(":&str=\"").skip(1).filter_map(capitals).filter(|name| name.contains('_'))
}

/// Returns the suffixes that are joined with a provider's name.
fn provider_suffixes(code: &str) -> impl Iterator<Item = &str> {
    let variables = code.split("variable(").skip(1).filter_map(|rest| rest.split_once(",\""));
    let variables = variables.filter_map(|(_, rest)| capitals(rest));
    variables.chain(code.split("\"{}_").skip(1).filter_map(capitals))
}

/// Returns the names of all settings.
pub(super) fn settings() -> BTreeSet<String> {
    let (mut found, mut suffixes) = (BTreeSet::new(), BTreeSet::new());
    let files = code();
    for code in &files {
        let read = called_with(code).filter(|(called, name)| {
            READERS.contains(called) || name.contains('_') && !NON_READERS.contains(called)
        });
        found.extend(read.map(|(_, name)| name.to_owned()));
        found.extend(bound(code).chain(constants(code)).map(str::to_owned));
        suffixes.extend(provider_suffixes(code));
    }
    let of_some = [CONCURRENCY_SUFFIX, TIERS_SUFFIX, CREDITS_SUFFIX, SUBSCRIPTIONS_SUFFIX];
    let known: BTreeSet<&str> = PROVIDER_SUFFIXES.iter().copied().chain(of_some).collect();
    assert_eq!(suffixes, known, "the suffixes of settings that are read for each provider");
    for provider in providers::ALL {
        let limited = provider.concurrency_limit().map(|_| CONCURRENCY_SUFFIX);
        let tiers = (!provider.rate_limits().tiers.is_empty()).then_some(TIERS_SUFFIX);
        let tells_credits = provider.default_credits_warning().map(|_| CREDITS_SUFFIX);
        let subscribes = provider.default_subscriptions_url().map(|_| SUBSCRIPTIONS_SUFFIX);
        let of_this = [limited, tiers, tells_credits, subscribes].into_iter().flatten();
        let suffixes = PROVIDER_SUFFIXES.iter().copied().chain(of_this);
        found.extend(suffixes.map(|suffix| format!("{}_{suffix}", provider.name().to_uppercase())));
    }
    found
}
