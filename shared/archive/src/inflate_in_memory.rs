//! Inflates the file data of an entry in memory, and checks the result against its uncompressed size and CRC-32.

use bytes::Bytes;
use model::Error;

use crate::{
    decoder::Decoder,
    entry::ArchiveEntry,
    errors::corrupt_entry,
    verify_crc32::{ContentCheck, size_exceeded},
};

/// Inflates a complete file that fits into memory. `data` is all file data of the entry.
///
/// # Errors
/// [`model::ErrorClass::ArchiveIncomplete`] if the file is damaged or cannot be read;
/// [`model::ErrorClass::ArchiveRefused`] if it has more bytes than its uncompressed size.
pub fn inflate_all(entry: &ArchiveEntry, data: Bytes) -> Result<Bytes, Error> {
    ensure_readable(entry)?;
    let content = match Decoder::new(entry.compression_method, data.clone()) {
        Some(decoder) => decode_all(entry, decoder)?,
        None => data,
    };
    let mut check = ContentCheck::default();
    check.update(entry, &content)?;
    check.finish(entry)?;
    Ok(content)
}

/// Fails for an entry that is encrypted or compressed with an unsupported method.
pub(crate) fn ensure_readable(entry: &ArchiveEntry) -> Result<(), Error> {
    entry.unreadable_reason().map_or(Ok(()), |reason| Err(corrupt_entry(&reason)))
}

fn decode_all(entry: &ArchiveEntry, mut decoder: Decoder) -> Result<Bytes, Error> {
    let size = usize::try_from(entry.uncompressed_size).map_err(|_| size_exceeded(entry))?;
    // Room for one byte more than the uncompressed size shows whether the stream has more.
    let mut content = Vec::with_capacity(size + 1);
    while !decoder.is_finished() && content.len() <= size {
        let decoded = decoder.decode_into(&mut content);
        // Too many bytes are an error of this class even if the stream is damaged behind them, however the data
        // arrives.
        if content.len() > size {
            return Err(size_exceeded(entry));
        }
        decoded?;
        if decoder.needs_input() {
            break;
        }
    }
    Ok(content.into())
}

/// Inflates at most `max_bytes` of the start of a file. `data` is the start of the entry's file data.
pub fn inflate_start(entry: &ArchiveEntry, data: Bytes, max_bytes: usize) -> Bytes {
    match Decoder::new(entry.compression_method, data.clone()) {
        None => data.slice(..data.len().min(max_bytes)),
        Some(mut decoder) => {
            let mut start = Vec::with_capacity(max_bytes);
            // A damaged stream is reported when the complete file is inflated.
            let _ = decoder.decode_into(&mut start);
            start.into()
        }
    }
}
