//! Where a file goes on this machine, and what lies there.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use model::StoredFile;

use super::checksum::Running;
use crate::{exit::Exit, failure::Failure};

/// How much of a local file is read at once.
const CHUNK: usize = 256 * 1024;

/// What lies where a file belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    /// The very bytes.
    TheFile,
    /// Another file, or no file at all.
    SomethingElse,
}

/// The path of a file below the folder. Landfall makes names safe; what comes over a wire is looked at all the same.
///
/// # Errors
/// A name that leads out of the folder, or that some system reads as more than a name.
pub(super) fn path(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let part_is_safe = |part: &str| {
        let harmless = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
        !matches!(part, "" | "." | "..") && part.chars().all(harmless)
    };
    if !name.split('/').all(part_is_safe) {
        let message = format!("a file of the job has a name that is not safe here: {name:?}");
        return Err(Failure::new("UnsafeName", message, Exit::Refused));
    }
    Ok(name.split('/').fold(folder.to_path_buf(), |path, part| path.join(part)))
}

/// Sets apart the files whose names are folders of others, since one place cannot be both: jobs that landed before
/// Landfall numbered such names have them. Returns the others, and a failure for each that was set apart.
pub(super) fn apart(files: Vec<StoredFile>) -> (Vec<StoredFile>, Vec<Failure>) {
    let folders: HashSet<String> = (files.iter())
        .flat_map(|file| file.name.match_indices('/').map(|(end, _)| file.name[..end].to_owned()))
        .collect();
    let (folders, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| folders.contains(&file.name));
    let told = folders.into_iter().map(|file| {
        let name = file.name;
        let message = format!(
            "{name:?} is a file of the job and a folder of other files; download it by its name into another folder"
        );
        Failure::in_the_way(message)
    });
    (files, told.collect())
}

/// Looks whether the folders between one and a file's place in it are folders themselves. A symbolic link among them
/// would lead out of it.
///
/// # Errors
/// One is a symbolic link.
pub(super) fn leads_nowhere_else(folder: &Path, path: &Path) -> Result<(), Failure> {
    let between = path.ancestors().skip(1).take_while(|between| *between != folder);
    for between in between {
        if fs::symlink_metadata(between).is_ok_and(|there| there.is_symlink()) {
            let message = format!("{} is a symbolic link; files are not put behind it", between.display());
            return Err(Failure::in_the_way(message));
        }
    }
    Ok(())
}

/// Looks at what lies at a path.
///
/// # Errors
/// It cannot be read.
pub(super) fn there(path: &Path, file: &StoredFile) -> Result<There, Failure> {
    let unreadable = |e: io::Error| Failure::local(&format!("{} cannot be read", path.display()), &e);
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(There::Nothing),
        // A file lies where a folder belongs.
        Err(e) if e.kind() == ErrorKind::NotADirectory => return Ok(There::SomethingElse),
        Err(e) => return Err(unreadable(e)),
    };
    if !metadata.is_file() || metadata.len() != file.bytes {
        return Ok(There::SomethingElse);
    }
    let mut running = Running::new(file.checksum.algorithm);
    read_through(&mut File::open(path).map_err(unreadable)?, &mut running).map_err(unreadable)?;
    Ok(if running.is(&file.checksum) { There::TheFile } else { There::SomethingElse })
}

/// Reads a file from where it stands to its end into a checksum. Returns how many bytes that were.
pub(super) fn read_through(file: &mut File, running: &mut Running) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(length) => {
                running.update(&chunk[..length]);
                bytes += length as u64;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::download::nine_bytes;

    #[test]
    fn names_stay_below_the_folder() {
        let folder = Path::new("landed");
        assert_eq!(path(folder, "a/b (2).png"), Ok(folder.join("a").join("b (2).png")));
        let unsafe_names = [
            "", ".", "..", "../a", "a/../b", "/a", "a//b", "a/", "a\\b", "C:", "c:/a", "a\0b", "a\nb", "x:y",
        ];
        for name in unsafe_names {
            let class = path(folder, name).map_err(|failure| failure.class);
            assert_eq!(class, Err("UnsafeName".into()), "{name:?}");
        }
    }

    #[test]
    fn a_file_that_is_a_folder_of_others_is_told_and_the_others_are_kept() {
        let file = |name: &str| StoredFile { name: name.into(), ..nine_bytes() };
        for names in [["a", "a/b/c", "a/b", "d"], ["a/b/c", "d", "a/b", "a"]] {
            let (files, told) = apart(names.map(file).to_vec());
            let mut kept: Vec<_> = files.into_iter().map(|file| file.name).collect();
            kept.sort();
            assert_eq!(kept, ["a/b/c", "d"]);
            assert_eq!(told.len(), 2);
            assert!(told.iter().all(|failure| failure.exit == Exit::InTheWay));
            assert!(told.iter().any(|failure| failure.message.contains("\"a/b\"")), "{told:?}");
        }
        let (files, told) = apart(["a", "ab/c", "b"].map(file).to_vec());
        assert_eq!((files.len(), told), (3, vec![]));
    }

    #[test]
    fn a_file_where_a_folder_belongs_is_something_else() {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("a"), "123456789").expect("written");
        let looked = there(&folder.path().join("a/n"), &nine_bytes());
        assert_eq!(looked, Ok(There::SomethingElse));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_below_the_folder_may_be_no_link() {
        let (folder, elsewhere) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let (base, real) = (folder.path().join("base"), folder.path().join("real"));
        fs::create_dir_all(real.join("a/b")).expect("made");
        // The folder itself is the operator's to choose.
        std::os::unix::fs::symlink(&real, &base).expect("linked");
        std::os::unix::fs::symlink(elsewhere.path(), real.join("c")).expect("linked");
        for (name, exit) in
            [("n", None), ("a/b/n", None), ("new/n", None), ("c/n", Some(8)), ("c/d/n", Some(8))]
        {
            let looked = leads_nowhere_else(&base, &path(&base, name).expect("a path"));
            assert_eq!(looked.err().map(|failure| failure.exit.code()), exit, "{name}");
        }
    }

    #[test]
    fn a_file_is_there_only_with_the_same_bytes() {
        let folder = TempDir::new().expect("a folder");
        let (place, file) = (folder.path().join("n"), nine_bytes());
        let looked = || there(&place, &file).expect("readable");
        assert_eq!(looked(), There::Nothing);
        for (bytes, expected) in
            [("123456789", There::TheFile), ("123456788", There::SomethingElse), ("1", There::SomethingElse)]
        {
            fs::write(&place, bytes).expect("written");
            assert_eq!(looked(), expected, "{bytes}");
        }
        fs::remove_file(&place).expect("removed");
        fs::create_dir(&place).expect("made");
        assert_eq!(looked(), There::SomethingElse);
    }
}
