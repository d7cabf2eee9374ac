//! Archives as other tools write them: with bytes before or behind them, with names in an extra field, and with files
//! that cannot be read.

use serde_json::{Value, json};

use super::zip_builder::{Item, pack, pack_behind, pack_with, unicode_path};
use crate::world::World;

/// An archive of 7-Zip with a file of each method.
const METHODS: &[u8] = include_bytes!("../../archives/methods.zip");

fn items() -> [Item; 2] {
    [Item::deflated("a.txt", &[b'a'; 500]), Item::stored("b.txt", b"content of b")]
}

#[tokio::test]
async fn bytes_behind_an_archive_do_not_matter() {
    let world = World::start().await;
    for zip64 in [false, true] {
        let archive = pack_with(&items(), b"", zip64);
        for behind in [&b"\r\n"[..], &[0; 65_536]] {
            world.assert_unpacks([&archive, behind].concat(), &["a.txt", "b.txt"]).await;
        }
    }
    let commented = pack_with(&items(), b"a comment", false);
    world.assert_unpacks([commented.as_slice(), b"\n"].concat(), &["a.txt", "b.txt"]).await;
}

#[tokio::test]
async fn a_self_extracting_archive_is_unpacked() {
    let world = World::start().await;
    let program = [b"MZ\x90\0".as_slice(), &[7; 200_000]].concat();
    for zip64 in [false, true] {
        let from_file = pack_behind(&program, &items(), b"", zip64);
        world.assert_unpacks(from_file, &["a.txt", "b.txt"]).await;
        let from_archive = [program.as_slice(), &pack_with(&items(), b"", zip64)].concat();
        world.assert_unpacks(from_archive, &["a.txt", "b.txt"]).await;
    }
    let names = ["stored.txt", "deflated.txt"];
    world.assert_unpacks(include_bytes!("../../archives/self-extracting-raw.zip").to_vec(), &names).await;
    world
        .assert_unpacks(include_bytes!("../../archives/self-extracting-adjusted.zip").to_vec(), &names)
        .await;
}

#[tokio::test]
async fn the_marker_of_a_split_archive_of_one_part_does_not_matter() {
    let world = World::start().await;
    for marker in [b"PK00", b"PK\x07\x08"] {
        for zip64 in [false, true] {
            world.assert_unpacks(pack_behind(marker, &items(), b"", zip64), &["a.txt", "b.txt"]).await;
        }
    }
    let of_info_zip = include_bytes!("../../archives/split-marker.zip").to_vec();
    world.assert_unpacks(of_info_zip, &["stored.txt", "deflated.txt"]).await;
}

#[tokio::test]
async fn an_archive_that_is_only_stored_may_be_self_extracting() {
    let world = World::start_with(|options| options.variable("UNPACK", "false")).await;
    let archive = [b"MZ\x90\0".as_slice(), &pack(&items()), b"\r\n"].concat();
    world.set_next_archive(archive.clone());
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["archive"]["entries"], 2);
    assert!(world.read_object(job["archive"]["key"].as_str().expect("a key")).await == archive);
}

#[tokio::test]
async fn an_archive_that_can_be_read_in_two_ways_is_rejected() {
    let world = World::start().await;
    let hidden = pack(&[Item::stored("hidden.txt", b"hidden")]);
    for zip64 in [false, true] {
        let job = world
            .assert_archive_rejected(pack_with(&items(), &hidden, zip64), "two central directories")
            .await;
        assert_eq!(job["archive"]["entries"], 1);
    }
    let with_rest = [hidden.as_slice(), b"more of the comment"].concat();
    world.assert_archive_rejected(pack_with(&items(), &with_rest, false), "two central directories").await;
}

#[tokio::test]
async fn an_archive_that_is_cut_off_is_told_apart_from_another_file() {
    let world = World::start().await;
    let inner = Item::stored("inner.zip", &pack(&items()));
    let archive = pack(&[inner, Item::stored("noise.bin", &[9; 3000])]);
    let video = [b"\0\0\0\x20ftypisom".as_slice(), &[7; 100_000]].concat();
    let missing = br#"{"error": "not found"}"#.to_vec();
    // The archive is cut off behind the end of the archive in it.
    for (file, reason) in [
        (archive[..archive.len() - 500].to_vec(), "cut off"),
        (pack_behind(b"PK00", &items(), b"", false)[..60].to_vec(), "cut off"),
        (video, "not a ZIP archive"),
        (missing, "not a ZIP archive"),
        (b"MZ and a program".to_vec(), "not a ZIP archive"),
    ] {
        world.set_next_archive(file);
        // A job with one file may be delivered bare.
        let id = world.submit_export(2).await;
        let job = world.wait_for_status(&id, "failed").await;
        assert_eq!((&job["error"]["type"], &job["archive"]), (&json!("ArchiveInvalid"), &Value::Null));
        let message = job["error"]["message"].as_str().expect("a message");
        assert!(message.contains(reason), "{reason}: {message}");
    }
    assert_eq!(world.object_keys().await, Vec::<String>::new(), "an object is left in the bucket");
}

