//! Round trips: unpacking returns what the `zip` crate packed, byte for byte.

use proptest::prelude::*;

use super::{
    fixtures::{FileToWrite, write_files},
    unpack::unpack,
};

fn files_to_write() -> impl Strategy<Value = Vec<FileToWrite>> {
    let content = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..2000),
        (any::<u8>(), 0..300_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let files = proptest::collection::btree_map("[a-zé漢/]{1,12}[a-z]", (content, any::<bool>()), 0..8);
    files.prop_map(|files| {
        files.into_iter().map(|(name, (content, is_deflated))| (name, content, is_deflated)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn archives_of_the_zip_crate_are_unpacked_byte_for_byte(files in files_to_write(), chunk_size in 1..5000_usize) {
        let unpacked = unpack(&write_files(&files), chunk_size).expect("a valid archive");
        prop_assert_eq!(unpacked.len(), files.len());
        for ((name, content, _), (unpacked_name, unpacked)) in files.iter().zip(unpacked) {
            prop_assert_eq!(name, &unpacked_name);
            prop_assert!(unpacked.expect("a valid file") == content);
        }
    }
}
