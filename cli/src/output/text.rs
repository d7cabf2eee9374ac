//! Texts of others, and numbers, as a terminal may show them.

/// A text without anything that would move the cursor, change colours or turn the direction of writing: names and
/// messages come from providers.
pub(crate) fn clean(text: &str) -> String {
    let harmless = |c: char| match c {
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '\u{fffd}'
        }
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(harmless).collect()
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
