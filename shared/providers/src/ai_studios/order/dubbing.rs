//! Validates the order of a dubbing: one video in up to ten languages (contract 7; the provider's page "Export AI
//! Dubbing").

use serde_json::Value;
use url::Url;

use super::{
    documents::{MAX_URL_BYTES, is_uri, is_web_url},
    field_validators::{Request, is_text},
};
use crate::{RequestFields, validate_request_fields::read_optional};

/// The maximum number of target languages: the fields `target_0` to `target_9`.
pub(super) const MAX_TARGETS: usize = 10;
/// The maximum number of speakers.
pub(super) const MAX_SPEAKERS: i64 = 5;
/// The form of a language code, such as `pt-PT` and `fil-PH`. The provider's page lists thirty. Others are passed on,
/// since it may add some.
pub(super) const LANGUAGE_PATTERN: &str = "^[a-z]{2,3}-[A-Z]{2}$";
const EXPECTED_LANGUAGE: &str = "expected a language code such as en-US";
const EXPECTED_SUBTITLES: &str = "expected the text of a subtitle file in the format SubRip";
/// The maximum length of the text of one subtitle file, in characters. No limit is documented. A request is at most 128 KiB
/// long, and the job's record has to hold it.
pub(super) const MAX_SUBTITLE_CHARS: usize = 50_000;
/// The hosts of YouTube. Subdomains such as `www` and `m` belong to the first one.
const YOUTUBE_HOSTS: [&str; 2] = ["youtube.com", "youtu.be"];

/// The switches of a dubbing, each with the provider's name for it.
pub(crate) const SWITCHES: [(&str, &str); 3] =
    [("dubbing_only", "isDubbingOnly"), ("remove_bgm", "isRemoveBGM"), ("caption_file", "isCaptionFile")];

/// Reads the order of a dubbing. Returns it with the number of its files.
pub(super) fn read_dubbing(fields: &mut RequestFields) -> (Request, u64) {
    let mut request = Request::new();
    read_source(fields, &mut request);
    let targets = read_targets(fields);
    read_optional(fields, &mut request, "original", EXPECTED_LANGUAGE, is_language);
    read_optional(fields, &mut request, "original_srt", EXPECTED_SUBTITLES, is_subtitles);
    if let Some(subtitles) = fields.take("target_srts") {
        read_target_subtitles(fields, &mut request, &targets, subtitles);
    }
    for (name, _) in SWITCHES {
        read_optional(fields, &mut request, name, "expected true or false", Value::is_boolean);
    }
    let speakers = format!("expected a whole number from 1 to {MAX_SPEAKERS}");
    let is_number_of_speakers =
        |value: &Value| value.as_i64().is_some_and(|number| (1..=MAX_SPEAKERS).contains(&number));
    read_optional(fields, &mut request, "number_of_speakers", &speakers, is_number_of_speakers);
    let expected_files = targets.len() as u64;
    request.insert("targets".into(), targets.into());
    (request, expected_files)
}

/// Reads the video: at YouTube, or a file that Landfall downloads and uploads.
fn read_source(fields: &mut RequestFields, request: &mut Request) {
    let file = fields.take("file");
    match fields.take("url") {
        Some(_) if file.is_some() => return fields.add_violation("file", "not allowed with url"),
        Some(Value::String(url)) if is_youtube_url(&url) => _ = request.insert("url".into(), url.into()),
        None if file.is_some() => {}
        _ => fields.add_violation(
            "url",
            "expected the https URL of a YouTube video; file takes that of another video",
        ),
    }
    match file {
        None => {}
        Some(Value::String(url)) if is_web_url(&url) => _ = request.insert("file".into(), url.into()),
        Some(_) => fields.add_violation("file", "expected the https URL of a video file"),
    }
}

/// Reads the target languages. Each makes a video of its own, so a duplicate would be paid for twice.
fn read_targets(fields: &mut RequestFields) -> Vec<String> {
    let listed = match fields.take("targets") {
        Some(Value::Array(listed)) if (1..=MAX_TARGETS).contains(&listed.len()) => listed,
        _ => {
            fields.add_violation("targets", format!("expected a list of 1 to {MAX_TARGETS} language codes"));
            return vec![];
        }
    };
    let mut targets: Vec<String> = vec![];
    for (index, value) in listed.iter().enumerate() {
        match value.as_str().filter(|_| is_language(value)) {
            Some(code) if targets.iter().any(|known| known == code) => {
                fields.add_violation(format!("targets[{index}]"), format!("{code} is listed twice"));
            }
            Some(code) => targets.push(code.to_owned()),
            None => fields.add_violation(format!("targets[{index}]"), EXPECTED_LANGUAGE),
        }
    }
    targets
}

