//! The file name in the URL of a file.

use super::stored_export_state::strip_query;

/// Returns the last segment of a URL (contract 6.4) if it has the form of a file name: it has an extension of two to four
/// letters and digits.
pub(super) fn file_name_of_url(url: &str) -> Option<&str> {
    let last = strip_query(url).rsplit('/').next()?;
    let extension = last.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, end)| end)?;
    let is_extension =
        (2..=4).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric());
    is_extension.then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_segment_with_an_extension_is_a_file_name() {
        for (url, name) in [
            ("https://h/export/a.mp4?Signature=s", Some("a.mp4")),
            ("https://h/export/a.b.jpeg#top", Some("a.b.jpeg")),
            ("https://h/export/a", None),
            ("https://h/export/.mp4", None),
            ("https://h/export/a.", None),
            ("https://h/export/a.longer", None),
            ("https://h/", None),
        ] {
            assert_eq!(file_name_of_url(url), name, "{url}");
        }
    }
}
