//! Makes one file name safe: relative, below its prefix, and valid in common file systems.

use icu_normalizer::ComposingNormalizerBorrowed;

/// The longest path segment, in bytes of UTF-8. File systems allow up to 255.
pub(crate) const MAX_SEGMENT_BYTES: usize = 200;
/// The longest name, in bytes of UTF-8. S3 keys have at most 1,024 bytes, and a job's record holds 200 names.
pub(crate) const MAX_NAME_BYTES: usize = 400;
/// The longest extension, with its dot, that is kept when a name is truncated.
const MAX_EXTENSION_BYTES: usize = 16;
/// The name of a file whose original name has no safe segment.
const UNNAMED: &str = "unnamed";
/// Names that Windows reserves for devices, with any extension.
const RESERVED_NAMES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// Makes a file name safe. The result is a relative path without `.` and `..`.
pub(crate) fn sanitize_name(source: &str) -> String {
    let normalized = normalize(source).replace('\\', "/");
    let segments = normalized.split('/').enumerate();
    let segments: Vec<String> =
        segments.filter_map(|(index, text)| sanitize_segment(index == 0, text)).collect();
    let Some((last, folders)) = segments.split_last() else { return UNNAMED.to_owned() };
    // The folders are kept from the first one on, as long as they fit before the last segment.
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

/// Makes a path segment safe. Returns None for an empty segment, `.`, `..` and a drive letter.
fn sanitize_segment(is_first: bool, text: &str) -> Option<String> {
    let is_drive = is_first && text.len() == 2 && text.ends_with(':');
    // Removing invisible characters can bring a letter and a combining mark together, so the result is normalized
    // again.
    let clean = normalize(&text.chars().filter_map(sanitize_character).collect::<String>());
    let clean = clean.trim_start().trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if is_drive || clean.is_empty() || clean.chars().all(|c| c == '.') {
        return None;
    }
    let segment = truncate_segment(clean);
    Some(if is_reserved(&segment) { format!("_{segment}") } else { segment })
}

/// Replaces or removes a character that is invalid or misleading in file systems, terminals or text files.
fn sanitize_character(c: char) -> Option<char> {
    match c {
        // Invisible characters make different names look the same, or change the direction of text.
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => Some('_'),
        c if c.is_control() => Some('_'),
        // Some readers treat the line separator and the paragraph separator as the end of a line.
        '\u{2028}' | '\u{2029}' => Some('_'),
        c => Some(c),
    }
}

fn is_reserved(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port =
        port.is_some_and(|n| n.chars().count() == 1 && n.chars().all(|c| "123456789¹²³".contains(c)));
    is_port || RESERVED_NAMES.contains(&stem.as_str())
}

fn truncate_segment(segment: &str) -> String {
    if segment.len() <= MAX_SEGMENT_BYTES {
        return segment.to_owned();
    }
    let (stem, extension) = split_extension(segment);
    let stem = truncate(stem, MAX_SEGMENT_BYTES - extension.len());
    format!("{}{extension}", stem.trim_end_matches(['.', ' ']))
}

/// Splits a path segment before the dot of its extension. A long extension counts as a part of the stem.
pub(crate) fn split_extension(segment: &str) -> (&str, &str) {
    match segment.rfind('.') {
        Some(dot) if dot > 0 && segment.len() - dot <= MAX_EXTENSION_BYTES => segment.split_at(dot),
        _ => (segment, ""),
    }
}

/// Truncates a text to at most `max_bytes`, at the boundary of a character.
pub(crate) fn truncate(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

/// Normalizes a text to Unicode's composed form (NFC), the form in which most systems enter names.
pub(crate) fn normalize(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            assert_eq!(sanitize_name(source), safe, "{source}");
        }
    }

    #[test]
    fn names_are_valid_in_common_file_systems() {
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
            assert_eq!(sanitize_name(source), safe, "{source:?}");
        }
    }

    #[test]
    fn long_names_are_truncated_and_keep_their_extension() {
        let long = sanitize_name(&format!("{}.png", "é".repeat(300)));
        assert!(long.len() <= MAX_SEGMENT_BYTES && long.ends_with("é.png"), "{long}");
        let deep = sanitize_name(&format!("{}a.png", "folder/".repeat(200)));
        assert!(deep.len() <= MAX_NAME_BYTES && deep.ends_with("folder/a.png"), "{deep}");
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_safe_relative_path(source in "(?s).{0,12}|[./\\\\ a:]{0,8}") {
            let name = sanitize_name(&source);
            prop_assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES);
            prop_assert!(!name.contains(['\\', '\0', ':']) && !name.chars().any(char::is_control));
            for segment in name.split('/') {
                prop_assert!(!segment.is_empty() && segment != "." && segment != "..", "{}", name);
                prop_assert!(!segment.ends_with(['.', ' ']), "{:?}", name);
            }
        }
    }
}
