//! A file that is not whole yet. It lies beside its place as `{name}.{checksum}.part`: what was downloaded of another
//! object of the same name is never taken for its beginning. It is locked, so that no two runs write to it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Seek, Write},
    path::{Path, PathBuf},
};

use model::StoredFile;

use super::{
    checksum::Running,
    destination::{There, read_through, there},
};
use crate::failure::Failure;

/// The beginning of a file.
#[derive(Debug)]
pub(super) struct Part<'a> {
    whole: &'a StoredFile,
    place: &'a Path,
    path: PathBuf,
    file: File,
    running: Running,
    bytes: u64,
    /// Whether some of it was there before.
    goes_on: bool,
}

impl<'a> Part<'a> {
    /// Opens what is there of a file, or begins it.
    ///
    /// # Errors
    /// The folder cannot be made or the file not be opened, a symbolic link lies there, or another run is at it.
    pub(super) fn open(place: &'a Path, whole: &'a StoredFile) -> Result<Self, Failure> {
        let path = beside(place, &whole.checksum.value);
        let unwritable = |e: io::Error| Failure::local(&format!("{} cannot be written", path.display()), &e);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(|e| match e.kind() {
                // A file lies where a folder belongs, as on a system that makes no difference between `a` and `A`.
                ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                    Failure::in_the_way(format!("{} cannot be a folder: a file lies there", folder.display()))
                }
                _ => unwritable(e),
            })?;
        }
        if fs::symlink_metadata(&path).is_ok_and(|there| there.is_symlink()) {
            let message = format!("{} is a symbolic link; what it leads to is not written", path.display());
            return Err(Failure::in_the_way(message));
        }
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(unwritable)?;
        // Any other error is that of a file system without locks.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let message = format!("another run is downloading {}", place.display());
            return Err(Failure::in_the_way(message));
        }
        let mut running = Running::new(whole.checksum.algorithm);
        let bytes = read_through(&mut file, &mut running).map_err(unwritable)?;
        let mut part = Self { whole, place, path, file, running, bytes, goes_on: bytes > 0 };
        if part.bytes > whole.bytes || part.has_all() && !part.is_right() {
            part.restart()?;
        }
        Ok(part)
    }

    /// How many bytes are there.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it begins with bytes that were there before.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Whether as many bytes are there as the file has.
    pub(super) fn has_all(&self) -> bool {
        self.bytes == self.whole.bytes
    }

    /// Whether they are the right ones.
    pub(super) fn is_right(&self) -> bool {
        self.has_all() && self.running.is(&self.whole.checksum)
    }

    /// Adds bytes. Written at once and not by another thread: a page of the system's cache is no wait.
    ///
    /// # Errors
    /// The disk takes no more.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|e| self.unwritable(&e))?;
        self.running.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what is there.
    ///
    /// # Errors
    /// The disk does not let it.
    pub(super) fn restart(&mut self) -> Result<(), Failure> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|e| self.unwritable(&e))?;
        self.running = Running::new(self.whole.checksum.algorithm);
        (self.bytes, self.goes_on) = (0, false);
        Ok(())
    }

    /// Puts the whole file into its place, over whatever lies there only if told so.
    ///
    /// # Errors
    /// Something else came to lie there meanwhile, or the disk does not let it.
    pub(super) fn into_place(self, force: bool) -> Result<(), Failure> {
        let unwritable =
            |e: io::Error| Failure::local(&format!("{} cannot be written", self.place.display()), &e);
        if !force {
            // Unlike a rename, a link takes the place of nothing. Some file systems have none.
            match fs::hard_link(&self.path, self.place) {
                Ok(()) => return fs::remove_file(&self.path).map_err(unwritable),
                Err(_) => match there(self.place, self.whole)? {
                    There::Nothing => {}
                    // Another run was at it, and was done just before this one began.
                    There::TheFile => return self.remove().map_err(unwritable),
                    There::SomethingElse => return Err(unwritable(ErrorKind::AlreadyExists.into())),
                },
            }
        }
        fs::rename(&self.path, self.place).map_err(unwritable)
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn unwritable(&self, e: &io::Error) -> Failure {
        Failure::local(&format!("{} cannot be written", self.path.display()), e)
    }
}

