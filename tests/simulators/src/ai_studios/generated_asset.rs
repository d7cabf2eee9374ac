//! Files that a tool generates and names in its answer (contract 7).

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::ai_studios::settings::tools::{AudioType, ImageType};

/// A silent frame of MPEG-1 layer III: 128 kbit/s, 44.1 kHz, mono. The bytes after its header are zero.
const MP3_FRAME_HEADER: [u8; 4] = [0xff, 0xfb, 0x90, 0xc0];
const MP3_FRAME_BYTES: usize = 417;
/// About half a second.
const MP3_FRAMES: usize = 20;
const WAV_RATE: u32 = 8_000;

/// A generated file.
#[derive(Debug)]
pub(super) struct GeneratedAsset {
    /// The name in its URL.
    pub(super) file_name: String,
    pub(super) content_type: &'static str,
    /// `None` is the video of every export.
    pub(super) content: Option<Bytes>,
    pub(super) created: OffsetDateTime,
}

/// What is generated.
#[derive(Debug, Clone, Copy)]
pub(super) enum AssetKind {
    Image { width: u32, height: u32, file_type: ImageType },
    Audio(AudioType),
    Video,
}

impl GeneratedAsset {
    /// Generates a file that differs from those of other ids.
    pub(super) fn generate(id: &str, kind: AssetKind, created: OffsetDateTime) -> Self {
        let (extension, content_type, content) = match kind {
            AssetKind::Image { width, height, file_type } => image_file(id, width, height, file_type),
            AssetKind::Audio(AudioType::Mp3) => ("mp3", "audio/mpeg", Some(mp3_file(id))),
            AssetKind::Audio(AudioType::Wav) => ("wav", "audio/wav", Some(wav_file(id))),
            AssetKind::Video => ("mp4", "video/mp4", None),
        };
        Self { file_name: format!("{id}.{extension}"), content_type, content, created }
    }
}

/// Returns an image of one colour that depends on the id.
fn image_file(
    id: &str,
    width: u32,
    height: u32,
    file_type: ImageType,
) -> (&'static str, &'static str, Option<Bytes>) {
    let colour = Sha256::digest(id.as_bytes());
    let pixels: Vec<u8> = colour[..3].iter().copied().cycle().take(3 * (width * height) as usize).collect();
    let mut out = Vec::new();
    let (extension, content_type, encoded) = match file_type {
        ImageType::Png => (
            "png",
            "image/png",
            PngEncoder::new(&mut out).write_image(&pixels, width, height, ExtendedColorType::Rgb8),
        ),
        ImageType::Jpeg => (
            "jpg",
            "image/jpeg",
            JpegEncoder::new(&mut out).write_image(&pixels, width, height, ExtendedColorType::Rgb8),
        ),
    };
    encoded.expect("the buffer has the declared size and writes to memory succeed");
    (extension, content_type, Some(Bytes::from(out)))
}

/// Returns silent frames and the id as the title of an ID3v1 tag, which has 128 bytes.
fn mp3_file(id: &str) -> Bytes {
    let mut file = Vec::new();
    for _ in 0..MP3_FRAMES {
        file.extend(MP3_FRAME_HEADER);
        file.resize(file.len() + MP3_FRAME_BYTES - MP3_FRAME_HEADER.len(), 0);
    }
    let end = file.len() + 128;
    file.extend(b"TAG");
    file.extend(id.bytes().take(30));
    file.resize(end, 0);
    Bytes::from(file)
}

/// Returns half a second of a tone, in 8 bits and one channel, and a chunk with the id.
fn wav_file(id: &str) -> Bytes {
    let samples: Vec<u8> = (0..WAV_RATE / 2).map(|at| if at / 9 % 2 == 0 { 96 } else { 160 }).collect();
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        [name.as_slice(), &length.to_le_bytes(), content].concat()
    };
    let (rate, even_id) = (WAV_RATE.to_le_bytes(), format!("{id:<32}"));
    let format = [&[1, 0, 1, 0], rate.as_slice(), rate.as_slice(), &[1, 0, 8, 0]].concat();
    let chunks =
        [chunk(b"fmt ", &format), chunk(b"data", &samples), chunk(b"note", even_id.as_bytes())].concat();
    Bytes::from(chunk(b"RIFF", &[b"WAVE".as_slice(), &chunks].concat()))
}

#[cfg(test)]
mod tests {
    //! Files are what their type says.

    use super::*;

    fn content(kind: AssetKind) -> Bytes {
        GeneratedAsset::generate("a1", kind, OffsetDateTime::UNIX_EPOCH).content.expect("a file of its own")
    }

    #[test]
    fn images_can_be_decoded() {
        for (file_type, format) in
            [(ImageType::Png, image::ImageFormat::Png), (ImageType::Jpeg, image::ImageFormat::Jpeg)]
        {
            let file = content(AssetKind::Image { width: 32, height: 18, file_type });
            assert_eq!(image::guess_format(&file).expect("a format"), format);
        }
    }

    #[test]
    fn an_mp3_has_a_frame_wherever_the_header_says() {
        let file = content(AssetKind::Audio(AudioType::Mp3));
        for frame in 0..MP3_FRAMES {
            assert_eq!(file[frame * MP3_FRAME_BYTES..][..4], MP3_FRAME_HEADER);
        }
        assert_eq!(&file[file.len() - 128..][..5], b"TAGa1");
    }

    #[test]
    fn the_chunks_of_a_wav_fill_it() {
        let file = content(AssetKind::Audio(AudioType::Wav));
        let length =
            |at: usize| u32::from_le_bytes(file[at + 4..at + 8].try_into().expect("four bytes")) as usize;
        assert_eq!((&file[..4], length(0)), (b"RIFF".as_slice(), file.len() - 8));
        let (mut at, mut names) = (12, Vec::new());
        while at < file.len() {
            names.push(String::from_utf8_lossy(&file[at..at + 4]).into_owned());
            at += 8 + length(at);
        }
        assert_eq!((at, names.join(" ")), (file.len(), "fmt  data note".to_owned()));
    }
}