/// Reads the subtitles of target languages, by language.
fn read_target_subtitles(
    fields: &mut RequestFields,
    request: &mut Request,
    targets: &[String],
    subtitles: Value,
) {
    let Value::Object(by_language) = subtitles else {
        fields
            .add_violation("target_srts", "expected an object: language code to the text of a subtitle file");
        return;
    };
    for (language, text) in &by_language {
        if !targets.contains(language) {
            fields
                .add_violation(format!("target_srts.{language}"), "expected one of the languages in targets");
        } else if !is_subtitles(text) {
            fields.add_violation(format!("target_srts.{language}"), EXPECTED_SUBTITLES);
        }
    }
    if !by_language.is_empty() {
        request.insert("target_srts".into(), by_language.into());
    }
}

/// Whether a value is the text of a subtitle file.
fn is_subtitles(value: &Value) -> bool {
    is_text(value, MAX_SUBTITLE_CHARS)
}

/// Whether a value is a text of the form `ll-CC` or `lll-CC`.
fn is_language(value: &Value) -> bool {
    let Some((language, country)) = value.as_str().and_then(|text| text.split_once('-')) else {
        return false;
    };
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
}

/// Whether a text is the URL of a video at YouTube. The provider's page names no other URLs.
fn is_youtube_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_youtube = |host: &str| {
        YOUTUBE_HOSTS.iter().any(|known| {
            host.strip_suffix(known).is_some_and(|subdomain| subdomain.is_empty() || subdomain.ends_with('.'))
        })
    };
    text.len() <= MAX_URL_BYTES
        && is_uri(text)
        && url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none()
        && url.host_str().is_some_and(is_youtube)
        && (url.path().len() > 1 || url.query().is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";

    fn read(request: Value) -> Result<Value, Vec<String>> {
        let mut fields = RequestFields::new(request.as_object().cloned().expect("an object"));
        let (request, files) = read_dubbing(&mut fields);
        match fields.finish() {
            Ok(()) => {
                assert_eq!(Some(files as usize), request["targets"].as_array().map(Vec::len));
                Ok(request.into())
            }
            Err(error) => Err(error.violations.into_iter().map(|violation| violation.field).collect()),
        }
    }

    #[test]
    fn an_order_holds_only_the_fields_of_the_request() {
        let request = json!({ "url": URL, "targets": ["en-US", "fil-PH"] });
        assert_eq!(read(request.clone()), Ok(request));
        let request = json!({
            "url": "https://youtu.be/dQw4w9WgXcQ", "targets": ["ko-KR"], "original": "ja-JP", "original_srt": "1\n",
            "target_srts": { "ko-KR": "1\n" }, "dubbing_only": true, "remove_bgm": false, "caption_file": true,
            "number_of_speakers": 5,
        });
        assert_eq!(read(request.clone()), Ok(request));
        let request = json!({ "file": "https://example.com/a.mp4?Signature=s", "targets": ["ko-KR"] });
        assert_eq!(read(request.clone()), Ok(request));
        let request =
            json!({ "url": URL, "targets": ["ko-KR"], "target_srts": {}, "number_of_speakers": 2.0 });
        assert_eq!(read(request), Ok(json!({ "url": URL, "targets": ["ko-KR"], "number_of_speakers": 2 })));
    }

    #[test]
    fn every_invalid_field_is_named() {
        let eleven: Vec<String> =
            (0..11).map(|number| format!("a{}-XX", char::from(b'a' + number))).collect();
        for (more, named) in [
            (json!({ "url": null }), vec!["url"]),
            (json!({ "url": "http://www.youtube.com/watch?v=a" }), vec!["url"]),
            (json!({ "url": "https://youtube.com.example.com/watch?v=a" }), vec!["url"]),
            (json!({ "url": "https://notyoutube.com/watch?v=a" }), vec!["url"]),
            (json!({ "url": "https://me:pw@youtube.com/watch?v=a" }), vec!["url"]),
            (json!({ "url": "https://youtube.com/" }), vec!["url"]),
            (json!({ "file": "https://example.com/a.mp4" }), vec!["file"]),
            (json!({ "url": null, "file": "a.mp4" }), vec!["file"]),
            (json!({ "targets": null }), vec!["targets"]),
            (json!({ "targets": [] }), vec!["targets"]),
            (json!({ "targets": eleven }), vec!["targets"]),
            (
                json!({ "targets": ["en", "ko-KR", "ko-KR", 7] }),
                vec!["targets[0]", "targets[2]", "targets[3]"],
            ),
            (json!({ "original": "auto" }), vec!["original"]),
            (json!({ "original_srt": "" }), vec!["original_srt"]),
            (json!({ "target_srts": ["1"] }), vec!["target_srts"]),
            (
                json!({ "target_srts": { "ja-JP": "1", "ko-KR": 1 } }),
                vec!["target_srts.ja-JP", "target_srts.ko-KR"],
            ),
            (
                json!({ "dubbing_only": "true", "number_of_speakers": 6 }),
                vec!["dubbing_only", "number_of_speakers"],
            ),
            (json!({ "isDubbingOnly": true }), vec!["isDubbingOnly"]),
        ] {
            let mut request = json!({ "url": URL, "targets": ["ko-KR"] });
            request.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
            assert_eq!(
                read(request.clone()),
                Err(named.into_iter().map(String::from).collect()),
                "{request}"
            );
        }
    }
}
