//! The bytes of a file from the bytes of its entry: inflated, counted, and checked against the CRC-32.

use std::pin::Pin;

use bytes::{Buf, Bytes};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use futures_util::{Stream, StreamExt, stream};
use model::Error;

use crate::{
    entry::{Entry, Method},
    entry_name::printable_name,
    errors::{archive_refused, corrupt_entry},
};

/// How much of a streamed file is inflated at once.
const PIECE: usize = 256 * 1024;

/// A file that would fill more room than it asked for: not an accident.
fn lying(entry: &Entry) -> Error {
    archive_refused(format!(
        "{} has more bytes than the {} it says",
        printable_name(&entry.name, entry.utf8),
        entry.size
    ))
}

/// A file that fits into memory, from all bytes of its entry.
///
/// # Errors
/// [`ErrorClass::ArchiveIncomplete`] if it is damaged, [`ErrorClass::ArchiveRefused`] if its size lies.
pub fn inflate_all(entry: &Entry, data: Bytes) -> Result<Bytes, Error> {
    let mut check = Check::default();
    let content = match entry.method {
        Method::Stored => data,
        Method::Deflated => {
            let size = usize::try_from(entry.size).map_err(|_| lying(entry))?;
            let mut deflated = Deflated::new(data);
            // One byte more than announced shows whoever has more.
            let mut content = Vec::with_capacity(size + 1);
            while !deflated.ended && content.len() <= size {
                let filled = deflated.fill(&mut content);
                // Also if the bytes are damaged behind them, so that a lie is one however its bytes come.
                if content.len() > size {
                    return Err(lying(entry));
                }
                filled?;
                if deflated.hungry() {
                    break;
                }
            }
            content.into()
        }
    };
    check.update(entry, &content)?;
    check.finish(entry)?;
    Ok(content)
}

/// The first bytes of a file, as far as `data`, the first bytes of its entry, goes.
pub fn inflate_start(entry: &Entry, data: Bytes, most: usize) -> Bytes {
    match entry.method {
        Method::Stored => data.slice(..data.len().min(most)),
        Method::Deflated => {
            let mut start = Vec::with_capacity(most);
            // What is wrong with it shows when the whole is unpacked.
            let _ = Deflated::new(data).fill(&mut start);
            start.into()
        }
    }
}

/// A file piece by piece. The last piece comes only when size and CRC-32 are right, so that whoever stores the
/// stream never has the whole of a damaged file.
pub fn inflate_stream<'a>(
    entry: &'a Entry,
    source: impl Stream<Item = Result<Bytes, Error>> + Send + 'a,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'a {
    let deflated = (entry.method == Method::Deflated).then(|| Deflated::new(Bytes::new()));
    let unpacking = Pieces { entry, source: Box::pin(source), deflated, check: Check::default(), held: None };
    stream::try_unfold(unpacking, |mut unpacking| async move {
        Ok(unpacking.next().await?.map(|piece| (piece, unpacking)))
    })
}

struct Pieces<'a, S> {
    entry: &'a Entry,
    source: Pin<Box<S>>,
    deflated: Option<Deflated>,
    check: Check,
    held: Option<Bytes>,
}

impl<S: Stream<Item = Result<Bytes, Error>>> Pieces<'_, S> {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.unpacked().await? {
                Some(piece) => {
                    self.check.update(self.entry, &piece)?;
                    if let Some(before) = self.held.replace(piece) {
                        return Ok(Some(before));
                    }
                }
                None => {
                    self.check.finish(self.entry)?;
                    return Ok(self.held.take());
                }
            }
        }
    }

    async fn unpacked(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(deflated) = &mut self.deflated else { return self.source.next().await.transpose() };
        // One byte more than is left shows whoever has more, as above.
        let left = usize::try_from(self.entry.size.saturating_sub(self.check.bytes)).unwrap_or(usize::MAX);
        let most = left.saturating_add(1).min(PIECE);
        let mut piece = Vec::with_capacity(most);
        while !deflated.ended && piece.len() < most {
            if deflated.hungry() {
                match self.source.next().await {
                    Some(input) => deflated.input = input?,
                    None => break,
                }
            }
            let filled = deflated.fill(&mut piece);
            if piece.len() > left {
                return Err(lying(self.entry));
            }
            filled?;
        }
        Ok((!piece.is_empty()).then(|| piece.into()))
    }
}

/// A raw deflate stream on its way.
struct Deflated {
    input: Bytes,
    inflater: Decompress,
    ended: bool,
    /// The output had no room left, so the inflater may hold bytes that it needs no more input for.
    full: bool,
}

impl Deflated {
    fn new(input: Bytes) -> Self {
        Self { input, inflater: Decompress::new(false), ended: false, full: false }
    }

    /// Whether nothing comes of it without more input.
    fn hungry(&self) -> bool {
        self.input.is_empty() && !self.full
    }

    /// Inflates until the input is used up, the output is full, or the stream ends.
    fn fill(&mut self, output: &mut Vec<u8>) -> Result<(), Error> {
        while !self.ended && output.len() < output.capacity() && !self.hungry() {
            let (taken, given) = (self.inflater.total_in(), output.len());
            let status = self.inflater.decompress_vec(&self.input, output, FlushDecompress::None);
            let status = status.map_err(|_| corrupt_entry("its compressed bytes are damaged"))?;
            let taken = usize::try_from(self.inflater.total_in() - taken).unwrap_or(usize::MAX);
            self.input.advance(taken.min(self.input.len()));
            self.ended = status == Status::StreamEnd;
            self.full = output.len() == output.capacity();
            if taken == 0 && output.len() == given && !self.ended && !self.input.is_empty() {
                return Err(corrupt_entry("its compressed bytes are damaged"));
            }
        }
        Ok(())
    }
}

/// What has been seen of a file.
#[derive(Default)]
struct Check {
    crc: Crc,
    bytes: u64,
}

impl Check {
    fn update(&mut self, entry: &Entry, piece: &[u8]) -> Result<(), Error> {
        self.bytes += piece.len() as u64;
        if self.bytes > entry.size {
            return Err(lying(entry));
        }
        self.crc.update(piece);
        Ok(())
    }

    fn finish(&self, entry: &Entry) -> Result<(), Error> {
        if self.bytes != entry.size {
            return Err(corrupt_entry(&format!("it has {} of its {} bytes", self.bytes, entry.size)));
        }
        if self.crc.sum() != entry.crc32 {
            return Err(corrupt_entry("its CRC-32 is another one than the archive says"));
        }
        Ok(())
    }
}
