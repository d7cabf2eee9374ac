//! Feeds arbitrary bytes to what looks at the first bytes of a landed file: its kind, and a picture's measures.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    // The bytes decide for every format that they can tell, so a name may not change where measures are found.
    let kind = archive::content_type("picture", file);
    if let Some(measures) = archive::image_dimensions(file) {
        let _ = (measures.width, measures.height);
        assert!(kind.starts_with("image/"), "{kind} has measures");
    }
    let ending = file.get(..4).and_then(|start| std::str::from_utf8(start).ok()).unwrap_or_default();
    archive::content_type(&format!("name.{ending}"), file);
});
