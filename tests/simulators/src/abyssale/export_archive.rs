//! Packs the banners of an export into a real ZIP archive.

use std::io::{Cursor, Write};

use bytes::Bytes;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::abyssale::banner::Banner;
use crate::abyssale::file_type::FileType;
use crate::abyssale::rendered_file;

/// Packs one entry per banner. Uncompressed formats are deflated, the others stored, as archivers usually do.
pub(super) fn pack(banners: &[Banner]) -> Bytes {
    let packed = write_archive(banners).expect("writes to memory succeed and entry names are unique");
    Bytes::from(packed)
}

fn write_archive(banners: &[Banner]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for banner in banners {
        let method = match banner.file_type {
            FileType::Png | FileType::Pdf => CompressionMethod::Deflated,
            FileType::Jpeg
            | FileType::Webp
            | FileType::Avif
            | FileType::Gif
            | FileType::Mp4
            | FileType::Html5 => CompressionMethod::Stored,
        };
        archive.start_file(banner.file_name(), SimpleFileOptions::default().compression_method(method))?;
        archive.write_all(&banner_file(banner))?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Returns the banner's file: a custom one, or a rendered one.
pub(super) fn banner_file(banner: &Banner) -> Bytes {
    banner.custom.as_ref().map_or_else(|| rendered_file::render(banner), |custom| custom.bytes.clone())
}

#[cfg(test)]
mod tests {
    //! The archive opens, and its images are real and differ.

    use std::collections::BTreeSet;
    use std::io::Read;

    use zip::ZipArchive;

    use super::*;
    use crate::abyssale::workspace::Workspace;
    use crate::id_generator::IdGenerator;

    #[test]
    fn every_banner_has_its_own_image() {
        let workspace = Workspace::seeded(&IdGenerator::new(7, 0));
        let bytes = pack(workspace.banners.all());
        let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
        assert_eq!(archive.len(), workspace.banners.all().len());
        let mut pictures = BTreeSet::new();
        for (index, banner) in workspace.banners.all().iter().enumerate() {
            let mut entry = archive.by_index(index).expect("an entry");
            assert_eq!(entry.name().expect("a readable name"), banner.file_name());
            let mut picture = Vec::new();
            entry.read_to_end(&mut picture).expect("a complete entry");
            let decoded = image::load_from_memory(&picture).expect("a real image");
            assert_eq!(
                (f64::from(decoded.width()), f64::from(decoded.height())),
                (banner.width, banner.height)
            );
            assert!(picture.len() > 10_000, "{} bytes", picture.len());
            pictures.insert(picture);
        }
        assert_eq!(pictures.len(), workspace.banners.all().len());
    }
}
