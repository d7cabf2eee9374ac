//! Finds the file of a path of the Files endpoint (contract 2.4, 5.1 and 8).

use bytes::Bytes;
use http::Request;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::abyssale::banner::Banner;
use crate::abyssale::export_archive;
use crate::abyssale::fault_types::DownloadFault;
use crate::abyssale::file_type::FileType;
use crate::abyssale::rendered_file;
use crate::abyssale::signed_url;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::storage_error::StorageError;
use crate::virtual_clock::Moment;

/// A file and its content type.
pub(super) struct StoredFile {
    pub(super) bytes: Bytes,
    pub(super) content_type: String,
}

/// The object that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileLocation {
    Archive(Uuid),
    /// A banner's file in this version.
    Banner(Uuid, u32),
    /// The fallback image of an HTML5 banner.
    Fallback(Uuid, u32),
    /// A format of a dynamic image.
    Dynamic(Uuid, Uuid),
    /// The preview of a format or a page.
    Preview(Uuid),
}

impl FileLocation {
    /// Parses a path.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').collect();
        let ["", folder, rest @ ..] = segments.as_slice() else { return None };
        match (*folder, rest) {
            ("exports", [name]) => Some(Self::Archive(parse_file_name(name)?.0)),
            ("banners" | "cdn", [name]) => {
                parse_file_name(name).map(|(id, version)| Self::Banner(id, version))
            }
            ("fallback", [name]) => parse_file_name(name).map(|(id, version)| Self::Fallback(id, version)),
            ("previews", [name]) => Some(Self::Preview(parse_file_name(name)?.0)),
            ("img", [image, format]) => {
                Some(Self::Dynamic(Uuid::try_parse(image).ok()?, Uuid::try_parse(format).ok()?))
            }
            _ => None,
        }
    }
}

/// Parses the id and the version of a file name, as in `{id}-v2.png`.
fn parse_file_name(name: &str) -> Option<(Uuid, u32)> {
    let (stem, _) = name.split_once('.')?;
    let (id, version) = stem.split_once("-v").unwrap_or((stem, "1"));
    Some((Uuid::try_parse(id).ok()?, version.parse().ok()?))
}

/// Returns the banner whose file or fallback this is.
pub(super) fn banner_of_location(
    simulator: &AbyssaleSimulator,
    location: Option<FileLocation>,
) -> Option<&Banner> {
    match location? {
        FileLocation::Banner(id, version) | FileLocation::Fallback(id, version) => {
            simulator.state.workspace.banners.version(id, version)
        }
        FileLocation::Archive(_) | FileLocation::Dynamic(..) | FileLocation::Preview(_) => None,
    }
}

/// Returns the file of a path.
pub(super) fn find_file(
    simulator: &mut AbyssaleSimulator,
    location: Option<FileLocation>,
    request: &Request<Bytes>,
    fault: Option<&DownloadFault>,
    at: Moment,
) -> Result<StoredFile, StorageError> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    match location.ok_or(StorageError::NO_SUCH_KEY)? {
        FileLocation::Archive(id) => {
            signed_url::verify_signed_url(simulator, path, query, at)?;
            load_archive(simulator, id, fault, at)
        }
        location @ (FileLocation::Banner(..) | FileLocation::Fallback(..)) => {
            if simulator.state.settings.file_expiry_seconds.is_some() {
                signed_url::verify_signed_url(simulator, path, query, at)?;
            }
            let banner =
                banner_of_location(simulator, Some(location)).filter(|banner| banner.is_ready(at.now));
            let banner = banner.ok_or(StorageError::NO_SUCH_KEY)?;
            if matches!(location, FileLocation::Fallback(..)) {
                return Ok(StoredFile::of(rendered_file::render_fallback(banner), FileType::Jpeg));
            }
            Ok(StoredFile::banner(banner))
        }
        FileLocation::Dynamic(image, format) => render_dynamic_image(simulator, image, format, query),
        FileLocation::Preview(sheet) => render_preview(simulator, sheet, at),
    }
}

/// Renders a dynamic image, different for each query.
fn render_dynamic_image(
    simulator: &AbyssaleSimulator,
    image: Uuid,
    format: Uuid,
    query: &str,
) -> Result<StoredFile, StorageError> {
    let sheet = simulator.state.dynamic_images.sheet(image, format).ok_or(StorageError::NO_SUCH_KEY)?;
    let first = Sha256::digest(query)[0];
    let file_type = if sheet.transparent { FileType::Png } else { FileType::Jpeg };
    let (width, height) = rendered_file::whole_pixels(sheet.width, sheet.height);
    Ok(StoredFile::of(rendered_file::render_image(u32::from(first), width, height, file_type, 88), file_type))
}

fn render_preview(
    simulator: &AbyssaleSimulator,
    sheet: Uuid,
    at: Moment,
) -> Result<StoredFile, StorageError> {
    let mut sheets = simulator.state.workspace.designs.existing(at.now).flat_map(|design| &design.sheets);
    let sheet = sheets.find(|known| known.uid == sheet).ok_or(StorageError::NO_SUCH_KEY)?;
    let (width, height) = rendered_file::whole_pixels(sheet.width, sheet.height);
    Ok(StoredFile::of(rendered_file::render_image(0, width, height, FileType::Jpeg, 88), FileType::Jpeg))
}

fn load_archive(
    simulator: &mut AbyssaleSimulator,
    id: Uuid,
    fault: Option<&DownloadFault>,
    at: Moment,
) -> Result<StoredFile, StorageError> {
    let content_type = simulator.state.settings.archive_content_type.clone();
    let export = simulator.state.exports.find(id).ok_or(StorageError::NO_SUCH_KEY)?;
    if at.now < export.generated_at {
        return Err(StorageError::NO_SUCH_KEY);
    }
    export.downloads += 1;
    if let Some(custom) = &export.custom {
        return Ok(StoredFile { bytes: custom.bytes.clone(), content_type: custom.content_type.clone() });
    }
    if let Some(DownloadFault::FewerEntries { entries }) = fault {
        let few = export.found.len().min(*entries);
        return Ok(StoredFile { bytes: export_archive::pack(&export.found[..few]), content_type });
    }
    if let (true, Some(banner)) = (export.bare_file, export.found.first()) {
        return Ok(StoredFile::banner(banner));
    }
    let bytes = export.packed.get_or_insert_with(|| export_archive::pack(&export.found)).clone();
    Ok(StoredFile { bytes, content_type })
}

impl StoredFile {
    fn of(bytes: Bytes, file_type: FileType) -> Self {
        Self { bytes, content_type: file_type.content_type().to_owned() }
    }

    fn banner(banner: &Banner) -> Self {
        let custom = banner.custom.as_ref().map(|custom| custom.content_type.clone());
        let content_type = custom.unwrap_or_else(|| banner.file_type.content_type().to_owned());
        Self { bytes: export_archive::banner_file(banner), content_type }
    }
}
