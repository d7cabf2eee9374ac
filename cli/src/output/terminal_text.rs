//! Makes text safe for a terminal, and formats numbers of bytes.

/// Whether a character moves the cursor, changes colours or changes the direction of writing.
fn is_control_or_bidi(c: char) -> bool {
    let is_bidi = matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    is_bidi || c.is_control()
}

/// Replaces control and bidirectional characters: names and messages come from providers.
pub(crate) fn sanitize_for_terminal(text: &str) -> String {
    text.chars().map(|c| if is_control_or_bidi(c) { '\u{fffd}' } else { c }).collect()
}

/// Writes control and bidirectional characters of JSON as `\uXXXX`, which does not change its meaning. RFC 8259 requires
/// this only below U+0020. All of them occur inside strings, where such escapes are valid.
pub(super) fn escape_json_for_terminal(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match is_control_or_bidi(c) {
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
    }
    text
}

/// Formats a number of bytes in decimal units.
pub(crate) fn format_bytes(bytes: f64) -> String {
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
    fn control_and_bidi_characters_of_text_are_replaced() {
        let sanitized = sanitize_for_terminal("a\u{1b}[31m\r\n\u{9b}b\u{202e}gnp.exe é");
        assert_eq!(sanitized, "a\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}b\u{fffd}gnp.exe é");
    }

    #[test]
    fn control_and_bidi_characters_of_json_are_escaped_without_changing_its_meaning() {
        let name = "a\u{1b}[31m\r\n\u{7f}\u{9b}b\u{202e}gnp.exe é \"\\";
        let json = escape_json_for_terminal(&serde_json::json!({ "name": name }).to_string());
        assert!(
            json.contains(r"\u007f\u009bb\u202egnp.exe é") && !json.chars().any(is_control_or_bidi),
            "{json}"
        );
        let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(parsed["name"], name);
    }

    #[test]
    fn bytes_are_formatted_with_a_fitting_decimal_unit() {
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
            assert_eq!(format_bytes(bytes), text);
        }
    }
}
