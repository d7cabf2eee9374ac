//! Redaction: replaces secrets in somebody else's text, however the text writes them.
//!
//! A provider that repeats what it was sent may write it raw, with the escapes of JSON, of a URL or of HTML, and with
//! some of them on top of each other. So a secret is compared character by character with each way to write that
//! character, and not with a list of encoded texts.
//!
//! Base64 is left alone: opaque tokens and signed URLs are made of it, and one that is damaged opens nothing any more.

use std::borrow::Cow;

use crate::Secret;

/// What takes the place of a secret. It may stand in a JSON string, in a URL and in a header.
const MASK: &[u8] = b"***";

/// A shorter secret is no secret: it would be found in ordinary words.
const MIN_LENGTH: usize = 8;

/// A text may be cut off in the middle of a secret. A beginning this long is redacted ...
const MIN_PREFIX: usize = 12;

/// ... if it leaves fewer characters than this to guess: 15 of base64 are 90 bits. A shorter beginning opens nothing, and
/// may be an identifier that URLs hold as well, as the beginnings of some API keys are.
const SAFE_REST: usize = 16;

/// The most backslashes that are skipped before a character: three levels of JSON in JSON, and a bound on the work.
const MAX_BACKSLASHES: usize = 16;

/// How many characters a job's id has.
const JOB_ID: usize = 36;

/// The bytes with which an escaped character may begin.
const ESCAPES: [u8; 3] = [b'%', b'\\', b'&'];

/// Finds secrets in a text. Its `Debug` shows none of them.
#[derive(Clone)]
pub struct Redactor {
    patterns: Vec<Pattern>,
    /// Which patterns may begin with each byte.
    by_first: Vec<Vec<usize>>,
    /// Whether a pattern may begin with two bytes, by the number that they are.
    begins: Vec<bool>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self { patterns: vec![], by_first: vec![vec![]; 256], begins: vec![false; 1 << 16] }
    }
}

#[derive(Clone)]
struct Pattern {
    text: Vec<char>,
    /// How many characters must be there.
    least: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The text is the secret.
    Secret,
    /// The secret follows the text and a job's id.
    CallbackUrl,
}

/// How a character is read that could be both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefer {
    Escaped,
    Raw,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(***)")
    }
}

impl Redactor {
    /// Redacts this secret from now on. One of fewer than eight characters is ignored.
    pub fn hide(&mut self, secret: &Secret) {
        let mut text: Vec<char> = secret.expose().chars().collect();
        if text.len() >= MIN_LENGTH {
            // A run of backslashes is found as one, since escapes double them. Those at the end stay: in JSON the last one
            // may escape what follows.
            text.dedup_by(|one, before| (*one, *before) == ('\\', '\\'));
            text.truncate(text.iter().rposition(|c| *c != '\\').map_or(0, |last| last + 1));
            let least = MIN_PREFIX.max((text.len() + 1).saturating_sub(SAFE_REST)).min(text.len());
            self.add(Pattern { text, least, kind: Kind::Secret });
        }
    }

    /// Redacts the token of every callback URL of a provider, whichever job and key it was made for.
    pub fn hide_callback_urls(&mut self, provider: &str) {
        let text: Vec<char> = format!("/webhooks/{provider}/").chars().collect();
        self.add(Pattern { least: text.len(), text, kind: Kind::CallbackUrl });
    }

    fn add(&mut self, pattern: Pattern) {
        let mut buffer = [0; 4];
        let Some(first) = pattern.text.first() else { return };
        let raw = first.encode_utf8(&mut buffer).as_bytes()[0];
        for byte in ESCAPES.into_iter().filter(|byte| *byte != raw).chain([raw]) {
            self.by_first[usize::from(byte)].push(self.patterns.len());
            let second = pattern.text.get(1).filter(|second| second.is_ascii() && byte.is_ascii());
            for next in 0..=u8::MAX {
                let may_follow = second.is_none_or(|second| char::from(next) == *second);
                if may_follow || ESCAPES.contains(&next) || ESCAPES.contains(&byte) {
                    self.begins[usize::from(byte) << 8 | usize::from(next)] = true;
                }
            }
        }
        self.patterns.push(pattern);
    }

