//! An incomplete file beside its destination, named `{name}.{checksum}.part`. The checksum in its name prevents that bytes of
//! another object of the same name are resumed. The file is locked, so that only one run writes to it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Seek, Write},
    path::{Path, PathBuf},
};

use model::StoredFile;

use super::{
    compare_local_file::{LocalContent, compare_local_file},
    running_checksum::RunningChecksum,
};
use crate::error::CliError;

/// The part file of a stored file.
#[derive(Debug)]
pub(super) struct PartFile<'a> {
    stored_file: &'a StoredFile,
    destination: &'a Path,
    path: PathBuf,
    file: File,
    checksum: RunningChecksum,
    bytes: u64,
    /// Whether it begins with bytes of an earlier run.
    is_resumed: bool,
}

impl<'a> PartFile<'a> {
    /// Opens the part file of a destination, or creates it.
    ///
    /// # Errors
    /// The folder or the file cannot be created, the path is a symbolic link, or another run has locked the file.
    pub(super) fn open(destination: &'a Path, stored_file: &'a StoredFile) -> Result<Self, CliError> {
        let path = part_path(destination, &stored_file.checksum.value);
        if let Some(folder) = destination.parent() {
            create_folder(folder, &path)?;
        }
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
            let message = format!("{} is a symbolic link; its target is not written", path.display());
            return Err(CliError::local_conflict(message));
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(|e| write_error(&path, &e))?;
        // Other errors mean that the file system has no locks.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let message = format!("another run is downloading {}", destination.display());
            return Err(CliError::local_conflict(message));
        }
        let mut checksum = RunningChecksum::new(stored_file.checksum.algorithm);
        let bytes = checksum.update_from_file(&mut file).map_err(|e| write_error(&path, &e))?;
        let is_resumed = bytes > 0;
        let mut part = Self { stored_file, destination, path, file, checksum, bytes, is_resumed };
        if part.bytes > stored_file.bytes || part.is_complete() && !part.is_verified() {
            part.discard_content()?;
        }
        Ok(part)
    }

    /// The number of bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it begins with bytes of an earlier run.
    pub(super) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Whether it has the length of the stored file.
    pub(super) fn is_complete(&self) -> bool {
        self.bytes == self.stored_file.bytes
    }

    /// Whether it has the length and the checksum of the stored file.
    pub(super) fn is_verified(&self) -> bool {
        self.is_complete() && self.checksum.matches(&self.stored_file.checksum)
    }

    /// Appends bytes. The write is synchronous: the page cache takes it without a wait that would justify another thread.
    ///
    /// # Errors
    /// The disk cannot be written.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.file.write_all(bytes).map_err(|e| write_error(&self.path, &e))?;
        self.checksum.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Discards all bytes.
    ///
    /// # Errors
    /// The disk cannot be written.
    pub(super) fn discard_content(&mut self) -> Result<(), CliError> {
        let result = self.file.set_len(0).and_then(|()| self.file.rewind());
        result.map_err(|e| write_error(&self.path, &e))?;
        self.checksum = RunningChecksum::new(self.stored_file.checksum.algorithm);
        (self.bytes, self.is_resumed) = (0, false);
        Ok(())
    }

    /// Moves the complete file to its destination. Overwrites another file only with `force`.
    ///
    /// # Errors
    /// Another file has appeared at the destination, or the disk cannot be written.
    pub(super) fn move_to_destination(self, force: bool) -> Result<(), CliError> {
        let move_error = |e: io::Error| write_error(self.destination, &e);
        if !force {
            // Unlike a rename, a hard link never replaces an existing file. Some file systems have no hard links.
            match fs::hard_link(&self.path, self.destination) {
                Ok(()) => return fs::remove_file(&self.path).map_err(move_error),
                Err(_) => match compare_local_file(self.destination, self.stored_file)? {
                    LocalContent::Absent => {}
                    // Another run has completed the file since this one began.
                    LocalContent::Same => return self.remove().map_err(move_error),
                    LocalContent::Different => return Err(move_error(ErrorKind::AlreadyExists.into())),
                },
            }
        }
        fs::rename(&self.path, self.destination).map_err(move_error)
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

fn create_folder(folder: &Path, part_path: &Path) -> Result<(), CliError> {
    fs::create_dir_all(folder).map_err(|e| match e.kind() {
        // A file has the path of the folder, for example on a file system that does not distinguish `a` and `A`.
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            let message = format!("{} cannot be a folder: a file has this path", folder.display());
            CliError::local_conflict(message)
        }
        _ => write_error(part_path, &e),
    })
}

fn write_error(path: &Path, e: &io::Error) -> CliError {
    CliError::local_file(&format!("{} cannot be written", path.display()), e)
}

