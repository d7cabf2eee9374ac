//! Writes a request body to a temporary file while hashing it, and rejects it if a digest of the client differs. Memory
//! holds only a buffer of the body.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Error, S3ErrorCode, S3Result, StdError, TrailingHeaders, s3_error};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::checksum::{Algorithm, ChecksumValue, client_checksums, hasher};

const BUFFER_BYTES: usize = 256 * 1024;

/// A file that is deleted on drop unless it was renamed.
#[derive(Debug)]
pub(super) struct TemporaryFile {
    pub(super) path: PathBuf,
}

impl TemporaryFile {
    /// Chooses a new name in the folder. The caller creates the file.
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join(uuid::Uuid::now_v7().simple().to_string()) }
    }

    /// Renames the file to its permanent name.
    pub(super) fn rename_to(&self, path: &Path) -> std::io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Fails if the file was renamed. A file that remains is removed at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// The digests that the client sends for the body, in headers or in a trailer.
#[derive(Debug, Default)]
pub(super) struct ClientDigests {
    values: Vec<ChecksumValue>,
    trailer: Option<(Algorithm, TrailingHeaders)>,
    md5: Option<Vec<u8>>,
}

/// Makes a [`ClientDigests`] from the input of PutObject or UploadPart.
macro_rules! client_digests_of {
    ($input:expr, $headers:expr, $trailers:expr) => {
        ClientDigests::new(client_checksums!($input), $input.content_md5.as_deref(), $headers, $trailers)
    };
}

pub(super) use client_digests_of;

impl ClientDigests {
    pub(super) fn new(
        values: Vec<ChecksumValue>,
        md5: Option<&str>,
        headers: &HeaderMap,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Self> {
        if values.len() > 1 {
            return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header."));
        }
        for value in &values {
            value.digest()?;
        }
        let name = headers.get("x-amz-trailer").and_then(|name| name.to_str().ok()).unwrap_or("");
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.header() == name);
        let md5 = match md5.map(|md5| STANDARD.decode(md5)) {
            None => None,
            Some(Ok(md5)) if md5.len() == 16 => Some(md5),
            Some(_) => return Err(s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid.")),
        };
        Ok(Self { values, trailer: algorithm.zip(trailers), md5 })
    }

    /// Returns the algorithm that the client chose.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        let before = self.values.first().map(|value| value.algorithm);
        before.or_else(|| self.trailer.as_ref().map(|(algorithm, _)| *algorithm))
    }

    fn check(mut self, md5: [u8; 16], computed: &[ChecksumValue]) -> S3Result<()> {
        if self.md5.is_some_and(|given| given != md5) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        if let Some((algorithm, trailers)) = self.trailer {
            let base64 = trailers
                .read(|trailers| {
                    let value = trailers.get(algorithm.header().as_str())?;
                    Some(value.to_str().ok()?.to_owned())
                })
                .flatten()
                .ok_or_else(|| custom("MalformedTrailerError", "The request has no valid trailer"))?;
            self.values.push(ChecksumValue { algorithm, base64 });
        }
        for value in &self.values {
            value.digest()?;
            if !computed.contains(value) {
                let name = value.algorithm.name();
                return Err(s3_error!(
                    BadDigest,
                    "The {name} you specified did not match the calculated checksum."
                ));
            }
        }
        Ok(())
    }
}

/// A body that was received completely and whose digests match.
#[derive(Debug)]
pub(super) struct ReceivedBody {
    pub(super) file: TemporaryFile,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    checksums: Vec<ChecksumValue>,
}

impl ReceivedBody {
    /// Returns the computed checksum. The algorithm must be one of those that were requested.
    pub(super) fn checksum(&self, algorithm: Algorithm) -> S3Result<ChecksumValue> {
        let value = self.checksums.iter().find(|value| value.algorithm == algorithm);
        value.cloned().ok_or_else(|| s3_error!(InternalError, "a checksum was not computed"))
    }

    /// Returns the MD5 as an ETag.
    pub(super) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

/// Writes the complete body to a temporary file and computes the requested checksums and the one that the client sent.
pub(super) async fn receive_body<E: Into<StdError>>(
    folder: &Path,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    client_digests: ClientDigests,
    mut algorithms: Vec<Algorithm>,
) -> S3Result<ReceivedBody> {
    algorithms.extend(client_digests.algorithm());
    let mut hasher = hasher(&algorithms);
    let mut md5 = Md5::new();
    let mut size = 0;
    let file = TemporaryFile::new(folder);
    let target = tokio::fs::File::create(&file.path).await.map_err(S3Error::internal_error)?;
    let mut target = BufWriter::with_capacity(BUFFER_BYTES, target);
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| broken_body(error.into()))?;
        md5.update(&bytes);
        hasher.update(&bytes);
        size += bytes.len() as u64;
        target.write_all(&bytes).await.map_err(S3Error::internal_error)?;
    }
    target.flush().await.map_err(S3Error::internal_error)?;
    let md5 = md5.finalize();
    let checksums = client_checksums!(hasher.finalize());
    client_digests.check(md5, &checksums)?;
    Ok(ReceivedBody { file, size, md5, checksums })
}

/// Encodes bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Converts an error of the body stream. The signature layer reports a wrong body hash as such an error.
fn broken_body(error: StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") || text.contains("SignatureMismatch") {
        return custom(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
    }
    let mut incomplete = incomplete_body();
    incomplete.set_source(error);
    incomplete
}

/// Makes the error for a body that is shorter than its header says.
pub(super) fn incomplete_body() -> S3Error {
    let message = "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    S3Error::with_message(S3ErrorCode::IncompleteBody, message)
}

/// Makes an error with a code that `s3s` does not define.
fn custom(code: &'static str, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(http::StatusCode::BAD_REQUEST);
    error
}
