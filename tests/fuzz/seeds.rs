//! Writes the seed corpus: one small archive, event or image of each kind. `cargo run --example seeds -- FOLDER` creates
//! `FOLDER/archive`, `FOLDER/event` and `FOLDER/picture`. The archives are built like those of the flow tests.

use std::{env, fs, io, path::Path};

use craft::{Item, pack, pack_behind, pack_repeated, pack_with, unicode_path};

#[path = "../flows/unpack/zip_builder.rs"]
mod craft;

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).ok_or_else(|| io::Error::other("usage: seeds FOLDER"))?;
    write(&Path::new(&folder).join("archive"), archives())?;
    write(&Path::new(&folder).join("event"), events()?)?;
    write(&Path::new(&folder).join("picture"), pictures())
}

fn write(folder: &Path, seeds: Vec<(impl AsRef<Path>, Vec<u8>)>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    seeds.into_iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
}

/// Returns the AWS events of the flow tests, and requests in parts.
fn events() -> io::Result<Vec<(std::ffi::OsString, Vec<u8>)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let files = entries.into_iter().map(|entry| Ok((entry.file_name(), fs::read(entry.path())?)));
    let mut events = files.collect::<io::Result<Vec<_>>>()?;
    for (name, parts) in [
        ("protocol", "POST\n/webhooks/abyssale/x/y\na=b\nx-forwarded-proto\n1\n{}"),
        ("host", "GET\n/jobs/a/files/b c%20d?e\na=%ff\nhost\n[\n"),
        ("dots", "GET\n/jobs/a/files/..%2f%252e%252e\\\\b\n#\n\nh:99999\n"),
    ] {
        events.push((name.into(), parts.as_bytes().to_vec()));
    }
    Ok(events)
}

fn text(name: &str) -> Item {
    Item::deflated(name, name.repeat(20).as_bytes())
}

fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let items = [text("a.txt"), Item::stored("folder/b.txt", b"b")];
    let each = |change: fn(&mut Item)| items.clone().map(|item| item.but(change));
    let names =
        ["../../up.txt", "/abs.txt", r"C:\drive.txt", "same", "same", "SAME", "con.txt", "a\u{301}\n"];
    let named: Vec<Item> = names.iter().map(|name| text(name)).collect();
    let fake_end = b"PK\x05\x06\0\0\0\0\x63\0\x63\0\0\0\0\0\0\0\0\0\0\0and more";
    let overlapping = [text("a.txt"), text("b.txt").but(|b| b.offset = Some(0))];
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30".as_slice(), &[8; 30]].concat();
    vec![
        ("empty", pack(&[])),
        ("two", pack(&items)),
        ("directory", pack(&[Item::stored("folder/", b""), text("folder/a")])),
        ("names", pack(&named)),
        ("code-page", pack(&[Item::stored(b"caf\x82.txt", b"1").but(|old| old.flags = 0)])),
        ("zip64", pack_with(&each(|item| item.zip64 = true), b"", true)),
        ("zip64-sizes", pack(&each(|item| item.zip64 = true))),
        ("zip64-end", pack_with(&items, b"", true)),
        ("descriptors", pack(&each(|item| item.descriptor = true))),
        ("padded", pack(&each(|item| item.padding = 100))),
        ("comment", pack_with(&items, b"a comment", false)),
        ("fake-end", pack_with(&items, fake_end, false)),
        ("prefix", [b"#!/bin/sh\n".as_slice(), &pack(&items)].concat()),
        ("prefix-zip64", [b"MZ".as_slice(), &pack_with(&items, b"", true)].concat()),
        ("twice", [pack(&items), pack(&items)].concat()),
        ("overlapping", pack(&overlapping)),
        ("encrypted", pack(&each(|item| item.flags |= 1))),
        ("unknown-method", pack(&each(|item| item.method = 12))),
        ("crc", pack(&each(|item| item.crc32 ^= 1))),
        ("bent", pack(&[text("a.txt").but(|item| item.data[0] = 0xff)])),
        ("short", pack(&[text("a.txt").but(|item| item.size += 5)])),
        ("long", pack(&[text("a.txt").but(|item| item.size -= 5)])),
        ("bomb", pack(&[Item::deflated("zeros.bin", &vec![0; 3 << 20])])),
        ("grown", pack(&[Item::deflated("zeros.bin", &vec![0; 1 << 19])])),
        ("inner", pack(&[Item::stored("inner.zip", &pack(&items))])),
        ("repeated", pack_repeated("a", 400)),
        ("too-many", pack_repeated("a", 600)),
        ("picture", pack(&[Item::stored("a.png", &png)])),
        ("trailing", [pack(&items).as_slice(), b"\r\n"].concat()),
        ("trailing-zip64", [pack_with(&items, b"a comment", true), vec![0; 512]].concat()),
        ("not-split", pack_behind(b"PK00", &items, b"", false)),
        ("split-marker", pack_behind(b"PK\x07\x08", &items, b"", true)),
        ("self-extracting", pack_behind(b"MZ and a program", &items, b"", false)),
        ("rival", pack_with(&items, &pack(&items), false)),
        (
            "cut-off",
            [pack(&[Item::stored("inner.zip", &pack(&items))]), pack(&items)].concat()[..180].to_vec(),
        ),
        ("unicode-path", pack(&[text("caf_.txt").but(|a| a.extra = unicode_path(&a.name, "café.txt"))])),
        ("methods", include_bytes!("../archives/methods.zip").to_vec()),
    ]
}

fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    let webp = |chunk: &[u8]| [b"RIFF\x40\0\0\0WEBP".as_slice(), chunk, &[0; 8]].concat();
    vec![
        ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30\x08".to_vec()),
        ("jpeg", b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xdb\0\x03a\xff\xc0\0\x11\x08\0\x30\0\x40\x03".to_vec()),
        ("gif", b"GIF89a\x40\0\x30\0\0".to_vec()),
        ("webp-lossy", webp(b"VP8 \x10\0\0\0\0\0\0\x9d\x01\x2a\x40\0\x30\0")),
        ("webp-lossless", webp(b"VP8L\x10\0\0\0\x2f\x3f\xc0\x0b\0")),
        ("webp-extended", webp(b"VP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x2f\0\0")),
        ("svg", b" \n<svg xmlns=\"\">".to_vec()),
        ("html", b"\xef\xbb\xbf<!DOCTYPE html>".to_vec()),
    ]
}
