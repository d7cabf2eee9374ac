//! Decodes a raw Deflate stream (RFC 1951, compression method 8) from input that arrives in pieces.

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use model::Error;

use crate::errors::corrupt_entry;

/// A raw Deflate stream and the input that is not decoded yet.
pub(crate) struct DeflateDecoder {
    input: Bytes,
    decompress: Decompress,
    is_finished: bool,
    /// Whether the last call filled its output. The decompressor may then hold bytes that need no more input.
    is_output_full: bool,
}

impl DeflateDecoder {
    pub(crate) fn new(input: Bytes) -> Self {
        Self { input, decompress: Decompress::new(false), is_finished: false, is_output_full: false }
    }

    /// Whether the end of the stream is decoded.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Whether no more output is possible without more input.
    pub(crate) fn needs_input(&self) -> bool {
        self.input.is_empty() && !self.is_output_full
    }

    /// Sets the next input. The previous input is used up: `needs_input` is true.
    pub(crate) fn set_input(&mut self, input: Bytes) {
        self.input = input;
    }

    /// Decodes until the input is used up, the capacity of `output` is filled, or the stream ends.
    pub(crate) fn decode_into(&mut self, output: &mut Vec<u8>) -> Result<(), Error> {
        while !self.is_finished && output.len() < output.capacity() && !self.needs_input() {
            let (total_in_before, length_before) = (self.decompress.total_in(), output.len());
            let status = self.decompress.decompress_vec(&self.input, output, FlushDecompress::None);
            let status = status.map_err(|_| damaged_stream())?;
            let consumed = usize::try_from(self.decompress.total_in() - total_in_before);
            let consumed = consumed.unwrap_or(usize::MAX);
            self.input.advance(consumed.min(self.input.len()));
            self.is_finished = status == Status::StreamEnd;
            self.is_output_full = output.len() == output.capacity();
            let has_progress = consumed > 0 || output.len() > length_before || self.is_finished;
            if !has_progress && !self.input.is_empty() {
                return Err(damaged_stream());
            }
        }
        Ok(())
    }
}

fn damaged_stream() -> Error {
    corrupt_entry("its compressed data is damaged")
}