/// `{name}.{checksum}.part`, with the letters and digits of the checksum.
fn part_path(destination: &Path, checksum: &str) -> PathBuf {
    let mut name = destination.file_name().unwrap_or_default().to_owned();
    let checksum: String = checksum.chars().filter(char::is_ascii_alphanumeric).collect();
    name.push(format!(".{checksum}.part"));
    destination.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::{super::test_support::nine_byte_file, *};
    use crate::{error::LOCAL_CONFLICT_CLASS, exit_status::ExitStatus};

    #[test]
    fn a_part_file_is_resumed() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        let destination = folder.path().join("a/n");
        PartFile::open(&destination, &stored).expect("created").append(b"12345").expect("written");
        let mut part = PartFile::open(&destination, &stored).expect("opened");
        assert_eq!((part.bytes(), part.is_complete()), (5, false));
        part.append(b"6789").expect("written");
        assert!(part.is_verified());
        part.move_to_destination(false).expect("moved");
        assert_eq!(fs::read(&destination).expect("readable"), b"123456789");
        let entries = fs::read_dir(folder.path().join("a")).expect("a folder").count();
        assert_eq!(entries, 1, "the part file is removed");
    }

    #[test]
    fn a_part_file_that_is_too_long_or_has_another_checksum_is_discarded() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        let destination = folder.path().join("n");
        for wrong in ["1234567890", "123456788"] {
            fs::write(part_path(&destination, "y/Q5Jg=="), wrong).expect("written");
            assert_eq!(PartFile::open(&destination, &stored).expect("opened").bytes(), 0, "{wrong}");
        }
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_a_local_conflict() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        fs::write(folder.path().join("a"), "mine").expect("written");
        let error = PartFile::open(&folder.path().join("a/n"), &stored).expect_err("an error");
        assert_eq!(
            (error.class.as_str(), error.exit_status),
            (LOCAL_CONFLICT_CLASS, ExitStatus::LocalConflict)
        );
    }

    #[test]
    fn the_part_file_of_another_object_is_not_resumed() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        let destination = folder.path().join("n");
        fs::write(part_path(&destination, "another+1="), "12345").expect("written");
        assert_eq!(PartFile::open(&destination, &stored).expect("opened").bytes(), 0);
    }

    #[test]
    fn a_part_file_that_another_run_has_locked_is_a_local_conflict() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        let destination = folder.path().join("n");
        let mut first = PartFile::open(&destination, &stored).expect("created");
        let error = PartFile::open(&destination, &stored).expect_err("an error");
        assert!(
            error.exit_status == ExitStatus::LocalConflict && error.message.contains("another run"),
            "{error:?}"
        );
        first.append(b"12345").expect("written");
        drop(first);
        assert_eq!(PartFile::open(&destination, &stored).expect("opened").bytes(), 5);
    }

    #[test]
    fn a_file_that_another_run_has_just_completed_is_accepted() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        let destination = folder.path().join("n");
        let mut part = PartFile::open(&destination, &stored).expect("created");
        part.append(b"123456789").expect("written");
        fs::write(&destination, "123456789").expect("written");
        part.move_to_destination(false).expect("accepted");
        let entries = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(entries, 1, "the part file is removed");
    }

    #[cfg(unix)]
    #[test]
    fn a_part_file_that_is_a_symbolic_link_is_not_followed() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        let (destination, target) = (folder.path().join("n"), folder.path().join("target"));
        fs::write(&target, "mine").expect("written");
        std::os::unix::fs::symlink(&target, part_path(&destination, "y/Q5Jg==")).expect("linked");
        let status = PartFile::open(&destination, &stored).map_err(|error| error.exit_status).err();
        assert_eq!(status, Some(ExitStatus::LocalConflict));
        assert_eq!(fs::read(&target).expect("readable"), b"mine");
    }

    #[test]
    fn a_file_that_appears_at_the_destination_is_overwritten_only_with_force() {
        let (folder, stored) = (TempDir::new().expect("a folder"), nine_byte_file());
        let destination = folder.path().join("n");
        let complete_part = || {
            let mut part = PartFile::open(&destination, &stored).expect("opened");
            part.discard_content().and_then(|()| part.append(b"123456789")).expect("written");
            part
        };
        fs::write(&destination, "mine").expect("written");
        assert_eq!(
            complete_part().move_to_destination(false).map_err(|error| error.exit_status),
            Err(ExitStatus::LocalConflict)
        );
        assert_eq!(fs::read(&destination).expect("readable"), b"mine");
        complete_part().move_to_destination(true).expect("moved");
        assert_eq!(fs::read(&destination).expect("readable"), b"123456789");
    }
}
