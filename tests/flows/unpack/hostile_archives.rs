//! Hostile and unusual archives, each with its expected result.

use serde_json::{Value, json};

use super::zip_builder::{Item, pack, pack_repeated, pack_with};
use crate::world::World;

const KIB: usize = 1024;

impl World {
    /// Lands an archive for a job that expects one file. Returns the job.
    async fn land_archive(&self, archive: Vec<u8>, status: &str) -> Value {
        self.set_next_archive(archive);
        let id = self.submit_export(1).await;
        self.wait_for_status(&id, status).await
    }

    /// Checks that the archive is stored without any other object, and that the job's error mentions the reason.
    pub(super) async fn assert_archive_rejected(&self, archive: Vec<u8>, mentions: &str) -> Value {
        let job = self.land_archive(archive, "failed").await;
        let error = &job["error"];
        assert_eq!(
            (&error["type"], &error["retryable"]),
            (&json!("ArchiveRefused"), &json!(false)),
            "{error}"
        );
        assert!(error["message"].as_str().is_some_and(|text| text.contains(mentions)), "{mentions}: {error}");
        assert_eq!(
            (&job["files"], &job["files_total"], &job["manifest"]),
            (&json!([]), &json!(0), &Value::Null)
        );
        let prefix =
            job["archive"]["key"].as_str().and_then(|key| key.strip_suffix("archive.zip")).expect("a key");
        let here: Vec<String> =
            self.object_keys().await.into_iter().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(here, [format!("{prefix}archive.zip")], "{mentions}");
        job
    }

    /// Checks that every file lands under these names.
    pub(super) async fn assert_unpacks(&self, archive: Vec<u8>, names: &[&str]) -> Value {
        let job = self.land_archive(archive, "stored").await;
        assert_eq!(file_names(&job), names);
        for file in job["files"].as_array().expect("files") {
            let bytes = self.read_object(file["key"].as_str().expect("a key")).await;
            assert_eq!(file["bytes"], bytes.len(), "{file}");
        }
        job
    }

    /// Checks that these files land, and that the error mentions the others.
    pub(super) async fn assert_unpacks_partly(&self, archive: Vec<u8>, names: &[&str], mentions: &[&str]) {
        let job = self.land_archive(archive, "partial").await;
        assert_eq!(file_names(&job), names);
        let message = job["error"]["message"].as_str().expect("a message");
        assert!(mentions.iter().all(|part| message.contains(part)), "{mentions:?}: {message}");
        assert_eq!(job["error"]["type"], "ArchiveIncomplete");
        let manifest = self.read_manifest(&job).await;
        assert_eq!(manifest["files"].as_array().map(Vec::len), Some(names.len()));
    }
}

fn file_names(job: &Value) -> Vec<&str> {
    job["files"].as_array().expect("files").iter().filter_map(|file| file["name"].as_str()).collect()
}

fn text(name: &str) -> Item {
    Item::deflated(name, name.repeat(20).as_bytes())
}