    /// The text without the secrets. Borrowed if there are none in it.
    pub fn redact<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut redacted: Vec<u8> = vec![];
        let (mut copied, mut at) = (0, 0);
        // Most bytes begin nothing, and texts may be megabytes.
        let begins = |pair: &[u8]| self.begins[usize::from(pair[0]) << 8 | usize::from(pair[1])];
        while let Some(skipped) = text[at..].windows(2).position(begins) {
            at += skipped;
            match self.found(&text[at..]) {
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

    /// The same of a string.
    pub fn redact_str(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redact(text.as_bytes())).into_owned()
    }

    /// From where to where the longest secret reaches that begins here, or that the text here leads to.
    fn found(&self, text: &[u8]) -> Option<(usize, usize)> {
        let patterns = self.by_first[usize::from(*text.first()?)].iter().map(|index| &self.patterns[*index]);
        patterns.filter_map(|pattern| pattern.found(text)).max_by_key(|(_, to)| *to)
    }
}

impl Pattern {
    /// How many characters are there, and how many bytes write them.
    fn matched(&self, text: &[u8], prefer: Prefer) -> (usize, usize) {
        let (mut at, mut matched) = (0, 0);
        for character in &self.text {
            let Some(length) = written(*character, &text[at..], prefer) else { break };
            (at, matched) = (at + length, matched + 1);
        }
        (matched, at)
    }

    fn found(&self, text: &[u8]) -> Option<(usize, usize)> {
        // `%25` may be a part of the secret, or the secret's `%`.
        let (escaped, raw) = (self.matched(text, Prefer::Escaped), self.matched(text, Prefer::Raw));
        let (matched, at) = escaped.max(raw);
        if matched < self.least {
            return None;
        }
        match self.kind {
            Kind::Secret => Some((0, at)),
            Kind::CallbackUrl => {
                let token = at + JOB_ID + written('/', text.get(at + JOB_ID..)?, Prefer::Escaped)?;
                let is_token = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                let length = text.get(token..)?.iter().take_while(is_token).count();
                (length > 0).then_some((token, token + length))
            }
        }
    }
}

/// How many bytes at the beginning of the text write this character. Nothing if they do not.
fn written(character: char, text: &[u8], prefer: Prefer) -> Option<usize> {
    let mut buffer = [0; 4];
    let raw = character.encode_utf8(&mut buffer).as_bytes();
    let slashes = text.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    if slashes > 0
        && let Some(length) = in_json(character, &text[slashes..])
    {
        return Some(slashes + length);
    }
    if character == '\\' && slashes > 0 {
        return Some(slashes);
    }
    let raw_length = text[slashes..].starts_with(raw).then_some(slashes + raw.len());
    let escaped = || in_url(raw, text).or_else(|| in_html(character, text));
    match prefer {
        Prefer::Escaped => escaped().or(raw_length),
        Prefer::Raw => raw_length.or_else(escaped),
    }
}

/// `u0041`, twice for what is beyond the basic plane, after the backslash.
fn in_json(character: char, text: &[u8]) -> Option<usize> {
    let mut units = [0; 2];
    let mut at = 0;
    for unit in character.encode_utf16(&mut units) {
        let digits = text.get(at..)?;
        let digits = if at == 0 { digits } else { digits.strip_prefix(b"\\")? };
        let digits = digits.strip_prefix(b"u")?.get(..4)?;
        if hex(digits)? != u32::from(*unit) {
            return None;
        }
        at += if at == 0 { 5 } else { 6 };
    }
    Some(at)
}

/// `%41`, or `%2541` where a URL stands in a URL.
fn in_url(raw: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in raw {
        let digits = text.get(at..)?.strip_prefix(b"%")?;
        let twice = digits.strip_prefix(b"25").filter(|_| *byte != b'%');
        let (digits, length) = twice.map_or((digits, 3), |digits| (digits, 5));
        if hex(digits.get(..2)?)? != u32::from(*byte) {
            return None;
        }
        at += length;
    }
    Some(at)
}

/// `&amp;`, `&#38;` or `&#x26;`.
fn in_html(character: char, text: &[u8]) -> Option<usize> {
    let reference = text.strip_prefix(b"&")?;
    // No reference is longer.
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

fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests;
