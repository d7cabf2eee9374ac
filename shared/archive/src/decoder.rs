//! Decodes a raw Deflate stream (RFC 1951, compression method 8) or a Deflate64 stream (method 9) from input that arrives
//! in pieces.

use bytes::{Buf, Bytes};
use deflate64::InflaterManaged;
use flate2::{Decompress, FlushDecompress, Status};
use model::Error;

use crate::{entry::CompressionMethod, errors::corrupt_entry};

/// The most bytes that Deflate64 decodes at once. Their memory is cleared before.
const DEFLATE64_STEP_BYTES: usize = 64 * 1024;

/// A compressed stream and the input that is not decoded yet.
pub(crate) struct Decoder {
    input: Bytes,
    algorithm: Algorithm,
    is_finished: bool,
    /// Whether the last call filled its output. The decompressor may then hold bytes that need no more input.
    is_output_full: bool,
}

enum Algorithm {
    Deflate(Decompress),
    /// Boxed, because its window of 128 KiB is part of it.
    Deflate64(Box<InflaterManaged>),
}

impl Decoder {
    /// A decoder of a method. None if the method does not compress, or is not supported.
    pub(crate) fn new(method: CompressionMethod, input: Bytes) -> Option<Self> {
        let algorithm = match method {
            CompressionMethod::Deflated => Algorithm::Deflate(Decompress::new(false)),
            CompressionMethod::Deflate64 => Algorithm::Deflate64(Box::new(InflaterManaged::new())),
            CompressionMethod::Stored | CompressionMethod::Unsupported(_) => return None,
        };
        Some(Self { input, algorithm, is_finished: false, is_output_full: false })
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
            let length_before = output.len();
            let (consumed, is_finished) = self.algorithm.decode_step(&self.input, output)?;
            self.input.advance(consumed.min(self.input.len()));
            self.is_finished = is_finished;
            self.is_output_full = output.len() == output.capacity();
            let has_progress = consumed > 0 || output.len() > length_before || self.is_finished;
            if !has_progress && !self.input.is_empty() {
                return Err(damaged_stream());
            }
        }
        Ok(())
    }
}

impl Algorithm {
    /// Appends to `output`, within its capacity. Returns how many bytes of the input are consumed, and whether the
    /// stream has ended.
    fn decode_step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(usize, bool), Error> {
        match self {
            Self::Deflate(decompress) => {
                let total_in_before = decompress.total_in();
                let status = decompress.decompress_vec(input, output, FlushDecompress::None);
                let status = status.map_err(|_| damaged_stream())?;
                let consumed = usize::try_from(decompress.total_in() - total_in_before);
                Ok((consumed.unwrap_or(usize::MAX), status == Status::StreamEnd))
            }
            Self::Deflate64(inflater) => {
                let start = output.len();
                output.resize(output.capacity().min(start + DEFLATE64_STEP_BYTES), 0);
                let result = inflater.inflate(input, &mut output[start..]);
                output.truncate(start + result.bytes_written);
                match result.data_error || inflater.errored() {
                    true => Err(damaged_stream()),
                    false => Ok((result.bytes_consumed, inflater.finished())),
                }
            }
        }
    }
}

fn damaged_stream() -> Error {
    corrupt_entry("its compressed data is damaged")
}
