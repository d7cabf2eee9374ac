//! Determines the local path of a file, and rejects unsafe names, symbolic links and names that are folders of others.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use model::StoredFile;

use crate::{error::CliError, exit_status::ExitStatus};

/// The path of a file below the folder. Landfall makes names safe, but the response is validated all the same.
///
/// # Errors
/// The name leads out of the folder, or an operating system reads it as more than a name.
pub(super) fn destination_path(folder: &Path, name: &str) -> Result<PathBuf, CliError> {
    let is_safe = |segment: &str| {
        let is_allowed = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
        !matches!(segment, "" | "." | "..") && segment.chars().all(is_allowed)
    };
    if !name.split('/').all(is_safe) {
        let message = format!("the name of a file of the job is not safe on this machine: {name:?}");
        return Err(CliError::new("UnsafeName", message, ExitStatus::Rejected));
    }
    Ok(name.split('/').fold(folder.to_path_buf(), |path, segment| path.join(segment)))
}

/// Splits off the files whose names are folders of other files: a path cannot be both. Jobs that landed before Landfall
/// numbered such names have them. Returns the other files, and an error for each file that was split off.
pub(super) fn split_off_folder_names(files: Vec<StoredFile>) -> (Vec<StoredFile>, Vec<CliError>) {
    let folders: HashSet<String> = (files.iter())
        .flat_map(|file| file.name.match_indices('/').map(|(end, _)| file.name[..end].to_owned()))
        .collect();
    let (conflicting, files): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| folders.contains(&file.name));
    let errors = conflicting.into_iter().map(|file| {
        let name = file.name;
        let message = format!(
            "{name:?} is a file of the job and a folder of other files; download it by its name into another folder"
        );
        CliError::local_conflict(message)
    });
    (files, errors.collect())
}

/// Rejects a path with a symbolic link among the folders below `folder`: the link could lead out of it.
///
/// # Errors
/// One is a symbolic link.
pub(super) fn reject_symlinks_below(folder: &Path, path: &Path) -> Result<(), CliError> {
    let parents = path.ancestors().skip(1).take_while(|parent| *parent != folder);
    for parent in parents {
        if fs::symlink_metadata(parent).is_ok_and(|metadata| metadata.is_symlink()) {
            let message = format!("{} is a symbolic link; no files are written behind it", parent.display());
            return Err(CliError::local_conflict(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::test_support::nine_byte_file, *};

    #[test]
    fn names_that_lead_out_of_the_folder_are_rejected() {
        let folder = Path::new("landed");
        assert_eq!(destination_path(folder, "a/b (2).png"), Ok(folder.join("a").join("b (2).png")));
        let unsafe_names = [
            "", ".", "..", "../a", "a/../b", "/a", "a//b", "a/", "a\\b", "C:", "c:/a", "a\0b", "a\nb", "x:y",
        ];
        for name in unsafe_names {
            let class = destination_path(folder, name).map_err(|error| error.class);
            assert_eq!(class, Err("UnsafeName".into()), "{name:?}");
        }
    }

    #[test]
    fn a_file_that_is_a_folder_of_others_is_reported_and_the_others_remain() {
        let file = |name: &str| StoredFile { name: name.into(), ..nine_byte_file() };
        for names in [["a", "a/b/c", "a/b", "d"], ["a/b/c", "d", "a/b", "a"]] {
            let (files, errors) = split_off_folder_names(names.map(file).to_vec());
            let mut remaining: Vec<_> = files.into_iter().map(|file| file.name).collect();
            remaining.sort();
            assert_eq!(remaining, ["a/b/c", "d"]);
            assert_eq!(errors.len(), 2);
            assert!(errors.iter().all(|error| error.exit_status == ExitStatus::LocalConflict));
            assert!(errors.iter().any(|error| error.message.contains("\"a/b\"")), "{errors:?}");
        }
        let (files, errors) = split_off_folder_names(["a", "ab/c", "b"].map(file).to_vec());
        assert_eq!((files.len(), errors), (3, vec![]));
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_below_the_folder_is_rejected() {
        let new_folder = || tempfile::TempDir::new().expect("a folder");
        let (folder, elsewhere) = (new_folder(), new_folder());
        let (base, real) = (folder.path().join("base"), folder.path().join("real"));
        fs::create_dir_all(real.join("a/b")).expect("created");
        // The folder itself may be a link: the operator chooses it.
        std::os::unix::fs::symlink(&real, &base).expect("linked");
        std::os::unix::fs::symlink(elsewhere.path(), real.join("c")).expect("linked");
        for (name, code) in
            [("n", None), ("a/b/n", None), ("new/n", None), ("c/n", Some(8)), ("c/d/n", Some(8))]
        {
            let result = reject_symlinks_below(&base, &destination_path(&base, name).expect("a path"));
            assert_eq!(result.err().map(|error| error.exit_status.code()), code, "{name}");
        }
    }
}
