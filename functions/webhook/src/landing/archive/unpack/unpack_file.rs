//! Unpacks one file of an archive into the bucket: from memory if it is small, as a stream if it is large.

use archive::{
    ArchiveEntry, PlannedFile, archive_refused, content_type, corrupt_entry, image_dimensions, inflate_all,
    inflate_start, inflate_stream, locate_file_data,
};
use bucket::{MAX_PUT_OBJECT_BYTES, ObjectKey, PutOutcome, UploadRequest};
use bytes::Bytes;
use futures_util::TryStreamExt;
use model::{Error, ErrorClass, StoredFile};

use super::{
    entry_outcome::{EntryOutcome, EntryResult},
    unpack_context::{UnpackContext, UnpackRequest},
};

/// How many first bytes of a large file are inflated to detect its content type. The frame headers of images follow
/// their color profiles.
const START_BYTES: u64 = 64 * 1024;

/// A range of an archive in memory.
pub(super) struct Block {
    pub(super) bytes: Bytes,
    /// Where it starts in the archive.
    pub(super) start: u64,
}

/// Unpacks one file.
pub(super) struct FileUnpacker<'a> {
    pub(super) context: &'a UnpackContext<'a>,
    pub(super) file: PlannedFile,
}

impl FileUnpacker<'_> {
    /// Unpacks a small file, which is in `block` as far as the central directory shows.
    pub(super) async fn unpack_small(&self, block: &Block) -> Result<EntryOutcome, Error> {
        let UnpackContext { request: UnpackRequest { bucket, archive, .. }, memory, .. } = self.context;
        let entry = self.context.entry(self.file);
        let header = usize::try_from(entry.local_header_offset - block.start)
            .ok()
            .and_then(|at| block.bytes.get(at..));
        let data = match header.and_then(|header| locate_file_data(entry, header)) {
            Some(data) => data,
            None => return self.outcome(Err(missing_header())),
        };
        self.ensure_no_overlap(entry, data.end)?;
        let index_of = |at: u64| usize::try_from(at - block.start).ok().filter(|at| *at <= block.bytes.len());
        let bytes = match (index_of(data.start), index_of(data.end)) {
            (Some(start), Some(end)) => block.bytes.slice(start..end),
            // The header is longer than the central directory shows.
            _ => bucket.read_range(archive, data).await?,
        };
        let _reservation = memory.reserve_file(entry.uncompressed_size).await;
        let content = match inflate_all(entry, bytes) {
            Ok(content) => content,
            Err(error) => return self.outcome(Err(error)),
        };
        let (key, content_type) = (self.key(), content_type(self.name(), &content));
        let put = bucket.put_if_absent(&key, content_type, content.clone()).await?;
        self.outcome(Ok((self.record_stored(&key, content_type, put), content)))
    }

    /// Unpacks a large file. Only a few chunks of it are in memory at once.
    pub(super) async fn unpack_large(&self) -> Result<EntryOutcome, Error> {
        let UnpackContext { request: UnpackRequest { bucket, archive, is_retry, .. }, state, .. } =
            self.context;
        let entry = self.context.entry(self.file);
        let start_end = self
            .file
            .max_end
            .min(entry.local_header_offset.saturating_add(entry.expected_header_length + START_BYTES));
        let start = bucket.read_range(archive, entry.local_header_offset..start_end).await?;
        let Some(data) = locate_file_data(entry, &start) else { return self.outcome(Err(missing_header())) };
        self.ensure_no_overlap(entry, data.end)?;
        let at =
            usize::try_from(data.start - entry.local_header_offset).unwrap_or(usize::MAX).min(start.len());
        let compressed = usize::try_from(entry.compressed_size).unwrap_or(usize::MAX).min(start.len() - at);
        let start = inflate_start(entry, start.slice(at..at + compressed), START_BYTES as usize);

        let (key, content_type) = (self.key(), content_type(self.name(), &start));
        if *is_retry && entry.uncompressed_size > MAX_PUT_OBJECT_BYTES {
            bucket.abort_abandoned_uploads(&key, None).await;
        }
        let upload = UploadRequest { key: &key, content_type, length: Some(entry.uncompressed_size) };
        let put = bucket.put_stream_if_absent(upload, || {
            let source = bucket.stream_range(archive, data.clone());
            let source = source.and_then(|chunk| async { state.ensure_running().map(|()| chunk) });
            inflate_stream(entry, source)
        });
        match put.await {
            Ok(put) => self.outcome(Ok((self.record_stored(&key, content_type, put), start))),
            Err(error) => self.outcome(Err(error)),
        }
    }

    /// Rejects the archive if a file overlaps the next one. A header may be longer than the central directory shows,
    /// but not so long that the bytes belong to another entry.
    fn ensure_no_overlap(&self, entry: &ArchiveEntry, end: u64) -> Result<(), Error> {
        let why = || format!("{} overlaps with what follows it", entry.quote_name());
        if end > self.file.max_end { Err(archive_refused(why())) } else { Ok(()) }
    }

    fn key(&self) -> ObjectKey {
        self.context.key(self.file.index)
    }

    fn name(&self) -> &str {
        &self.context.names[self.file.index]
    }

    /// Counts a file that is in the bucket, and describes it.
    fn record_stored(&self, key: &ObjectKey, content_type: &str, put: PutOutcome) -> StoredFile {
        let UnpackRequest { bucket, progress, .. } = self.context.request;
        if put.is_new {
            progress.record_new_file();
        } else {
            progress.record_existing_file();
        }
        StoredFile {
            name: self.name().to_owned(),
            key: bucket.object_key(key),
            bytes: self.context.entry(self.file).uncompressed_size,
            content_type: content_type.to_owned(),
            checksum: put.checksum,
        }
    }

    /// The outcome of the file from its object and its first bytes. A damaged file is an outcome; any other error
    /// ends the unpacking.
    fn outcome(&self, landed: Result<(StoredFile, Bytes), Error>) -> Result<EntryOutcome, Error> {
        let entry = self.context.entry(self.file);
        let result = match landed {
            Ok((file, start)) => {
                EntryResult::Landed { file, crc32: entry.crc32, dimensions: image_dimensions(&start) }
            }
            Err(error) if error.class == ErrorClass::ArchiveIncomplete => {
                EntryResult::Rejected(error.message)
            }
            Err(error) => return Err(error),
        };
        Ok(EntryOutcome { source_name: entry.decode_name(), result })
    }
}

fn missing_header() -> Error {
    corrupt_entry("its header is missing")
}
