//! Feeds arbitrary bytes to what looks at the first bytes of a landed file: its kind, and a picture's measures.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../functions/webhook/src/landing/archive/unpack/image_header.rs"]
mod image_header;
#[path = "../../functions/webhook/src/landing/archive/unpack/kind.rs"]
mod kind;

fuzz_target!(|file: &[u8]| {
    // The bytes decide for every format that they can tell, so a name may not change where measures are found.
    let kind = kind::content_type("picture", file);
    if let Some(measures) = image_header::measures(file) {
        let _ = (measures.width, measures.height);
        assert!(kind.starts_with("image/"), "{kind} has measures");
    }
    let ending = file.get(..4).and_then(|start| std::str::from_utf8(start).ok()).unwrap_or_default();
    kind::content_type(&format!("name.{ending}"), file);
});
