//! Walking the central directory in windows of bounded size.

use std::ops::Range;

use bytes::Bytes;
use model::Error;

use crate::{
    end_of_central_directory::Place,
    entry::{ENTRY, ENTRY_LENGTH, Record},
    errors::invalid,
    little_endian::u16_at,
};

/// How much of the directory is in memory at once. Larger than any one entry can be.
const WINDOW: u64 = 1024 * 1024;

/// Shows every entry to `visit`, in the order of the directory.
pub(super) async fn walk<R, F>(
    place: &Place,
    read: &R,
    mut visit: impl FnMut(Record<'_>) -> Result<(), Error>,
) -> Result<(), Error>
where
    R: Fn(Range<u64>) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let mut entries = 0_u64;
    let mut at = place.range.start;
    while at < place.range.end {
        let window = read(at..place.range.end.min(at + WINDOW)).await?;
        let last = at + window.len() as u64 == place.range.end;
        let (walked, seen) = walk_window(&window, last, &mut visit)?;
        if walked == 0 {
            return Err(invalid("an entry of its directory is damaged"));
        }
        at += walked as u64;
        entries += seen;
    }
    // The 16-bit count of an archive with more entries wraps around in some writers.
    if entries != place.entries && entries % 65_536 != place.entries {
        return Err(invalid("its directory has another number of entries than its end says"));
    }
    Ok(())
}

/// Walks the whole entries of a window; returns how many bytes they take, and how many they are.
fn walk_window(
    window: &[u8],
    last: bool,
    visit: &mut impl FnMut(Record<'_>) -> Result<(), Error>,
) -> Result<(usize, u64), Error> {
    let (mut at, mut entries) = (0, 0);
    while let Some(length) = entry_length(&window[at..]) {
        let entry = &window[at..];
        if !entry.starts_with(ENTRY) {
            return Err(invalid("an entry of its directory is damaged"));
        }
        let Some(entry) = entry.get(..length) else { break };
        visit(Record(entry))?;
        entries += 1;
        at += length;
    }
    if last && at != window.len() {
        return Err(invalid("its directory is cut off"));
    }
    Ok((at, entries))
}

/// The fixed part, the name, the extra field and the comment; none when the fixed part is cut by the window.
fn entry_length(entry: &[u8]) -> Option<usize> {
    let field = |at| u16_at(entry, at).map(usize::from);
    (entry.len() >= ENTRY_LENGTH).then_some(())?;
    Some(ENTRY_LENGTH + field(28)? + field(30)? + field(32)?)
}
