//! A stored file for tests.

use model::{Checksum, ChecksumAlgorithm, StoredFile};

/// A file with the bytes `123456789`.
pub(super) fn nine_byte_file() -> StoredFile {
    StoredFile {
        name: "n".into(),
        key: "k".into(),
        bytes: 9,
        content_type: "text/plain".into(),
        checksum: Checksum { algorithm: ChecksumAlgorithm::Crc32, value: "y/Q5Jg==".into() },
    }
}
