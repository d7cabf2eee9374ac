//! Pages of keys with prefix and delimiter, for every list operation.

use std::collections::BTreeMap;
use std::ops::Bound;

/// What a list operation asks for.
#[derive(Debug, Default)]
pub(super) struct Question<'a> {
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<&'a str>,
    /// Only what comes after this key or common prefix.
    pub(super) after: &'a str,
    pub(super) limit: usize,
}

/// One page of the answer.
#[derive(Debug)]
pub(super) struct Page<'a, T> {
    pub(super) entries: Vec<(&'a str, &'a T)>,
    pub(super) common_prefixes: Vec<String>,
    /// Where the next page goes on, when there is one.
    pub(super) next: Option<String>,
}

/// The page of `keys` that answers the question; `shown` hides entries.
pub(super) fn page<'a, T>(
    keys: &'a BTreeMap<String, T>,
    question: &Question<'_>,
    shown: impl Fn(&T) -> bool,
) -> Page<'a, T> {
    let mut page = Page { entries: Vec::new(), common_prefixes: Vec::new(), next: None };
    if question.limit == 0 {
        return page;
    }
    let from = if question.after > question.prefix {
        Bound::Excluded(question.after)
    } else {
        Bound::Included(question.prefix)
    };
    let mut last = String::new();
    for (key, value) in keys.range::<str, _>((from, Bound::Unbounded)) {
        if !key.starts_with(question.prefix) {
            break;
        }
        let group = group(key, question);
        let repeated = group.is_some_and(|group| group == question.after || group == last);
        if !shown(value) || repeated {
            continue;
        }
        if page.entries.len() + page.common_prefixes.len() == question.limit {
            page.next = Some(last);
            break;
        }
        match group {
            Some(group) => page.common_prefixes.push(group.to_owned()),
            None => page.entries.push((key, value)),
        }
        last = group.unwrap_or(key).to_owned();
    }
    page
}

/// The common prefix that a key disappears behind.
fn group<'a>(key: &'a str, question: &Question<'_>) -> Option<&'a str> {
    let delimiter = question.delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let start = question.prefix.len();
    let end = start + key[start..].find(delimiter)? + delimiter.len();
    Some(&key[..end])
}

/// The page size that applies: what was asked for, at most what S3 gives.
pub(super) fn limit(asked: Option<i32>) -> usize {
    usize::try_from(asked.unwrap_or(1000).clamp(0, 1000)).unwrap_or(1000)
}