#[tokio::test]
async fn archives_beyond_their_declared_sizes_or_the_limits_are_rejected() {
    let world = World::start_with(|options| {
        options
            .variable("MAX_ENTRIES", "50")
            .variable("MAX_ENTRY_BYTES", "3000000")
            .variable("MAX_UNPACKED_BYTES", "5000000")
    })
    .await;
    let zeros = Item::deflated("zeros.bin", &vec![0; 2900 * KIB]);
    world.assert_archive_rejected(pack(std::slice::from_ref(&zeros)), "MAX_RATIO").await;
    let noise: Vec<u8> =
        (0..3000 * KIB as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let noisy = |name: &str, size: usize| Item::stored(name, &noise[..size]);
    world.assert_archive_rejected(pack(&[noisy("long.bin", 3_000_001)]), "MAX_ENTRY_BYTES").await;
    world
        .assert_archive_rejected(
            pack(&[noisy("a.bin", 2_600_000), noisy("b.bin", 2_600_000)]),
            "MAX_UNPACKED_BYTES",
        )
        .await;
    let many: Vec<Item> = (0..51).map(|i| text(&format!("{i}.txt"))).collect();
    world.assert_archive_rejected(pack(&many), "MAX_ENTRIES").await;
    // Files that were written before the wrong size was detected are deleted.
    let lie = zeros.but(|zeros| zeros.size = 1000);
    world.assert_archive_rejected(pack(&[text("good.txt"), lie]), "\"zeros.bin\" has more bytes").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_entries_are_counted_and_not_unpacked() {
    let world = World::start().await;
    let job = world.assert_archive_rejected(pack_repeated("a", 1_000_000), "MAX_ENTRIES").await;
    assert_eq!(job["archive"]["entries"], 1_000_000);
}

#[tokio::test]
async fn archives_that_cannot_be_read_safely_are_rejected() {
    let world = World::start().await;
    let twice = [text("a.txt"), text("b.txt").but(|b| b.offset = Some(0))];
    world.assert_archive_rejected(pack(&twice), "overlap").await;
    // One file's data spans the next file's header and data.
    let quoting = text("a.txt").but(|a| a.compressed += 40);
    world.assert_archive_rejected(pack(&[quoting, text("b.txt")]), "overlap").await;
    // Only the local header reveals that the data reaches into the next file.
    let pushed = Item::stored("a.txt", &[7; 100]).but(|a| {
        a.padding = 30;
        a.data.truncate(a.data.len() - 20);
    });
    world.assert_archive_rejected(pack(&[pushed, text("b.txt")]), "overlap").await;
    world
        .assert_archive_rejected(pack(&[text("a.txt").but(|a| a.offset = Some(9_999_999))]), "outside")
        .await;
    world
        .assert_archive_rejected(pack(&[Item::stored("a.txt", b"abc").but(|a| a.size = 4)]), "contradict")
        .await;
}

#[tokio::test]
async fn file_names_are_made_safe() {
    let world = World::start().await;
    let names = [
        "../../up.txt",
        "/etc/absolute.txt",
        r"C:\dir\drive.txt",
        "same.txt",
        "same.txt",
        "SAME.txt",
        "con.txt",
        "a\u{301}\n.txt",
    ];
    let items: Vec<Item> = names.iter().map(|name| text(name)).collect();
    let safe = [
        "up.txt",
        "etc/absolute.txt",
        "dir/drive.txt",
        "same.txt",
        "same (2).txt",
        "SAME (3).txt",
        "_con.txt",
        "á_.txt",
    ];
    let job = world.assert_unpacks(pack(&items), &safe).await;
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["files"][0]["source_name"], "../../up.txt");
    let old = Item::stored(b"caf\x82.txt", b"1").but(|old| old.flags = 0);
    world.assert_unpacks(pack(&[old]), &["café.txt"]).await;
}

#[tokio::test]
async fn unusual_but_valid_archives_are_unpacked() {
    let world = World::start().await;
    let items = [text("a.txt"), Item::stored("b.txt", b"b")];
    let long = items.clone().map(|item| item.but(|item| item.zip64 = true));
    world.assert_unpacks(pack_with(&long, b"", true), &["a.txt", "b.txt"]).await;
    let described = items.clone().map(|item| item.but(|item| item.descriptor = true));
    world.assert_unpacks(pack(&described), &["a.txt", "b.txt"]).await;
    let fake = [b"PK\x05\x06\0\0\0\0\x63\0\x63\0\0\0\0\0\0\0\0\0\0\0".as_slice(), b"and more"].concat();
    world.assert_unpacks(pack_with(&items, &fake, false), &["a.txt", "b.txt"]).await;
    // A local header that is longer than the directory says, and exceeds one read.
    let padded = items.clone().map(|item| item.but(|item| item.padding = 5000));
    world.assert_unpacks(pack(&padded), &["a.txt", "b.txt"]).await;
    // Of two concatenated archives the last one counts; the first one is a prefix.
    world.assert_unpacks([pack(&[text("old.txt")]), pack(&items)].concat(), &["a.txt", "b.txt"]).await;
    let behind = [pack(&[text("old.txt")]), pack_with(&items, b"", true)].concat();
    world.assert_unpacks(behind, &["a.txt", "b.txt"]).await;
    let inner = Item::stored("inner.zip", &pack(&items));
    let job = world.assert_unpacks(pack(&[inner]), &["inner.zip"]).await;
    assert_eq!(job["files"][0]["content_type"], "application/zip");
    let nothing = [
        Item::stored("folder/", b""),
        Item::stored("folder/empty.txt", b""),
        Item::deflated("none.css", b""),
    ];
    world.assert_unpacks(pack(&nothing), &["folder/empty.txt", "none.css"]).await;
}

#[tokio::test]
async fn damaged_files_are_named_and_the_others_land() {
    let world = World::start().await;
    let good = || text("good.txt");
    let crc = text("crc.txt").but(|crc| crc.crc32 ^= 1);
    world
        .assert_unpacks_partly(pack(&[crc, good()]), &["good.txt"], &["1 of 2", "\"crc.txt\"", "CRC-32"])
        .await;
    let bent = text("bent.txt").but(|bent| bent.data[0] = 0xff);
    world.assert_unpacks_partly(pack(&[good(), bent]), &["good.txt"], &["\"bent.txt\"", "damaged"]).await;
    let short = text("short.txt").but(|short| short.size += 5);
    world.assert_unpacks_partly(pack(&[short, good()]), &["good.txt"], &["\"short.txt\"", "of its"]).await;
    let mut headless = pack(&[text("headless.txt"), good()]);
    let second = headless.windows(4).rposition(|four| four == b"PK\x03\x04").expect("a header");
    headless[second] = b'x';
    world.assert_unpacks_partly(headless, &["headless.txt"], &["\"good.txt\"", "header"]).await;
    let alone = text("alone.txt").but(|alone| alone.crc32 ^= 1);
    world.assert_unpacks_partly(pack(&[alone]), &[], &["1 of 1"]).await;
}

#[tokio::test]
async fn archives_without_files_are_partial_and_invalid_ones_leave_no_object() {
    let world = World::start().await;
    world.assert_unpacks_partly(pack(&[]), &[], &["0 of 1 files", "1 missing"]).await;
    world.assert_unpacks_partly(pack(&[Item::stored("folder/", b"")]), &[], &["0 of 1 files"]).await;
    let before = world.object_keys().await;
    let valid = pack(&[text("a.txt")]);
    let job = world.land_archive(valid[..valid.len() - 5].to_vec(), "failed").await;
    assert_eq!((&job["error"]["type"], &job["archive"]), (&json!("ArchiveInvalid"), &Value::Null));
    assert_eq!(world.object_keys().await, before);
}
