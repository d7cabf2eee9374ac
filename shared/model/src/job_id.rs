//! The id of a job: a UUID v7, generated before any request to the provider.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// The id of a job. Ids sort by creation time. The text form is a hyphenated lower-case UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobId(#[cfg_attr(feature = "schema", schemars(schema_with = "crate::json_schema::job_id"))] Uuid);

/// The text is not a job id.
#[derive(Debug, thiserror::Error)]
#[error("a job id is a hyphenated lower-case UUID of version 7")]
pub struct JobIdParseError;

impl JobId {
    /// Generates an id that carries the current time.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// Returns when the id was generated, to the millisecond. The job's S3 keys contain this date.
    pub fn created_at(&self) -> OffsetDateTime {
        let milliseconds = (self.0.as_u128() >> 80) as i128;
        // 48 bits of milliseconds reach the year 10889; `time` reaches 9999.
        OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Returns the id's 16 bytes, big-endian.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for JobId {
    type Err = JobIdParseError;

    fn from_str(text: &str) -> Result<Self, JobIdParseError> {
        let uuid = Uuid::try_parse(text).map_err(|_| JobIdParseError)?;
        // Only one spelling of an id is valid, or one job would have several paths and callback tokens.
        let canonical = uuid.get_version_num() == 7 && uuid.hyphenated().to_string() == text;
        if canonical { Ok(Self(uuid)) } else { Err(JobIdParseError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_parsed_from_its_text_and_carries_its_creation_time() {
        let before = OffsetDateTime::now_utc() - time::Duration::milliseconds(2);
        let id = JobId::generate();
        assert_eq!(id.to_string().parse::<JobId>().expect("canonical"), id);
        assert!(id.created_at() >= before && id.created_at() <= OffsetDateTime::now_utc());
    }

    #[test]
    fn other_spellings_and_uuid_versions_are_rejected() {
        for text in [
            "",
            "x",
            "0192D2C0-7B1A-7C3E-8F4A-5B6C7D8E9F0A",
            "67e55044-10b1-426f-9247-bb680e5fe0c8",
            "0192d2c07b1a7c3e8f4a5b6c7d8e9f0a",
        ] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
    }
}
