//! Signs deliveries (contract 6.3).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(super) use crate::id_generator::hex;

/// Returns `t=<unix seconds>,v1=<hex>` with one `v1` for each secret, in the given order and without blanks.
pub(super) fn signature_header(secrets: &[String], t: i64, body: &[u8]) -> String {
    secrets.iter().fold(format!("t={t}"), |header, secret| format!("{header},v1={}", sign(secret, t, body)))
}

/// Returns one signature. The key is the whole secret with its prefix; nothing is decoded.
fn sign(secret: &str, t: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("an HMAC key may have any length");
    mac.update(format!("v1:webhook:{t}.").as_bytes());
    mac.update(body);
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    //! The test vectors of contract 6.4.

    use super::*;

    const A: &str = "whsec_7c1e5a09d2b84f637c1e5a09d2b84f637c1e5a09d2b84f637c1e5a09d2b84f63";
    const B: &str = "whsec_0f3d9b6a81c4e2570f3d9b6a81c4e2570f3d9b6a81c4e2570f3d9b6a81c4e257";

    fn signed(secrets: &[&str], t: i64, body: &[u8]) -> String {
        signature_header(&secrets.iter().map(ToString::to_string).collect::<Vec<_>>(), t, body)
    }

    #[test]
    fn vector_1_signs_with_one_secret() {
        let body = br#"{"event_type":"NEW_EXPORT","export_id":"3b0f5c1e-9a57-4d1c-8e42-6f1d2a7b9c30","archive_url":"https://production-banners.s3.eu-west-1.amazonaws.com/exports/3b0f5c1e-9a57-4d1c-8e42-6f1d2a7b9c30.zip","requested_at":1790000000,"generated_at":1790000042}"#;
        assert_eq!(
            signed(&[A], 1_790_000_043, body),
            "t=1790000043,v1=3d66237fd37985de425a5db838c59f7671c2fb68601cc108f557b78105f645cb"
        );
    }

    #[test]
    fn vector_2_signs_with_two_secrets_in_the_overlap() {
        let body = br#"{"id":"d4a6e7b8-1c2d-4e3f-9a0b-5c6d7e8f9a0b","banners":[{"id":"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d","file":{"type":"png","url":"https://production-banners.s3.eu-west-1.amazonaws.com/acme/0a1b.png","cdn_url":"https://cdn.abyssale.com/acme/0a1b.png","filename":"0a1b.png"},"format":{"id":"square","unit":"px","width":1080,"height":1080}}],"errors":[]}"#;
        assert_eq!(
            signed(&[B, A], 1_790_086_400, body),
            "t=1790086400,v1=1f5f8a08212a8e8b39a1aa027d80513c9530983dd3e5b732c212cf7000869baf,v1=b8d633366c1e275b05400a407a07386d7e61a9eb517dadc407022b2b98bddb0d"
        );
    }

    #[test]
    fn vector_3_signs_non_ascii_and_a_final_line_feed() {
        let body = "{\n  \"id\": \"5f4e3d2c-1b0a-4f9e-8d7c-6b5a49382716\",\n  \"name\": \"Pri\u{e9}\"\n}\n";
        let exact = unhex(
            "7b0a2020226964223a202235663465336432632d316230612d346639652d386437632d366235613439333832373136222c0a2020226e616d65223a2022507269782063617373c3a920e2809420343920e282ac222c0a202022637265617465645f6174223a20313738303030303030302c0a202022757064617465645f6174223a20313739303030303030302c0a202022737461747573223a2022415050524f564544222c0a2020227374617475735f757064617465645f6174223a20313739303030303130300a7d0a",
        );
        let good = "t=1790000101,v1=71945c29084dbd96828fdd58e7e175fe0799703a75d621e652966471b41cc4bc";
        assert_eq!(signed(&[A], 1_790_000_101, &exact), good);
        assert_ne!(signed(&[A], 1_790_000_101, body.as_bytes()), good);
    }

    #[test]
    fn without_a_secret_only_the_time_is_left() {
        assert_eq!(signed(&[], 7, b"{}"), "t=7");
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("the vector is hex"))
            .collect()
    }
}
