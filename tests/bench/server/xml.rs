//! The S3 responses with a body.

/// The listing of an empty bucket.
pub(crate) const EMPTY_LIST: &str = "<ListBucketResult><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>";

pub(crate) fn begun(id: &str) -> String {
    format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>")
}

pub(crate) fn completed(key: &str) -> String {
    format!(
        "<CompleteMultipartUploadResult><Key>{key}</Key><ETag>\"bench\"</ETag></CompleteMultipartUploadResult>"
    )
}

pub(crate) fn parts(parts: &[(u32, u64)]) -> String {
    let parts: String = parts
        .iter()
        .map(|(number, bytes)| {
            let tag = format!("<ETag>\"{bytes:x}-bench\"</ETag>");
            format!("<Part><PartNumber>{number}</PartNumber>{tag}<Size>{bytes}</Size></Part>")
        })
        .collect();
    format!("<ListPartsResult>{parts}<IsTruncated>false</IsTruncated></ListPartsResult>")
}

pub(crate) fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>")
}
