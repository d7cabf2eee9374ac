//! Safe names for files out of an archive: below the job's prefix whatever they say, and different from each other
//! wherever they may be copied to.

use std::collections::{HashMap, HashSet};

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::{entry::Entry, entry_name::decode_name};

/// The longest part of a name between slashes, in bytes of UTF-8. File systems end at 255.
const MAX_SEGMENT_BYTES: usize = 200;
/// The longest whole name. S3 keys end at 1,024 bytes, and a job's record holds 200 names.
const MAX_NAME_BYTES: usize = 400;
/// The longest ending that is kept when a name is shortened.
const MAX_EXTENSION_BYTES: usize = 16;
/// What a name without any safe part becomes.
const NAMELESS: &str = "unnamed";
/// Names that Windows keeps for devices, whatever their ending.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// The safe names of files, in their order. The same files always get the same names.
pub fn safe_names(files: &[Entry]) -> Vec<String> {
    unique_names(files.iter().map(|entry| decode_name(&entry.name, entry.utf8)))
}

/// The safe names of files that somebody else calls `sources`, in their order. Any file system can hold all of them at
/// once: no two are the same, and none is the folder of another, also where case or normalization makes no difference.
pub fn unique_names(sources: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let wanted: Vec<String> = sources.into_iter().map(|source| safe_name(source.as_ref())).collect();
    // Folders keep their names, so all of them are known before the first file is named, whatever the order.
    let mut names = Names::default();
    for name in &wanted {
        let slashes = name.match_indices('/');
        names.taken.extend(slashes.map(|(end, _)| folded(&name[..end])));
    }
    wanted.into_iter().map(|name| names.next(name)).collect()
}

/// Names that are taken: those given out already, and those of folders.
#[derive(Debug, Default)]
struct Names {
    taken: HashSet<String>,
    numbers: HashMap<String, u64>,
}

impl Names {
    /// This name, or the same with a number if it is taken.
    fn next(&mut self, name: String) -> String {
        if self.taken.insert(folded(&name)) {
            return name;
        }
        // Ten thousand files of one name must not try ten thousand numbers each.
        let mut number = self.numbers.get(&folded(&name)).copied().unwrap_or(1);
        loop {
            number += 1;
            let numbered = numbered(&name, number);
            if self.taken.insert(folded(&numbered)) {
                self.numbers.insert(folded(&name), number);
                return numbered;
            }
        }
    }
}

/// Names that a file system may take for the same are the same. Both cases in turn bring together what either leaves
/// apart, such as `ß` and `SS`, or the two small sigmas; a mark that lower case adds is composed again.
fn folded(name: &str) -> String {
    composed(&name.to_uppercase().to_lowercase())
}

/// In Unicode's composed form (NFC), as most systems type names.
fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

fn numbered(name: &str, number: u64) -> String {
    let (folder, last) = name.rsplit_once('/').map_or(("", name), |(folder, last)| (folder, last));
    let (stem, ending) = split(last);
    let mark = format!(" ({number})");
    let stem = cut(stem, MAX_SEGMENT_BYTES.saturating_sub(ending.len() + mark.len()));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{}{mark}{ending}", stem.trim_end())
}

fn safe_name(source: &str) -> String {
    let normal = composed(source).replace('\\', "/");
    let parts: Vec<String> =
        normal.split('/').enumerate().filter_map(|(place, text)| part(place, text)).collect();
    let Some((last, folders)) = parts.split_last() else { return NAMELESS.to_owned() };
    // As many of the first folders as fit before the file itself.
    let mut name = String::new();
    for folder in folders {
        if name.len() + folder.len() + 1 + last.len() > MAX_NAME_BYTES {
            break;
        }
        name.push_str(folder);
        name.push('/');
    }
    name + last
}

/// A safe part of a name; none for what leads nowhere or elsewhere.
fn part(place: usize, text: &str) -> Option<String> {
    let drive = place == 0 && text.len() == 2 && text.ends_with(':');
    // Without the invisible, a letter and its mark may stand side by side that did not before.
    let clean = composed(&text.chars().filter_map(character).collect::<String>());
    let clean = clean.trim_start().trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if drive || clean.is_empty() || clean.chars().all(|c| c == '.') {
        return None;
    }
    let short = shortened(clean);
    Some(if is_device(&short) { format!("_{short}") } else { short })
}

/// Replaces what file systems, terminals or readers stumble over.
fn character(c: char) -> Option<char> {
    match c {
        // Invisible: they make different names look alike, or turn their direction.
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => Some('_'),
        c if c.is_control() => Some('_'),
        // Line and paragraph separators end lines in some readers.
        '\u{2028}' | '\u{2029}' => Some('_'),
        c => Some(c),
    }
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let numbered =
        port.is_some_and(|n| n.chars().count() == 1 && n.chars().all(|c| "123456789¹²³".contains(c)));
    numbered || DEVICES.contains(&stem.as_str())
}

fn shortened(part: &str) -> String {
    if part.len() <= MAX_SEGMENT_BYTES {
        return part.to_owned();
    }
    let (stem, ending) = split(part);
    let stem = cut(stem, MAX_SEGMENT_BYTES - ending.len());
    format!("{}{ending}", stem.trim_end_matches(['.', ' ']))
}

