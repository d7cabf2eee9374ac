//! The X-Ray trace header `X-Amzn-TraceHeader-Id`, which a job stores so that later invocations continue its trace.

use std::{fmt, str::FromStr};

/// The trace context of a job: the trace id, the segment that created the job, and whether the trace is sampled. Its
/// text form is the value of the header `X-Amzn-TraceHeader-Id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceHeader {
    /// `1-{8 hexadecimal digits of the time}-{24 more}`.
    root: String,
    /// 16 hexadecimal digits.
    parent: String,
    sampled: bool,
}

/// The text is not a trace header, or names no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected Root=1-…;Parent=…;Sampled=0 or 1")]
pub struct TraceParseError;

impl TraceHeader {
    /// Returns the trace id.
    pub fn trace_id(&self) -> &str {
        &self.root
    }

    /// Returns the id of the segment that created the job.
    pub fn segment_id(&self) -> &str {
        &self.parent
    }

    /// Whether the trace is sampled.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }
}

impl FromStr for TraceHeader {
    type Err = TraceParseError;

    /// Parses the header. Other fields, such as `Lineage`, are ignored. A header without `Sampled` is not sampled.
    fn from_str(header: &str) -> Result<Self, TraceParseError> {
        let field = |name: &str| {
            let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let root = field("Root").filter(|root| is_root(root)).ok_or(TraceParseError)?;
        let parent = field("Parent").filter(|parent| is_hexadecimal(parent, 16)).ok_or(TraceParseError)?;
        Ok(Self { root: root.to_owned(), parent: parent.to_owned(), sampled: field("Sampled") == Some("1") })
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={};Parent={};Sampled={}", self.root, self.parent, u8::from(self.sampled))
    }
}

fn is_root(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], ["1", time, rest] if is_hexadecimal(time, 8) && is_hexadecimal(rest, 24))
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    #[test]
    fn a_header_is_parsed_and_written_unchanged() {
        let trace: TraceHeader = HEADER.parse().expect("a header");
        assert_eq!(trace.to_string(), HEADER);
        let lineage: TraceHeader = format!("{HEADER};Lineage=a87bd80c:1").parse().expect("a header");
        assert_eq!(lineage, trace);
    }

    #[test]
    fn a_trace_is_sampled_only_if_its_header_says_so() {
        for header in [HEADER.replace("Sampled=1", "Sampled=0"), HEADER.replace(";Sampled=1", "")] {
            assert!(!header.parse::<TraceHeader>().expect("a header").is_sampled(), "{header}");
        }
    }

    #[test]
    fn malformed_headers_are_rejected() {
        for header in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988;Parent=53995c3f42cd8ad8",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a99427279\";Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad",
        ] {
            assert_eq!(header.parse::<TraceHeader>(), Err(TraceParseError), "{header}");
        }
    }
}
