//! The five checksum algorithms of S3: finds the algorithm of a request, combines the checksums of parts into that of the
//! object, and reads and writes the checksum fields of requests and responses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::ChecksumType;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

/// A checksum algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// The checksum type: computed over the object's bytes, or over the checksums of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ChecksumKind {
    FullObject,
    Composite,
}

/// A checksum in the format of the `x-amz-checksum-*` headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChecksumValue {
    pub(super) algorithm: Algorithm,
    pub(super) base64: String,
}

/// The stored checksum of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ObjectChecksum {
    pub(super) value: ChecksumValue,
    pub(super) kind: ChecksumKind,
}

/// Reads the checksums from a request, a part list entry or a computed set.
macro_rules! client_checksums {
    ($input:expr) => {{
        let input = &$input;
        [
            (Algorithm::Crc32, &input.checksum_crc32),
            (Algorithm::Crc32c, &input.checksum_crc32c),
            (Algorithm::Crc64Nvme, &input.checksum_crc64nvme),
            (Algorithm::Sha1, &input.checksum_sha1),
            (Algorithm::Sha256, &input.checksum_sha256),
        ]
        .into_iter()
        .filter_map(|(algorithm, base64)| Some(ChecksumValue { algorithm, base64: base64.clone()? }))
        .collect::<Vec<ChecksumValue>>()
    }};
}

/// Writes a checksum to the matching field of a response.
macro_rules! set_checksum {
    ($output:expr, $value:expr) => {{
        let value: &ChecksumValue = $value;
        let field = match value.algorithm {
            Algorithm::Crc32 => &mut $output.checksum_crc32,
            Algorithm::Crc32c => &mut $output.checksum_crc32c,
            Algorithm::Crc64Nvme => &mut $output.checksum_crc64nvme,
            Algorithm::Sha1 => &mut $output.checksum_sha1,
            Algorithm::Sha256 => &mut $output.checksum_sha256,
        };
        *field = Some(value.base64.clone());
    }};
}

pub(super) use {client_checksums, set_checksum};

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// Returns the name as in `x-amz-checksum-algorithm`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// Returns the name of the header or trailer that carries the checksum.
    pub(super) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    pub(super) fn parse(name: &str) -> S3Result<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported."))
    }

    fn digest_length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    fn hash(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32 => Crc32::checksum(bytes).to_vec(),
            Self::Crc32c => Crc32c::checksum(bytes).to_vec(),
            Self::Crc64Nvme => Crc64Nvme::checksum(bytes).to_vec(),
            Self::Sha1 => Sha1::checksum(bytes).to_vec(),
            Self::Sha256 => Sha256::checksum(bytes).to_vec(),
        }
    }
}

impl ChecksumKind {
    pub(super) fn to_dto(self) -> ChecksumType {
        ChecksumType::from_static(self.name())
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FullObject => ChecksumType::FULL_OBJECT,
            Self::Composite => ChecksumType::COMPOSITE,
        }
    }

    /// Returns the checksum type of a multipart upload. Rejects the pairs of algorithm and type that S3 rejects.
    pub(super) fn for_upload(algorithm: Algorithm, requested: Option<&ChecksumType>) -> S3Result<Self> {
        let default = if algorithm == Algorithm::Crc64Nvme { Self::FullObject } else { Self::Composite };
        let kind = match requested.map(ChecksumType::as_str) {
            None => default,
            Some(ChecksumType::FULL_OBJECT) => Self::FullObject,
            Some(ChecksumType::COMPOSITE) => Self::Composite,
            Some(_) => {
                return Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid."));
            }
        };
        let possible = match kind {
            Self::FullObject => algorithm.crc().is_some(),
            Self::Composite => algorithm != Algorithm::Crc64Nvme,
        };
        if possible {
            Ok(kind)
        } else {
            Err(s3_error!(
                InvalidRequest,
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                kind.name(),
                algorithm.name().to_ascii_lowercase()
            ))
        }
    }
}

impl ChecksumValue {
    /// Decodes the digest, or returns the error of S3 for an invalid header.
    pub(super) fn digest(&self) -> S3Result<Vec<u8>> {
        match STANDARD.decode(&self.base64) {
            Ok(digest) if digest.len() == self.algorithm.digest_length() => Ok(digest),
            _ => Err(s3_error!(InvalidRequest, "Value for {} header is invalid.", self.algorithm.header())),
        }
    }

    fn crc(&self) -> S3Result<u64> {
        Ok(self.digest()?.into_iter().fold(0, |crc, byte| crc << 8 | u64::from(byte)))
    }
}

/// Creates a hasher that computes all these algorithms.
pub(super) fn hasher(algorithms: &[Algorithm]) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    for algorithm in algorithms {
        match algorithm {
            Algorithm::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Algorithm::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Algorithm::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Algorithm::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Algorithm::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
    }
    hasher
}

/// Computes the checksum of an object from the checksums and sizes of its parts, in order.
pub(super) fn combine_part_checksums(
    algorithm: Algorithm,
    kind: ChecksumKind,
    parts: &[(ChecksumValue, u64)],
) -> S3Result<ObjectChecksum> {
    let base64 = match (kind, algorithm.crc()) {
        (ChecksumKind::FullObject, Some(crc)) => {
            let mut combined: Option<u64> = None;
            for (value, size) in parts {
                let next = value.crc()?;
                combined = Some(
                    combined.map_or(next, |before| crc_fast::checksum_combine(crc, before, next, *size)),
                );
            }
            let bytes = combined.unwrap_or_default().to_be_bytes();
            STANDARD.encode(&bytes[bytes.len() - algorithm.digest_length()..])
        }
        _ => {
            let mut digests = Vec::new();
            for (value, _) in parts {
                digests.extend(value.digest()?);
            }
            format!("{}-{}", STANDARD.encode(algorithm.hash(&digests)), parts.len())
        }
    };
    Ok(ObjectChecksum { value: ChecksumValue { algorithm, base64 }, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(algorithm: Algorithm, bytes: &[u8]) -> ChecksumValue {
        ChecksumValue { algorithm, base64: STANDARD.encode(algorithm.hash(bytes)) }
    }

    #[test]
    fn part_checksums_combine_to_the_checksum_of_the_object() {
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let parts = [(value(algorithm, b"land"), 4), (value(algorithm, b"fall"), 4)];
            let combined =
                combine_part_checksums(algorithm, ChecksumKind::FullObject, &parts).expect("valid values");
            assert_eq!(combined.value, value(algorithm, b"landfall"));
        }
    }
}
