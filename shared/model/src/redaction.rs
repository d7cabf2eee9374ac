//! Redaction: replaces secrets in a text from outside, in every encoding.
//!
//! A provider that repeats a request may write it raw, with the escapes of JSON, of a URL or of HTML, or with several
//! of them combined. So a secret is compared character by character with each encoding of that character, and not
//! with a list of encoded texts.
//!
//! Base64 is not decoded: opaque tokens and signed URLs consist of it, and a damaged one would be invalid.

use std::borrow::Cow;

use crate::Secret;

/// The replacement of a secret. It is valid in a JSON string, in a URL and in a header.
const MASK: &[u8] = b"***";

/// Shorter secrets are ignored, since they would match ordinary words.
const MIN_LENGTH: usize = 8;

/// A text may be truncated in the middle of a secret. A prefix of at least this length is redacted ...
const MIN_PREFIX: usize = 12;

/// ... if it leaves fewer characters than this to guess: 15 characters of base64 are 90 bits. A shorter prefix is
/// useless to an attacker, and it may be an identifier that URLs contain too, as the prefixes of some API keys are.
const MIN_SECRET_REST: usize = 16;

/// The maximum number of backslashes that are skipped before a character: three levels of JSON in JSON. It bounds the
/// work.
const MAX_BACKSLASHES: usize = 16;

/// The number of characters of a job id.
const JOB_ID_LENGTH: usize = 36;

/// The bytes that can start an escaped character.
const ESCAPES: [u8; 3] = [b'%', b'\\', b'&'];

/// Finds and replaces secrets in a text. Its `Debug` shows none of them.
#[derive(Clone)]
pub struct Redactor {
    patterns: Vec<Pattern>,
    /// The indexes of the patterns that can start with each byte.
    by_first_byte: Vec<Vec<usize>>,
    /// Whether a pattern can start with two bytes, indexed by their big-endian number.
    can_start: Vec<bool>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self { patterns: vec![], by_first_byte: vec![vec![]; 256], can_start: vec![false; 1 << 16] }
    }
}

#[derive(Clone)]
struct Pattern {
    text: Vec<char>,
    /// How many characters have to match.
    min_matched: usize,
    kind: PatternKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PatternKind {
    /// The text is the secret.
    Secret,
    /// The secret follows the text and a job id.
    CallbackUrl,
}

/// Which reading takes precedence for a character that may be escaped or raw.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Precedence {
    Escaped,
    Raw,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(***)")
    }
}

impl Redactor {
    /// Adds a secret to redact. Secrets of fewer than eight characters are ignored.
    pub fn add_secret(&mut self, secret: &Secret) {
        let mut text: Vec<char> = secret.expose().chars().collect();
        if text.len() >= MIN_LENGTH {
            // A run of backslashes matches as one, since escaping doubles them. Trailing backslashes are not
            // redacted: in JSON the last one may escape the next character.
            text.dedup_by(|one, before| (*one, *before) == ('\\', '\\'));
            text.truncate(text.iter().rposition(|c| *c != '\\').map_or(0, |last| last + 1));
            let min_matched =
                MIN_PREFIX.max((text.len() + 1).saturating_sub(MIN_SECRET_REST)).min(text.len());
            self.add_pattern(Pattern { text, min_matched, kind: PatternKind::Secret });
        }
    }

    /// Adds the callback URLs of a provider: their tokens are redacted for every job and every key.
    pub fn add_callback_urls(&mut self, provider: &str) {
        let text: Vec<char> = format!("/webhooks/{provider}/").chars().collect();
        self.add_pattern(Pattern { min_matched: text.len(), text, kind: PatternKind::CallbackUrl });
    }

    fn add_pattern(&mut self, pattern: Pattern) {
        let mut buffer = [0; 4];
        let Some(first) = pattern.text.first() else { return };
        let raw = first.encode_utf8(&mut buffer).as_bytes()[0];
        for byte in ESCAPES.into_iter().filter(|byte| *byte != raw).chain([raw]) {
            self.by_first_byte[usize::from(byte)].push(self.patterns.len());
            let second = pattern.text.get(1).filter(|second| second.is_ascii() && byte.is_ascii());
            for next in 0..=u8::MAX {
                let may_follow = second.is_none_or(|second| char::from(next) == *second);
                if may_follow || ESCAPES.contains(&next) || ESCAPES.contains(&byte) {
                    self.can_start[usize::from(byte) << 8 | usize::from(next)] = true;
                }
            }
        }
        self.patterns.push(pattern);
    }

