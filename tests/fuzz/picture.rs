//! Fuzzes the readers of a landed file's first bytes: content type and image dimensions.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    // A format that the bytes identify does not depend on the file name, so a file with dimensions is an image.
    let kind = archive::content_type("picture", file);
    if let Some(measures) = archive::image_dimensions(file) {
        let _ = (measures.width, measures.height);
        assert!(kind.starts_with("image/"), "{kind} has measures");
    }
    let ending = file.get(..4).and_then(|start| std::str::from_utf8(start).ok()).unwrap_or_default();
    archive::content_type(&format!("name.{ending}"), file);
});
