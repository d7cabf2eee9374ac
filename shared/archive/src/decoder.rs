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
    /// Whether the decompressor may hold decoded bytes, which need no more input.
    has_output: bool,
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
        Some(Self { input, algorithm, is_finished: false, has_output: false })
    }

    /// Whether the end of the stream is decoded.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Whether no more output is possible without more input.
    pub(crate) fn needs_input(&self) -> bool {
        self.input.is_empty() && !self.has_output
    }

    /// Sets the next input. The previous input is used up: `needs_input` is true.
    pub(crate) fn set_input(&mut self, input: Bytes) {
        self.input = input;
    }

    /// Decodes until the input is used up, the capacity of `output` is filled, or the stream ends.
    pub(crate) fn decode_into(&mut self, output: &mut Vec<u8>) -> Result<(), Error> {
        while !self.is_finished && output.len() < output.capacity() && !self.needs_input() {
            let length_before = output.len();
            let step = self.algorithm.decode_step(&self.input, output)?;
            self.input.advance(step.consumed.min(self.input.len()));
            (self.is_finished, self.has_output) = (step.is_finished, step.has_output);
            let has_progress = step.consumed > 0 || output.len() > length_before || self.is_finished;
            if !has_progress && !self.input.is_empty() {
                return Err(damaged_stream());
            }
        }
        Ok(())
    }
}

/// The result of one call of a decompressor.
struct Step {
    /// How many bytes of the input are used up.
    consumed: usize,
    is_finished: bool,
    /// Whether the decompressor may hold decoded bytes, which need no more input.
    has_output: bool,
}

impl Algorithm {
    /// Appends to `output`, within its capacity.
    fn decode_step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<Step, Error> {
        match self {
            Self::Deflate(decompress) => {
                let total_in_before = decompress.total_in();
                let status = decompress.decompress_vec(input, output, FlushDecompress::None);
                let status = status.map_err(|_| damaged_stream())?;
                let consumed = usize::try_from(decompress.total_in() - total_in_before);
                Ok(Step {
                    consumed: consumed.unwrap_or(usize::MAX),
                    is_finished: status == Status::StreamEnd,
                    has_output: output.len() == output.capacity(),
                })
            }
            Self::Deflate64(inflater) => {
                let start = output.len();
                output.resize(output.capacity().min(start + DEFLATE64_STEP_BYTES), 0);
                let result = inflater.inflate(input, &mut output[start..]);
                output.truncate(start + result.bytes_written);
                // Bytes before damaged data may still be in its window.
                let has_output = result.bytes_written > 0 || inflater.available_output() > 0;
                if inflater.errored() && !has_output {
                    return Err(damaged_stream());
                }
                Ok(Step {
                    consumed: result.bytes_consumed,
                    is_finished: inflater.finished() && !inflater.errored(),
                    has_output,
                })
            }
        }
    }
}

fn damaged_stream() -> Error {
    corrupt_entry("its compressed data is damaged")
}
