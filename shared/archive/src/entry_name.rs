//! The names of entries, from whatever encoding they are in.

/// The upper half of code page 437, which names are in when nothing else is said.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
                     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// The longest name that is shown to a person, in characters.
const MAX_SHOWN_CHARACTERS: usize = 80;

/// A name as text: UTF-8 when it is UTF-8, whether the archive says so or not, else code page 437.
pub fn decode_name(name: &[u8], utf8: bool) -> String {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_owned(),
        Err(_) if utf8 => String::from_utf8_lossy(name).into_owned(),
        Err(_) => name.iter().map(|byte| from_cp437(*byte)).collect(),
    }
}

fn from_cp437(byte: u8) -> char {
    let upper = byte.checked_sub(128).and_then(|place| CP437.chars().nth(usize::from(place)));
    upper.unwrap_or_else(|| char::from(byte & 0x7f))
}

/// A name in quotes for a message, cut and without what could spoil the line.
pub fn printable_name(name: &[u8], utf8: bool) -> String {
    let text = decode_name(name, utf8);
    let clean = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut short: String = clean.take(MAX_SHOWN_CHARACTERS).collect();
    if short.len() < text.len() && text.chars().count() > MAX_SHOWN_CHARACTERS {
        short.push('…');
    }
    format!("\"{short}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_page_has_128_characters_and_old_names_are_read() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(decode_name(b"caf\x82.png", false), "café.png");
        assert_eq!(decode_name(b"\xff", false), "\u{a0}");
        assert_eq!(decode_name("café.png".as_bytes(), false), "café.png");
        assert_eq!(decode_name(b"caf\x82", true), "caf\u{fffd}");
    }

    #[test]
    fn a_shown_name_is_short_and_keeps_to_its_line() {
        assert_eq!(printable_name(b"a\nb", true), "\"a\u{fffd}b\"");
        assert_eq!(printable_name(&[b'x'; 80], true), format!("\"{}\"", "x".repeat(80)));
        assert_eq!(printable_name(&[b'x'; 81], true), format!("\"{}…\"", "x".repeat(80)));
    }
}
