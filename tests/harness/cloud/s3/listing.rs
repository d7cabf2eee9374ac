//! Builds a page of keys with prefix and delimiter, for every list operation.

use std::collections::BTreeMap;
use std::ops::Bound;

/// The parameters of a list operation.
#[derive(Debug, Default)]
pub(super) struct ListRequest<'a> {
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<&'a str>,
    /// The page starts after this key or common prefix.
    pub(super) after: &'a str,
    pub(super) limit: usize,
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page<'a, T> {
    pub(super) entries: Vec<(&'a str, &'a T)>,
    pub(super) common_prefixes: Vec<String>,
    /// Where the next page starts, if there is one.
    pub(super) next: Option<String>,
}

/// Returns a page of `keys`. Entries for which `is_listed` returns false are left out.
pub(super) fn list_page<'a, T>(
    keys: &'a BTreeMap<String, T>,
    request: &ListRequest<'_>,
    is_listed: impl Fn(&T) -> bool,
) -> Page<'a, T> {
    let mut page = Page { entries: Vec::new(), common_prefixes: Vec::new(), next: None };
    if request.limit == 0 {
        return page;
    }
    let from = if request.after > request.prefix {
        Bound::Excluded(request.after)
    } else {
        Bound::Included(request.prefix)
    };
    let mut last = String::new();
    for (key, value) in keys.range::<str, _>((from, Bound::Unbounded)) {
        if !key.starts_with(request.prefix) {
            break;
        }
        let prefix = common_prefix(key, request);
        let is_repeated = prefix.is_some_and(|prefix| prefix == request.after || prefix == last);
        if !is_listed(value) || is_repeated {
            continue;
        }
        if page.entries.len() + page.common_prefixes.len() == request.limit {
            page.next = Some(last);
            break;
        }
        match prefix {
            Some(prefix) => page.common_prefixes.push(prefix.to_owned()),
            None => page.entries.push((key, value)),
        }
        last = prefix.unwrap_or(key).to_owned();
    }
    page
}

/// Returns the common prefix under which a key is grouped.
fn common_prefix<'a>(key: &'a str, request: &ListRequest<'_>) -> Option<&'a str> {
    let delimiter = request.delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let start = request.prefix.len();
    let end = start + key[start..].find(delimiter)? + delimiter.len();
    Some(&key[..end])
}

/// Returns the page size: the requested one, at most the 1,000 that S3 allows.
pub(super) fn page_limit(requested: Option<i32>) -> usize {
    usize::try_from(requested.unwrap_or(1000).clamp(0, 1000)).unwrap_or(1000)
}
