//! Texts of others, and numbers, as a terminal may show them.

/// Whether a character would move the cursor, change colours or turn the direction of writing.
fn steers(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    turns || c.is_control()
}

/// A text without anything that steers a terminal: names and messages come from providers.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// JSON with the same meaning, in which what steers a terminal is written as `\uXXXX`. JSON itself wants that only of the
/// lowest characters; all of these stand in its strings, where escapes are allowed.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match steers(c) {
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
    }
    text
}

/// Bytes in decimal units.
pub(crate) fn size(bytes: f64) -> String {
    let mut value = bytes;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.95 {
            let decimals = usize::from(unit != "B");
            return format!("{value:.decimals$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let cleaned = clean("a\u{1b}[31m\r\n\u{9b}b\u{202e}gnp.exe é");
        assert_eq!(cleaned, "a\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}b\u{fffd}gnp.exe é");
    }

    #[test]
    fn json_says_the_same_without_steering_the_terminal() {
        let name = "a\u{1b}[31m\r\n\u{7f}\u{9b}b\u{202e}gnp.exe é \"\\";
        let json = escaped(&serde_json::json!({ "name": name }).to_string());
        assert!(json.contains(r"\u007f\u009bb\u202egnp.exe é") && !json.chars().any(steers), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(read["name"], name);
    }

    #[test]
    fn sizes_have_the_unit_that_suits_them() {
        for (bytes, text) in [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (1000.0, "1.0 kB"),
            (58_120.0, "58.1 kB"),
            (999_949.0, "999.9 kB"),
            (999_999.0, "1.0 MB"),
            (5.4e9, "5.4 GB"),
            (2.0e12, "2.0 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
