//! Compares a local file with a stored file.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
};

use model::StoredFile;

use super::running_checksum::RunningChecksum;
use crate::error::CliError;

/// What exists at the destination of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LocalContent {
    Absent,
    /// A file with the same bytes.
    Same,
    /// Another file, a folder or a symbolic link.
    Different,
}

/// Compares what exists at a path with a stored file, by length and checksum.
///
/// # Errors
/// It cannot be read.
pub(super) fn compare_local_file(path: &Path, file: &StoredFile) -> Result<LocalContent, CliError> {
    let read_error = |e: io::Error| CliError::local_file(&format!("{} cannot be read", path.display()), &e);
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(LocalContent::Absent),
        // A parent folder of the path is a file.
        Err(e) if e.kind() == ErrorKind::NotADirectory => return Ok(LocalContent::Different),
        Err(e) => return Err(read_error(e)),
    };
    if !metadata.is_file() || metadata.len() != file.bytes {
        return Ok(LocalContent::Different);
    }
    let mut checksum = RunningChecksum::new(file.checksum.algorithm);
    let mut local_file = File::open(path).map_err(read_error)?;
    checksum.update_from_file(&mut local_file).map_err(read_error)?;
    Ok(if checksum.matches(&file.checksum) { LocalContent::Same } else { LocalContent::Different })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::{super::test_support::nine_byte_file, *};

    #[test]
    fn a_file_in_place_of_a_parent_folder_is_different_content() {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("a"), "123456789").expect("written");
        let content = compare_local_file(&folder.path().join("a/n"), &nine_byte_file());
        assert_eq!(content, Ok(LocalContent::Different));
    }

    #[test]
    fn only_a_file_with_the_same_bytes_is_the_same_content() {
        let folder = TempDir::new().expect("a folder");
        let (path, file) = (folder.path().join("n"), nine_byte_file());
        let content = || compare_local_file(&path, &file).expect("readable");
        assert_eq!(content(), LocalContent::Absent);
        for (bytes, expected) in [
            ("123456789", LocalContent::Same),
            ("123456788", LocalContent::Different),
            ("1", LocalContent::Different),
        ] {
            fs::write(&path, bytes).expect("written");
            assert_eq!(content(), expected, "{bytes}");
        }
        fs::remove_file(&path).expect("removed");
        fs::create_dir(&path).expect("created");
        assert_eq!(content(), LocalContent::Different);
    }
}
