//! Verifies the header `X-Abyssale-Signature`: HMAC-SHA256 over the raw body and the time of the attempt (contract
//! 6.3).

use hmac::{Hmac, KeyInit, Mac};
use model::Secret;
use sha2::Sha256;

/// The maximum difference between the signed time and the current time, in seconds (contract 6.3, step 4).
const TOLERANCE_SECONDS: u64 = 300;

/// Verifies a signature header with every secret. `now` is in Unix seconds.
///
/// # Errors
/// Why the signature is invalid, in words for metrics.
pub(super) fn verify_signature(
    header: &str,
    body: &[u8],
    secrets: &[Secret],
    now: i64,
) -> Result<(), &'static str> {
    let mut time = None;
    let mut codes = vec![];
    for part in header.split(',') {
        let Some((key, value)) = part.split_once('=') else { continue };
        match key.trim() {
            // The first `t` is used (contract 9, row 14).
            "t" => time = time.or(Some(value.trim())),
            "v1" => codes.push(value.trim()),
            _ => {}
        }
    }
    let time = time.ok_or("signature without time")?;
    if codes.is_empty() {
        return Err("signature without code");
    }
    if time.is_empty() || !time.bytes().all(|b| b.is_ascii_digit()) {
        return Err("signature with malformed time");
    }
    let signed_at: i64 = time.parse().map_err(|_| "signature with malformed time")?;
    if now.abs_diff(signed_at) > TOLERANCE_SECONDS {
        return Err("signature too old or too new");
    }
    let is_signed_with = |secret: &Secret| {
        codes.iter().filter_map(|code| decode_hex(code)).any(|code| verify_code(secret, time, body, &code))
    };
    if secrets.iter().any(is_signed_with) { Ok(()) } else { Err("signature does not fit") }
}

fn verify_code(secret: &Secret, time: &str, body: &[u8], code: &[u8; 32]) -> bool {
    // The key is the whole text, with its prefix (contract 6.3).
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(b"v1:webhook:");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(code).is_ok()
}

