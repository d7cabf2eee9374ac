//! Comparison with 7-Zip and Python's `zipfile`. These tests are skipped where the programs are not installed.

use std::{fs, process::Command};

use super::{
    info_zip::TemporaryFolder,
    unpack::{list, unpack},
    zip_builder::{Item, pack, pack_behind, pack_with},
};

/// Runs a program in a folder. Returns its output, or None if it is not installed.
fn run(program: &str, folder: &TemporaryFolder, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).current_dir(&folder.0).output() else {
        eprintln!("SKIPPED: {program} is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

/// 7-Zip, under the name that it has here.
fn seven_zip(folder: &TemporaryFolder, arguments: &[&str]) -> Option<String> {
    let installed = ["7zz", "7z", "7za"].into_iter().find(|name| Command::new(name).output().is_ok());
    run(installed.unwrap_or("7zz"), folder, arguments)
}

#[test]
fn deflate64_of_7_zip_is_unpacked_byte_for_byte() {
    let folder = TemporaryFolder::create("deflate64");
    let line = |i: u32| format!("{} {}\n", i % 977, "banner story square ".repeat((i % 41) as usize));
    let text: String = (0..20_000).map(line).collect();
    let mut noise: Vec<u8> = (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    noise.extend_from_within(..50_000);
    fs::write(folder.0.join("text.txt"), &text).expect("write the file");
    fs::write(folder.0.join("zeros.bin"), vec![0; 3_000_000]).expect("write the file");
    fs::write(folder.0.join("noise.bin"), &noise).expect("write the file");
    for level in ["-mx1", "-mx5", "-mx9"] {
        let arguments = ["a", "-tzip", "-mm=Deflate64", level, "a.zip", "text.txt", "zeros.bin", "noise.bin"];
        if seven_zip(&folder, &arguments).is_none() {
            return;
        }
        let archive = fs::read(folder.0.join("a.zip")).expect("read the archive");
        let unpacked = unpack(&archive, 10_000).expect("an archive");
        assert_eq!(unpacked.len(), 3);
        for (name, content) in unpacked {
            let content = content.expect("a file");
            let expected = fs::read(folder.0.join(&name)).expect("read the file");
            assert!(content == expected, "{name} at {level}");
        }
        fs::remove_file(folder.0.join("a.zip")).expect("remove the archive");
    }
}

/// The names that Python finds in an archive.
fn python_names(archive: &[u8]) -> Option<Vec<String>> {
    let folder = TemporaryFolder::create("python");
    fs::write(folder.0.join("a.zip"), archive).expect("write the archive");
    let code = "import zipfile\nfor name in zipfile.ZipFile('a.zip').namelist(): print(name)";
    let output = run("python3", &folder, &["-c", code])?;
    Some(output.lines().map(str::to_owned).collect())
}

#[test]
fn python_finds_the_same_files_whatever_is_before_and_behind_an_archive() {
    let items = [Item::deflated("a.txt", &[b'a'; 500]), Item::stored("b.txt", b"content of b")];
    let archives = [
        [pack(&items), b"\r\n".to_vec()].concat(),
        [pack_with(&items, b"a comment", false), vec![0; 512]].concat(),
        [pack_with(&items, b"", true), b"\n".to_vec()].concat(),
        pack_behind(b"PK00", &items, b"", false),
        pack_behind(b"MZ and a program", &items, b"", false),
        [b"MZ and a program".to_vec(), pack(&items)].concat(),
        [b"MZ and a program".to_vec(), pack_with(&items, b"", true)].concat(),
        [pack(&[Item::stored("old.txt", b"old")]), pack(&items)].concat(),
    ];
    for (index, archive) in archives.iter().enumerate() {
        let Some(found) = python_names(archive) else { return };
        let files = list(archive).expect("a listing").files;
        let names: Vec<String> = files.iter().map(crate::ArchiveEntry::decode_name).collect();
        assert_eq!(names, found, "archive {index}");
    }
}
