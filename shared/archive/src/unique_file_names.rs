//! Assigns safe and unique names to a set of files, so that any common file system can store all of them together.

use std::collections::{HashMap, HashSet};

use crate::{
    entry::ArchiveEntry,
    sanitize_file_name::{MAX_SEGMENT_BYTES, normalize, sanitize_name, split_extension, truncate},
};

/// Assigns safe names to the files of an archive, in their order. The same files always get the same names.
pub fn safe_entry_names(files: &[ArchiveEntry]) -> Vec<String> {
    safe_file_names(files.iter().map(ArchiveEntry::decode_name))
}

/// Assigns safe names to files with the original names `sources`, in their order.
///
/// No two names are equal, and no name is the folder of another one. Both hold in file systems that ignore case or
/// Unicode normalization, too.
pub fn safe_file_names(sources: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let sanitized: Vec<String> = sources.into_iter().map(|source| sanitize_name(source.as_ref())).collect();
    // Folders keep their names. All of them are known before the first file is named, so the order does not matter.
    let mut names = UsedNames::default();
    for name in &sanitized {
        let slashes = name.match_indices('/');
        names.used.extend(slashes.map(|(end, _)| fold_case(&name[..end])));
    }
    sanitized.into_iter().map(|name| names.assign(name)).collect()
}

/// The names in use, by their folded form: those of folders and those assigned to files.
#[derive(Debug, Default)]
struct UsedNames {
    used: HashSet<String>,
    /// The last number that was appended to each name.
    last_numbers: HashMap<String, u64>,
}

impl UsedNames {
    /// Assigns this name, or the same name with a number if it is in use.
    fn assign(&mut self, name: String) -> String {
        let folded = fold_case(&name);
        if self.used.insert(folded.clone()) {
            return name;
        }
        // Continues after the last number, so that 10,000 files with one name do not try up to 10,000 numbers each.
        let mut number = self.last_numbers.get(&folded).copied().unwrap_or(1);
        loop {
            number += 1;
            let numbered = append_number(&name, number);
            if self.used.insert(fold_case(&numbered)) {
                self.last_numbers.insert(folded, number);
                return numbered;
            }
        }
    }
}

/// Folds a name so that two names are equal if a file system may treat them as equal.
///
/// Upper case followed by lower case unites what either of them alone keeps apart, such as `ß` and `SS`, or the two
/// small sigmas. Lower case can add a combining mark, so the result is normalized.
fn fold_case(name: &str) -> String {
    normalize(&name.to_uppercase().to_lowercase())
}

fn append_number(name: &str, number: u64) -> String {
    let (folder, last) = name.rsplit_once('/').map_or(("", name), |(folder, last)| (folder, last));
    let (stem, extension) = split_extension(last);
    let suffix = format!(" ({number})");
    let stem = truncate(stem, MAX_SEGMENT_BYTES.saturating_sub(extension.len() + suffix.len()));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{}{suffix}{extension}", stem.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sanitize_file_name::MAX_NAME_BYTES;

    fn names(sources: &[&str]) -> Vec<String> {
        safe_file_names(sources)
    }

    /// Finds the first name that conflicts with an earlier one in a file system that ignores case and
    /// normalization. The map holds `true` for a folder and `false` for a file.
    fn find_conflict(names: &[String]) -> Option<&String> {
        let mut is_folder: HashMap<String, bool> = HashMap::new();
        names.iter().find(|name| {
            let mut folders = name.match_indices('/').map(|(end, _)| fold_case(&name[..end]));
            let folders_fit = folders.all(|folder| *is_folder.entry(folder).or_insert(true));
            !folders_fit || is_folder.insert(fold_case(name), false).is_some()
        })
    }

    #[test]
    fn equal_names_are_numbered_in_order() {
        assert_eq!(
            names(&["a.png", "a.png", "A.PNG", "a (2).png", "b/a.png", "b/a.png", "x", "X"]),
            ["a.png", "a (2).png", "A (3).PNG", "a (2) (2).png", "b/a.png", "b/a (2).png", "x", "X (2)"]
        );
        assert_eq!(names(&["..", "/"]), ["unnamed", "unnamed (2)"]);
        let same = vec!["same.png"; 10_000];
        assert_eq!(names(&same)[9_999], "same (10000).png");
    }

    #[test]
    fn a_file_with_the_name_of_a_folder_is_numbered_in_both_orders() {
        for (sources, safe) in [
            (&["a", "a/b"][..], &["a (2)", "a/b"][..]),
            (&["a/b", "a"], &["a/b", "a (2)"]),
            (&["a/b", "a/b/c", "a"], &["a/b (2)", "a/b/c", "a (2)"]),
            (&["x.zip", "X.ZIP/y"], &["x (2).zip", "X.ZIP/y"]),
            (&["Caf\u{e9}/x", "cafe\u{301}"], &["Caf\u{e9}/x", "caf\u{e9} (2)"]),
            (&["caf\u{e9}/x", "cafe\u{200b}\u{301}"], &["caf\u{e9}/x", "caf\u{e9} (2)"]),
            (&["stra\u{df}e/x", "STRASSE"], &["stra\u{df}e/x", "STRASSE (2)"]),
            (&["a", "a (2)/b", "a/b"], &["a (3)", "a (2)/b", "a/b"]),
            (&["/a/", "\\a\\b"], &["a (2)", "a/b"]),
            (&["unnamed/x", ".."], &["unnamed/x", "unnamed (2)"]),
        ] {
            assert_eq!(names(sources), safe, "{sources:?}");
            assert_eq!(find_conflict(&names(sources)), None, "{sources:?}");
        }
        assert!(find_conflict(&["a".into(), "A/b".into()]).is_some(), "find_conflict detects conflicts");
    }

    #[test]
    fn long_names_that_are_truncated_to_the_same_text_are_numbered() {
        let twins = names(&[&"x".repeat(300), &"x".repeat(301)]);
        assert_ne!(twins[0], twins[1]);
        assert!(twins[1].len() <= MAX_SEGMENT_BYTES);
    }

    proptest! {
        #[test]
        fn any_names_become_safe_unique_and_reproducible(sources in proptest::collection::vec("(?s).{0,12}|[./\\\\ a:]{0,8}|([aAbéÉßs]|e\u{301}|\u{200b}){1,2}(/([aAbéÉßs]|e\u{301}){1,2}){0,3}", 0..20)) {
            let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
            let assigned = names(&sources);
            prop_assert_eq!(&assigned, &names(&sources));
            prop_assert_eq!(find_conflict(&assigned), None, "{:?}", assigned);
            for name in &assigned {
                prop_assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES + MAX_SEGMENT_BYTES);
                prop_assert!(!name.contains(['\\', '\0', ':']) && !name.chars().any(char::is_control));
                for segment in name.split('/') {
                    prop_assert!(!segment.is_empty() && segment != "." && segment != "..", "{}", name);
                    prop_assert!(!segment.ends_with(['.', ' ']), "{:?}", name);
                }
            }
        }
    }
}