/// Decodes 64 lower-case hexadecimal digits. Upper case is not valid (contract 6.3, step 6).
fn decode_hex(code: &str) -> Option<[u8; 32]> {
    let digits = code.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    //! The test vectors and the invalid cases of contract 6.4.

    use super::*;

    const A: &str = "whsec_7c1e5a09d2b84f637c1e5a09d2b84f637c1e5a09d2b84f637c1e5a09d2b84f63";
    const B: &str = "whsec_0f3d9b6a81c4e2570f3d9b6a81c4e2570f3d9b6a81c4e2570f3d9b6a81c4e257";
    const V1_BODY: &str = r#"{"event_type":"NEW_EXPORT","export_id":"3b0f5c1e-9a57-4d1c-8e42-6f1d2a7b9c30","archive_url":"https://production-banners.s3.eu-west-1.amazonaws.com/exports/3b0f5c1e-9a57-4d1c-8e42-6f1d2a7b9c30.zip","requested_at":1790000000,"generated_at":1790000042}"#;
    const V1_CODE: &str = "3d66237fd37985de425a5db838c59f7671c2fb68601cc108f557b78105f645cb";
    const V1_TIME: i64 = 1_790_000_043;
    const V2_BODY: &str = r#"{"id":"d4a6e7b8-1c2d-4e3f-9a0b-5c6d7e8f9a0b","banners":[{"id":"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d","file":{"type":"png","url":"https://production-banners.s3.eu-west-1.amazonaws.com/acme/0a1b.png","cdn_url":"https://cdn.abyssale.com/acme/0a1b.png","filename":"0a1b.png"},"format":{"id":"square","unit":"px","width":1080,"height":1080}}],"errors":[]}"#;
    const V2_HEADER: &str = "t=1790086400,v1=1f5f8a08212a8e8b39a1aa027d80513c9530983dd3e5b732c212cf7000869baf,v1=b8d633366c1e275b05400a407a07386d7e61a9eb517dadc407022b2b98bddb0d";
    const V3_HEX: &str = "7b0a2020226964223a202235663465336432632d316230612d346639652d386437632d366235613439333832373136222c0a2020226e616d65223a2022507269782063617373c3a920e2809420343920e282ac222c0a202022637265617465645f6174223a20313738303030303030302c0a202022757064617465645f6174223a20313739303030303030302c0a202022737461747573223a2022415050524f564544222c0a2020227374617475735f757064617465645f6174223a20313739303030303130300a7d0a";
    const V3_HEADER: &str =
        "t=1790000101,v1=71945c29084dbd96828fdd58e7e175fe0799703a75d621e652966471b41cc4bc";

    fn secrets(texts: &[&str]) -> Vec<Secret> {
        texts.iter().map(|text| Secret::new(*text)).collect()
    }

    fn v1(header: &str) -> bool {
        verify_signature(header, V1_BODY.as_bytes(), &secrets(&[A]), V1_TIME).is_ok()
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex")).collect()
    }

    #[test]
    fn the_test_vectors_are_valid() {
        assert!(v1(&format!("t={V1_TIME},v1={V1_CODE}")));
        for known in [&[A][..], &[B], &[A, B]] {
            assert!(verify_signature(V2_HEADER, V2_BODY.as_bytes(), &secrets(known), 1_790_086_400).is_ok());
        }
        assert!(verify_signature(V3_HEADER, &hex(V3_HEX), &secrets(&[A]), 1_790_000_101).is_ok());
    }

    #[test]
    fn a_difference_of_300_seconds_is_valid_and_of_301_is_not() {
        let header = format!("t={V1_TIME},v1={V1_CODE}");
        for (offset, is_valid) in [(300, true), (-300, true), (301, false), (-301, false)] {
            let result = verify_signature(&header, V1_BODY.as_bytes(), &secrets(&[A]), V1_TIME + offset);
            assert_eq!(result.is_ok(), is_valid, "{offset}");
        }
    }

    #[test]
    fn a_changed_body_is_rejected() {
        let header = format!("t={V1_TIME},v1={V1_CODE}");
        assert!(
            verify_signature(&header, format!("{V1_BODY} ").as_bytes(), &secrets(&[A]), V1_TIME).is_err()
        );
        let v3 = hex(V3_HEX);
        assert!(verify_signature(V3_HEADER, &v3[..v3.len() - 1], &secrets(&[A]), 1_790_000_101).is_err());
    }

    #[test]
    fn the_key_is_the_whole_secret() {
        let header = format!("t={V1_TIME},v1={V1_CODE}");
        let bare = A.trim_start_matches("whsec_");
        let decoded = String::from_utf8_lossy(&hex(bare)).into_owned();
        for wrong in [bare, &decoded, "", B] {
            assert!(verify_signature(&header, V1_BODY.as_bytes(), &secrets(&[wrong]), V1_TIME).is_err());
        }
        assert!(verify_signature(&header, V1_BODY.as_bytes(), &[], V1_TIME).is_err());
    }

    #[test]
    fn malformed_headers_are_rejected() {
        let t = V1_TIME;
        let code = V1_CODE;
        for header in [
            String::new(),
            format!("v1={code}"),
            format!("t={t}"),
            format!("t={t},v1="),
            format!("t=soon,v1={code}"),
            format!("t=1.79e9,v1={code}"),
            format!("t=+{t},v1={code}"),
            format!("t=-{t},v1={code}"),
            format!("t=99999999999999999999999,v1={code}"),
            format!("t={t},v1={}", &code[..63]),
            format!("t={t},v1={code}{code}"),
            format!("t={t},v1=é{}", &code[2..]),
            format!("t={t},v1={}", code.to_uppercase()),
        ] {
            assert!(!v1(&header), "{header}");
        }
    }

    #[test]
    fn any_valid_code_is_accepted_and_unknown_keys_are_ignored() {
        let zeros = "0".repeat(64);
        assert!(v1(&format!("t={V1_TIME},v1={zeros},v1={V1_CODE}")));
        assert!(v1(&format!("x=1,t={V1_TIME}, v1={V1_CODE} ,v9=abc,junk")));
        assert!(v1(&format!("t={V1_TIME},t=1,v1={V1_CODE}")));
    }
}