#[tokio::test]
async fn the_unicode_path_names_a_file_if_it_belongs_to_the_name_in_the_header() {
    let world = World::start().await;
    // "Søvn" in code page 850, of which the archive says nothing.
    let file = |name: &[u8], path: &str| {
        Item::stored(b"S\x9bvn.txt", b"1").but(|file| {
            file.flags = 0;
            file.extra = unicode_path(name, path);
        })
    };
    let job = world.assert_unpacks(pack(&[file(b"S\x9bvn.txt", "Søvn.txt")]), &["Søvn.txt"]).await;
    assert_eq!(world.read_manifest(&job).await["files"][0]["source_name"], "Søvn.txt");
    // Renamed by a tool that does not know the field: the name in the header counts, in code page 437.
    world.assert_unpacks(pack(&[file(b"old.txt", "old.txt")]), &["S¢vn.txt"]).await;
    world.assert_unpacks(pack(&[file(b"S\x9bvn.txt", "../up/漢字.txt")]), &["up/漢字.txt"]).await;
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named_with_their_method_and_the_others_land() {
    let world = World::start().await;
    world.set_next_archive(METHODS.to_vec());
    let id = world.submit_export(9).await;
    let job = world.wait_for_status(&id, "partial").await;
    let names: Vec<&Value> =
        job["files"].as_array().expect("files").iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["deflate64.bin", "deflated.txt", "stored.txt"]);
    assert_eq!(job["error"]["type"], "ArchiveIncomplete");
    let message = job["error"]["message"].as_str().expect("a message");
    assert!(message.contains("6 of 9 files") && message.contains("\"bzip2.txt\" ("), "{message}");
    let manifest = world.read_manifest(&job).await;
    world.assert_files_match_manifest(&manifest).await;
    let refused = manifest["refused"].as_array().expect("refused files");
    for (name, method) in [
        ("aes128.txt", "method 99, WinZip AES-128"),
        ("aes256.txt", "method 99, WinZip AES-256"),
        ("bzip2.txt", "method 12 (bzip2)"),
        ("lzma.txt", "method 14 (LZMA)"),
        ("ppmd.txt", "method 98 (PPMd)"),
        ("zipcrypto.txt", "traditional PKWARE encryption"),
    ] {
        let entry = refused.iter().find(|entry| entry["source_name"] == name).expect("the file is refused");
        assert!(entry["reason"].as_str().is_some_and(|reason| reason.contains(method)), "{entry}");
    }
    assert_eq!(refused.len(), 6);
    assert_eq!(manifest["completeness"], json!({ "expected": 9, "landed": 3, "missing": 6 }));
    assert_eq!(job["archive"]["entries"], 9);
}

#[tokio::test]
async fn a_large_file_that_cannot_be_read_is_not_read_and_does_not_count_against_the_limits() {
    let world = World::start_with(|options| options.variable("MAX_ENTRY_BYTES", "1000")).await;
    let long = Item::new("long.bin", 93, vec![3; 5 << 20], b"").but(|long| long.size = 3 << 30);
    world
        .assert_unpacks_partly(pack(&[long, items()[1].clone()]), &["b.txt"], &["1 of 2", "93 (Zstandard)"])
        .await;
}

#[tokio::test]
async fn an_archive_with_no_file_that_can_be_read_is_only_stored() {
    let world = World::start().await;
    let bzip2 = Item::new("a.txt", 12, vec![1; 20], b"content");
    let encrypted = Item::stored("b.txt", &[0; 20]).but(|file| file.flags |= 1);
    let job = world.assert_archive_rejected(pack(&[bzip2, encrypted]), "none of its files can be read").await;
    let message = job["error"]["message"].as_str().expect("a message");
    assert!(message.contains("method 12 (bzip2)") && message.contains("encrypted"), "{message}");
    assert_eq!(job["archive"]["entries"], 2);
}