/// `{name}.{checksum}.part`, of the checksum its letters and digits.
fn beside(place: &Path, checksum: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    let mark: String = checksum.chars().filter(char::is_ascii_alphanumeric).collect();
    name.push(format!(".{mark}.part"));
    place.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{download::nine_bytes, exit::Exit};

    #[test]
    fn a_part_goes_on_where_it_stopped() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        let place = folder.path().join("a/n");
        Part::open(&place, &whole).expect("begun").write(b"12345").expect("written");
        let mut part = Part::open(&place, &whole).expect("opened");
        assert_eq!((part.bytes(), part.has_all()), (5, false));
        part.write(b"6789").expect("written");
        assert!(part.is_right());
        part.into_place(false).expect("placed");
        assert_eq!(fs::read(&place).expect("there"), b"123456789");
        assert_eq!(fs::read_dir(folder.path().join("a")).expect("a folder").count(), 1, "no part is left");
    }

    #[test]
    fn a_part_that_can_be_no_beginning_is_begun_anew() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        let place = folder.path().join("n");
        for wrong in ["1234567890", "123456788"] {
            fs::write(beside(&place, "y/Q5Jg=="), wrong).expect("written");
            assert_eq!(Part::open(&place, &whole).expect("opened").bytes(), 0, "{wrong}");
        }
    }

    #[test]
    fn a_file_where_a_folder_belongs_concerns_that_file_alone() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        fs::write(folder.path().join("a"), "mine").expect("written");
        let refused = Part::open(&folder.path().join("a/n"), &whole).expect_err("a refusal");
        assert_eq!((refused.class.as_str(), refused.exit), (crate::failure::IN_THE_WAY, Exit::InTheWay));
    }

    #[test]
    fn a_part_of_another_object_is_no_beginning() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        let place = folder.path().join("n");
        fs::write(beside(&place, "another+1="), "12345").expect("written");
        assert_eq!(Part::open(&place, &whole).expect("opened").bytes(), 0);
    }

    #[test]
    fn a_part_that_another_run_is_at_is_left_to_it() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        let place = folder.path().join("n");
        let mut first = Part::open(&place, &whole).expect("begun");
        let second = Part::open(&place, &whole).expect_err("a refusal");
        assert!(second.exit == Exit::InTheWay && second.message.contains("another run"), "{second:?}");
        first.write(b"12345").expect("written");
        drop(first);
        assert_eq!(Part::open(&place, &whole).expect("opened").bytes(), 5);
    }

    #[test]
    fn a_file_that_another_run_has_just_put_there_is_enough() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        let place = folder.path().join("n");
        let mut part = Part::open(&place, &whole).expect("begun");
        part.write(b"123456789").expect("written");
        fs::write(&place, "123456789").expect("written");
        part.into_place(false).expect("there");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no part is left");
    }

    #[cfg(unix)]
    #[test]
    fn a_part_that_is_a_link_is_not_followed() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        let (place, precious) = (folder.path().join("n"), folder.path().join("precious"));
        fs::write(&precious, "mine").expect("written");
        std::os::unix::fs::symlink(&precious, beside(&place, "y/Q5Jg==")).expect("linked");
        assert_eq!(Part::open(&place, &whole).map_err(|failure| failure.exit).err(), Some(Exit::InTheWay));
        assert_eq!(fs::read(&precious).expect("there"), b"mine");
    }

    #[test]
    fn what_came_to_lie_there_meanwhile_stays_unless_told_otherwise() {
        let (folder, whole) = (TempDir::new().expect("a folder"), nine_bytes());
        let place = folder.path().join("n");
        let full = || {
            let mut part = Part::open(&place, &whole).expect("opened");
            part.restart().and_then(|()| part.write(b"123456789")).expect("written");
            part
        };
        fs::write(&place, "mine").expect("written");
        assert_eq!(full().into_place(false).map_err(|failure| failure.exit), Err(Exit::InTheWay));
        assert_eq!(fs::read(&place).expect("there"), b"mine");
        full().into_place(true).expect("placed");
        assert_eq!(fs::read(&place).expect("there"), b"123456789");
    }
}