    /// Returns the text without the secrets. The text is borrowed if it contains none.
    pub fn redact<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut redacted: Vec<u8> = vec![];
        let (mut copied, mut at) = (0, 0);
        // A fast search for candidates: most bytes start no pattern, and texts may be megabytes.
        let is_candidate = |pair: &[u8]| self.can_start[usize::from(pair[0]) << 8 | usize::from(pair[1])];
        while let Some(skipped) = text[at..].windows(2).position(is_candidate) {
            at += skipped;
            match self.find_secret(&text[at..]) {
                Some((from, to)) => {
                    redacted.extend_from_slice(&text[copied..at + from]);
                    redacted.extend_from_slice(MASK);
                    (copied, at) = (at + to, at + to);
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        redacted.extend_from_slice(&text[copied..]);
        Cow::Owned(redacted)
    }

    /// Returns a string without the secrets.
    pub fn redact_str(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redact(text.as_bytes())).into_owned()
    }

    /// Returns the range of the longest secret whose pattern starts at the beginning of the text.
    fn find_secret(&self, text: &[u8]) -> Option<(usize, usize)> {
        let patterns =
            self.by_first_byte[usize::from(*text.first()?)].iter().map(|index| &self.patterns[*index]);
        patterns.filter_map(|pattern| pattern.find_secret(text)).max_by_key(|(_, to)| *to)
    }
}

impl Pattern {
    /// Counts the characters that match, and the bytes that encode them.
    fn count_matched(&self, text: &[u8], precedence: Precedence) -> (usize, usize) {
        let (mut at, mut matched) = (0, 0);
        for character in &self.text {
            let Some(length) = match_character(*character, &text[at..], precedence) else { break };
            (at, matched) = (at + length, matched + 1);
        }
        (matched, at)
    }

    /// Returns the range of the secret, if the pattern matches at the beginning of the text.
    fn find_secret(&self, text: &[u8]) -> Option<(usize, usize)> {
        // `%25` may be a part of the secret, or the encoding of its `%`.
        let escaped = self.count_matched(text, Precedence::Escaped);
        let raw = self.count_matched(text, Precedence::Raw);
        let (matched, at) = escaped.max(raw);
        if matched < self.min_matched {
            return None;
        }
        match self.kind {
            PatternKind::Secret => Some((0, at)),
            PatternKind::CallbackUrl => {
                let slash = at + JOB_ID_LENGTH;
                let token = slash + match_character('/', text.get(slash..)?, Precedence::Escaped)?;
                let is_token = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                let length = text.get(token..)?.iter().take_while(is_token).count();
                (length > 0).then_some((token, token + length))
            }
        }
    }
}

/// Returns how many bytes at the beginning of the text encode this character. None if they encode another one.
fn match_character(character: char, text: &[u8], precedence: Precedence) -> Option<usize> {
    let mut buffer = [0; 4];
    let raw = character.encode_utf8(&mut buffer).as_bytes();
    let slashes = text.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    if slashes > 0
        && let Some(length) = match_json_escape(character, &text[slashes..])
    {
        return Some(slashes + length);
    }
    if character == '\\' && slashes > 0 {
        return Some(slashes);
    }
    let raw_length = text[slashes..].starts_with(raw).then_some(slashes + raw.len());
    let escaped = || match_url_escape(raw, text).or_else(|| match_html_reference(character, text));
    match precedence {
        Precedence::Escaped => escaped().or(raw_length),
        Precedence::Raw => raw_length.or_else(escaped),
    }
}

/// Matches `u0041` after a backslash, twice for a character beyond the basic plane.
fn match_json_escape(character: char, text: &[u8]) -> Option<usize> {
    let mut units = [0; 2];
    let mut at = 0;
    for unit in character.encode_utf16(&mut units) {
        let digits = text.get(at..)?;
        let digits = if at == 0 { digits } else { digits.strip_prefix(b"\\")? };
        let digits = digits.strip_prefix(b"u")?.get(..4)?;
        if parse_hex(digits)? != u32::from(*unit) {
            return None;
        }
        at += if at == 0 { 5 } else { 6 };
    }
    Some(at)
}

/// Matches `%41`, or `%2541` for a URL within a URL.
fn match_url_escape(raw: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in raw {
        let digits = text.get(at..)?.strip_prefix(b"%")?;
        let double_encoded = digits.strip_prefix(b"25").filter(|_| *byte != b'%');
        let (digits, length) = double_encoded.map_or((digits, 3), |digits| (digits, 5));
        if parse_hex(digits.get(..2)?)? != u32::from(*byte) {
            return None;
        }
        at += length;
    }
    Some(at)
}

/// Matches `&amp;`, `&#38;` or `&#x26;`.
fn match_html_reference(character: char, text: &[u8]) -> Option<usize> {
    let reference = text.strip_prefix(b"&")?;
    // No character reference is longer.
    let end = reference.iter().take(10).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&reference[..end]).ok()?;
    let named = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)
        }
    };
    (named == Some(character)).then_some(end + 2)
}

fn parse_hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests;