/// A name and its ending with the dot, if it has a short one.
fn split(part: &str) -> (&str, &str) {
    match part.rfind('.') {
        Some(dot) if dot > 0 && part.len() - dot <= MAX_EXTENSION_BYTES => part.split_at(dot),
        _ => (part, ""),
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(sources: &[&str]) -> Vec<String> {
        unique_names(sources)
    }

    /// A file system that makes no difference between the cases or forms of a name: a folder for each key, `true`, or
    /// a file, `false`. Returns the first file that it cannot hold.
    fn cannot_hold(names: &[String]) -> Option<&String> {
        let mut held: HashMap<String, bool> = HashMap::new();
        names.iter().find(|name| {
            let mut folders = name.match_indices('/').map(|(end, _)| folded(&name[..end]));
            let folders_fit = folders.all(|folder| *held.entry(folder).or_insert(true));
            !folders_fit || held.insert(folded(name), false).is_some()
        })
    }

    #[test]
    fn names_stay_below_the_prefix() {
        for (source, safe) in [
            ("a.png", "a.png"),
            ("folder/a.png", "folder/a.png"),
            ("../../etc/passwd", "etc/passwd"),
            ("/etc/passwd", "etc/passwd"),
            ("a/../../b", "a/b"),
            ("./a//b", "a/b"),
            (r"..\..\a.png", "a.png"),
            (r"C:\Windows\a.dll", "Windows/a.dll"),
            ("C:a.txt", "C_a.txt"),
            (r"\\server\share\a", "server/share/a"),
            ("...", "unnamed"),
            ("", "unnamed"),
            ("/", "unnamed"),
            (". . /a", "a"),
        ] {
            assert_eq!(safe_name(source), safe, "{source}");
        }
    }

    #[test]
    fn names_can_be_written_anywhere() {
        for (source, safe) in [
            ("a\nb\0c\x7f.png", "a_b_c_.png"),
            ("con", "_con"),
            ("CON.png", "_CON.png"),
            ("sub/lpt1.txt", "sub/_lpt1.txt"),
            ("com10", "com10"),
            ("a. . ", "a"),
            ("a.\u{a0}.\u{2003}", "a"),
            (" a.png", "a.png"),
            ("what?.png", "what_.png"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("cafe\u{301}.png", "caf\u{e9}.png"),
            (".hidden", ".hidden"),
        ] {
            assert_eq!(safe_name(source), safe, "{source:?}");
        }
    }

    #[test]
    fn names_that_collide_are_numbered_in_order() {
        assert_eq!(
            names(&["a.png", "a.png", "A.PNG", "a (2).png", "b/a.png", "b/a.png", "x", "X"]),
            ["a.png", "a (2).png", "A (3).PNG", "a (2) (2).png", "b/a.png", "b/a (2).png", "x", "X (2)"]
        );
        assert_eq!(names(&["..", "/"]), ["unnamed", "unnamed (2)"]);
        let same = vec!["same.png"; 10_000];
        assert_eq!(names(&same)[9_999], "same (10000).png");
    }

    #[test]
    fn a_file_that_is_called_like_a_folder_is_numbered_in_both_orders() {
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
            assert_eq!(cannot_hold(&names(sources)), None, "{sources:?}");
        }
        assert!(cannot_hold(&["a".into(), "A/b".into()]).is_some(), "the test's own file system");
    }

    #[test]
    fn long_names_are_cut_and_keep_their_ending() {
        let long = safe_name(&format!("{}.png", "é".repeat(300)));
        assert!(long.len() <= MAX_SEGMENT_BYTES && long.ends_with("é.png"), "{long}");
        let deep = safe_name(&format!("{}a.png", "folder/".repeat(200)));
        assert!(deep.len() <= MAX_NAME_BYTES && deep.ends_with("folder/a.png"), "{deep}");
        let twins = names(&[&"x".repeat(300), &"x".repeat(301)]);
        assert_ne!(twins[0], twins[1]);
        assert!(twins[1].len() <= MAX_SEGMENT_BYTES);
    }

    proptest! {
        #[test]
        fn any_names_become_safe_and_different(sources in proptest::collection::vec("(?s).{0,12}|[./\\\\ a:]{0,8}|([aAbéÉßs]|e\u{301}|\u{200b}){1,2}(/([aAbéÉßs]|e\u{301}){1,2}){0,3}", 0..20)) {
            let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
            let given = names(&sources);
            prop_assert_eq!(&given, &names(&sources));
            prop_assert_eq!(cannot_hold(&given), None, "{:?}", given);
            for name in &given {
                prop_assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES + MAX_SEGMENT_BYTES);
                prop_assert!(!name.contains(['\\', '\0', ':']) && !name.chars().any(char::is_control));
                for part in name.split('/') {
                    prop_assert!(!part.is_empty() && part != "." && part != "..", "{}", name);
                    prop_assert!(!part.ends_with(['.', ' ']), "{:?}", name);
                }
            }
        }
    }
}
