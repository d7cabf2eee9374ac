//! Entries that cannot be read: how they are encrypted or compressed, in words.

/// How file data is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionMethod {
    /// Traditional PKWARE encryption (APPNOTE 6.0).
    Traditional,
    /// PKWARE's strong encryption (APPNOTE 7).
    Strong,
    /// WinZip's AES encryption, with a key of so many bits if the extra field states it (APPNOTE 4.6.2, AE-x 0x9901).
    Aes(Option<u16>),
}

/// The number of the compression method of entries that are encrypted by WinZip's AES (APPNOTE 4.4.5).
pub(crate) const AES_METHOD: u16 = 99;

/// The names of compression methods (APPNOTE 4.4.5). Those that can be read are not among them.
const METHOD_NAMES: &[(u16, &str)] = &[
    (1, "Shrunk"),
    (2, "Reduced"),
    (3, "Reduced"),
    (4, "Reduced"),
    (5, "Reduced"),
    (6, "Imploded"),
    (10, "PKWARE DCL Imploding"),
    (12, "bzip2"),
    (14, "LZMA"),
    (16, "IBM z/OS CMPSC"),
    (18, "IBM TERSE"),
    (19, "IBM LZ77"),
    (20, "Zstandard"),
    (93, "Zstandard"),
    (94, "MP3"),
    (95, "XZ"),
    (96, "JPEG variant"),
    (97, "WavPack"),
    (98, "PPMd"),
    (AES_METHOD, "WinZip AES"),
];

/// Says that a compression method is not supported, with its number and its name: `method 12 (bzip2)`.
pub(crate) fn describe_method(number: u16) -> String {
    let name = METHOD_NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name);
    let name = name.unwrap_or("unknown");
    format!("it is compressed with method {number} ({name}), which is not supported")
}

/// Says that and how an entry is encrypted.
pub(crate) fn describe_encryption(encryption: EncryptionMethod) -> String {
    match encryption {
        EncryptionMethod::Traditional => "it is encrypted (traditional PKWARE encryption)".to_owned(),
        EncryptionMethod::Strong => "it is encrypted (PKWARE strong encryption)".to_owned(),
        EncryptionMethod::Aes(None) => format!("it is encrypted (method {AES_METHOD}, WinZip AES)"),
        EncryptionMethod::Aes(Some(bits)) => {
            format!("it is encrypted (method {AES_METHOD}, WinZip AES-{bits})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_described_by_its_number_and_its_name() {
        assert_eq!(describe_method(12), "it is compressed with method 12 (bzip2), which is not supported");
        assert!(describe_method(1000).contains("method 1000 (unknown)"));
    }
}
