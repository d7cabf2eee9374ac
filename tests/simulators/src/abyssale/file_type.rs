//! The file types of Abyssale, and which design type supports which (contract 3.1 and 8).

use serde::{Deserialize, Serialize};

/// A type of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum FileType {
    Png,
    Jpeg,
    Webp,
    Avif,
    Gif,
    Mp4,
    Pdf,
    Html5,
}

/// A type of design. It decides which files can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DesignType {
    Static,
    Animated,
    Printer,
    PrinterMultipage,
}

impl FileType {
    pub(super) const ALL: [Self; 8] =
        [Self::Png, Self::Jpeg, Self::Webp, Self::Avif, Self::Gif, Self::Pdf, Self::Html5, Self::Mp4];

    /// Returns the type that `image_file_type` names.
    pub(super) fn from_request_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file_type| file_type.request_name() == name)
    }

    /// Returns the name in `image_file_type` (contract 3.1).
    pub(super) fn request_name(self) -> &'static str {
        match self {
            Self::Html5 => "html5",
            Self::Png | Self::Jpeg | Self::Webp | Self::Avif | Self::Gif | Self::Mp4 | Self::Pdf => {
                self.wire_name()
            }
        }
    }

    /// Returns the name in `file.type` (contract 8).
    pub(super) fn wire_name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Gif => "gif",
            Self::Mp4 => "mp4",
            Self::Pdf => "pdf",
            Self::Html5 => "zip",
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png | Self::Webp | Self::Avif | Self::Gif | Self::Mp4 | Self::Pdf | Self::Html5 => {
                self.wire_name()
            }
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
            Self::Mp4 => "video/mp4",
            Self::Pdf => "application/pdf",
            Self::Html5 => "application/zip",
        }
    }
}

impl DesignType {
    pub(super) const ALL: [Self; 4] = [Self::Static, Self::Animated, Self::Printer, Self::PrinterMultipage];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Animated => "animated",
            Self::Printer => "printer",
            Self::PrinterMultipage => "printer_multipage",
        }
    }

    /// Returns the types that an asynchronous generation supports (contract 3.1).
    pub(super) fn file_types(self) -> &'static [FileType] {
        match self {
            Self::Static => &[FileType::Jpeg, FileType::Png, FileType::Webp, FileType::Avif, FileType::Pdf],
            Self::Animated => &[FileType::Mp4, FileType::Gif, FileType::Html5],
            Self::Printer | Self::PrinterMultipage => &[FileType::Pdf],
        }
    }

    /// Returns the type that `auto` selects for a format (contract 3.1).
    pub(super) fn default_file_type(self, transparent: bool) -> FileType {
        match self {
            Self::Static if transparent => FileType::Png,
            Self::Static => FileType::Jpeg,
            Self::Animated => FileType::Mp4,
            Self::Printer | Self::PrinterMultipage => FileType::Pdf,
        }
    }

    pub(super) fn is_print(self) -> bool {
        matches!(self, Self::Printer | Self::PrinterMultipage)
    }
}
