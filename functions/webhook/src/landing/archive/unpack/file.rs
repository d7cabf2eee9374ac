//! Bringing one file of an archive into the bucket: from memory if it is small, as a stream if it is not.

use archive::{
    ArchiveEntry, PlannedFile, archive_refused, content_type, corrupt_entry, image_dimensions, inflate_all,
    inflate_start, inflate_stream, locate_file_data,
};
use bucket::{Key, MAX_PUT_OBJECT_BYTES, PutOutcome, Upload};
use bytes::Bytes;
use futures_util::TryStreamExt;
use model::{Error, ErrorClass, StoredFile};

use super::{
    Unpacking,
    outcome::{End, Outcome},
};

/// How many first bytes of a long file are looked at. Frame headers of pictures come behind their profiles.
const START: u64 = 64 * 1024;

impl Unpacking<'_> {
    /// Brings a small file in, which lies in `block` as far as the directory could tell.
    pub(super) async fn small(
        &self,
        file: PlannedFile,
        block: &Bytes,
        block_start: u64,
    ) -> Result<Outcome, Error> {
        let entry = &self.listing.files[file.index];
        let header =
            usize::try_from(entry.local_header_offset - block_start).ok().and_then(|at| block.get(at..));
        let data = match header.and_then(|header| locate_file_data(entry, header)) {
            Some(data) => data,
            None => return self.ended(file, Err(no_header())),
        };
        self.within(entry, data.end, file.max_end)?;
        let inside = |at: u64| usize::try_from(at - block_start).ok().filter(|at| *at <= block.len());
        let bytes = match (inside(data.start), inside(data.end)) {
            (Some(start), Some(end)) => block.slice(start..end),
            // The header is longer than the directory said.
            _ => self.objects.read(self.archive, data).await?,
        };
        let _room = self.room(entry.uncompressed_size).await;
        let content = match inflate_all(entry, bytes) {
            Ok(content) => content,
            Err(error) => return self.ended(file, Err(error)),
        };
        let (key, kind) = (self.key(file), content_type(&self.names[file.index], &content));
        let placed = self.objects.place(&key, kind, content.clone()).await?;
        self.ended(file, Ok((self.stored(file, &key, kind, placed), content)))
    }

    /// Brings a long file in, of which only a few pieces are in memory at once.
    pub(super) async fn long(&self, file: PlannedFile) -> Result<Outcome, Error> {
        let entry = &self.listing.files[file.index];
        let start_end =
            file.max_end.min(entry.local_header_offset.saturating_add(entry.expected_header_length + START));
        let start = self.objects.read(self.archive, entry.local_header_offset..start_end).await?;
        let Some(data) = locate_file_data(entry, &start) else { return self.ended(file, Err(no_header())) };
        self.within(entry, data.end, file.max_end)?;
        let at =
            usize::try_from(data.start - entry.local_header_offset).unwrap_or(usize::MAX).min(start.len());
        let compressed = usize::try_from(entry.compressed_size).unwrap_or(usize::MAX).min(start.len() - at);
        let start = inflate_start(entry, start.slice(at..at + compressed), START as usize);

        let (key, kind) = (self.key(file), content_type(&self.names[file.index], &start));
        if self.again && entry.uncompressed_size > MAX_PUT_OBJECT_BYTES {
            self.objects.abort_leftovers(&key, None).await;
        }
        let upload = Upload { key: &key, content_type: kind, length: Some(entry.uncompressed_size) };
        let placed = self.objects.place_stream(upload, || {
            let source = self.objects.stream(self.archive, data.clone());
            let source = source.and_then(|piece| async { self.goes_on().map(|()| piece) });
            inflate_stream(entry, source)
        });
        match placed.await {
            Ok(placed) => self.ended(file, Ok((self.stored(file, &key, kind, placed), start))),
            Err(error) => self.ended(file, Err(error)),
        }
    }

    /// A header may be longer than the directory says, but not so long that the bytes are another entry's.
    fn within(&self, entry: &ArchiveEntry, end: u64, bound: u64) -> Result<(), Error> {
        let why = || format!("{} overlaps with what follows it", entry.quote_name());
        if end > bound { Err(archive_refused(why())) } else { Ok(()) }
    }

    fn key(&self, file: PlannedFile) -> Key {
        Key::File(self.job.provider.clone(), self.job.id, self.names[file.index].clone())
    }

    fn stored(&self, file: PlannedFile, key: &Key, kind: &str, placed: PutOutcome) -> StoredFile {
        self.meter.file_done(placed.new);
        StoredFile {
            name: self.names[file.index].clone(),
            key: self.objects.key(key),
            bytes: self.listing.files[file.index].uncompressed_size,
            content_type: kind.to_owned(),
            checksum: placed.checksum,
        }
    }

    /// A damaged file is an outcome; any other fault ends the unpacking.
    fn ended(&self, file: PlannedFile, landed: Result<(StoredFile, Bytes), Error>) -> Result<Outcome, Error> {
        let entry = &self.listing.files[file.index];
        let end = match landed {
            Ok((stored, start)) => {
                End::Landed { file: stored, crc32: entry.crc32, measures: image_dimensions(&start) }
            }
            Err(error) if error.class == ErrorClass::ArchiveIncomplete => End::Refused(error.message),
            Err(error) => return Err(error),
        };
        Ok(Outcome { source_name: entry.decode_name(), end })
    }
}

fn no_header() -> Error {
    corrupt_entry("its header is missing")
}
