//! Comparison with Info-ZIP's `zip` and `unzip`. These tests are skipped where the programs are not installed.

use std::{
    fs,
    io::{Cursor, Read},
    path::{Path, PathBuf},
    process::Command,
};

use zip::ZipArchive;

use super::{fixtures::write_files, unpack::unpack};

fn is_installed(program: &str) -> bool {
    let is_installed = Command::new(program).arg("-v").output().is_ok_and(|output| output.status.success());
    if !is_installed {
        eprintln!("SKIPPED: Info-ZIP's {program} is not installed");
    }
    is_installed
}

/// A temporary folder that is removed at the end of the test.
pub(super) struct TemporaryFolder(pub(super) PathBuf);

impl TemporaryFolder {
    pub(super) fn create(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("landfall-{name}-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&path).expect("create the folder");
        Self(path)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes files with various sizes and names. Returns their names and contents, sorted.
fn create_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![];
    for (name, length) in [("empty.txt", 0), ("a.png", 1), ("sub/é.bin", 70_000), ("sub/b c.bin", 300_000)] {
        let content: Vec<u8> = (0..length).map(|i: u32| (i / 7 * 31) as u8).collect();
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent folder")).expect("create the parent folder");
        fs::write(path, &content).expect("write the file");
        files.push((name.to_owned(), content));
    }
    files.sort();
    files
}

#[test]
fn archives_of_info_zip_are_unpacked_byte_for_byte() {
    if !is_installed("zip") {
        return;
    }
    let folder = TemporaryFolder::create("zip");
    let expected = create_files(&folder.0);
    // Stored, deflated, with data descriptors, and with Zip64 as Info-ZIP writes it into a pipe.
    for options in [["-0", "-q"], ["-9", "-q"], ["-fd", "-q"], ["-fz", "-q"]] {
        let mut zip = Command::new("zip");
        zip.args(options).args(["-r", "-", "."]).current_dir(&folder.0);
        let output = zip.output().expect("run zip");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut files: Vec<(String, Vec<u8>)> = unpack(&output.stdout, 1000)
            .expect("a valid archive")
            .into_iter()
            .map(|(name, content)| (name, content.expect("a valid file").to_vec()))
            .collect();
        files.sort();
        let names = files.iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(files == expected, "{options:?}: {names:?}");
    }
}

#[test]
fn this_crate_info_zip_and_the_zip_crate_unpack_the_same_content() {
    if !is_installed("unzip") {
        return;
    }
    let folder = TemporaryFolder::create("unzip");
    let content: Vec<u8> = (0..200_000_u32).map(|i| (i / 3) as u8).collect();
    let archive =
        write_files(&[("a.bin".to_owned(), content.clone(), true), ("b.bin".to_owned(), content, false)]);
    let path = folder.0.join("a.zip");
    fs::write(&path, &archive).expect("write the archive");
    for (name, unpacked) in unpack(&archive, 4096).expect("a valid archive") {
        let unzip = Command::new("unzip").arg("-p").arg(&path).arg(&name).output().expect("run unzip");
        assert!(unpacked.expect("a valid file") == unzip.stdout, "{name}");
        let mut by_zip_crate = vec![];
        let mut reader = ZipArchive::new(Cursor::new(&archive)).expect("a valid archive");
        reader.by_name(&name).expect("an entry").read_to_end(&mut by_zip_crate).expect("its content");
        assert!(by_zip_crate == unzip.stdout, "{name}");
    }
}
