//! Decodes the file names of entries, and quotes names for messages.

/// The upper half of IBM code page 437, the original encoding of file names (APPNOTE D.1).
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
                     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// The longest name in a message, in characters.
const MAX_QUOTED_CHARACTERS: usize = 80;

/// The encoding that an archive declares for a file name (general purpose bit 11, APPNOTE 4.4.4 and appendix D).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameEncoding {
    /// Bit 11 is set: UTF-8.
    Utf8,
    /// Bit 11 is not set: code page 437, but many writers put UTF-8 there.
    Unspecified,
}

/// Decodes a file name. A name that is valid UTF-8 is read as UTF-8 whatever the archive declares, any other name
/// without a declared encoding as code page 437.
pub(crate) fn decode_name(name: &[u8], encoding: NameEncoding) -> String {
    match (std::str::from_utf8(name), encoding) {
        (Ok(text), _) => text.to_owned(),
        (Err(_), NameEncoding::Utf8) => String::from_utf8_lossy(name).into_owned(),
        (Err(_), NameEncoding::Unspecified) => name.iter().map(|byte| decode_cp437(*byte)).collect(),
    }
}

fn decode_cp437(byte: u8) -> char {
    let upper = byte.checked_sub(128).and_then(|index| CP437.chars().nth(usize::from(index)));
    upper.unwrap_or_else(|| char::from(byte & 0x7f))
}

/// Quotes a name for a message: at most 80 characters, with control characters replaced.
pub fn quote_name(name: &str) -> String {
    let printable = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut quoted: String = printable.take(MAX_QUOTED_CHARACTERS).collect();
    if quoted.len() < name.len() && name.chars().count() > MAX_QUOTED_CHARACTERS {
        quoted.push('…');
    }
    format!("\"{quoted}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_utf_8_are_decoded_as_code_page_437() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(decode_name(b"caf\x82.png", NameEncoding::Unspecified), "café.png");
        assert_eq!(decode_name(b"\xff", NameEncoding::Unspecified), "\u{a0}");
        assert_eq!(decode_name("café.png".as_bytes(), NameEncoding::Unspecified), "café.png");
        assert_eq!(decode_name(b"caf\x82", NameEncoding::Utf8), "caf\u{fffd}");
    }

    #[test]
    fn a_quoted_name_has_at_most_80_characters_and_no_line_breaks() {
        assert_eq!(quote_name("a\nb"), "\"a\u{fffd}b\"");
        assert_eq!(quote_name(&"x".repeat(80)), format!("\"{}\"", "x".repeat(80)));
        assert_eq!(quote_name(&"x".repeat(81)), format!("\"{}…\"", "x".repeat(80)));
    }
}
