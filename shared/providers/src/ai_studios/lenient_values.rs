//! Reads single values in every form that the API has been seen to use (contract 3.4, 4.4, and 8 C1 and C29).

use serde_json::{Number, Value};

/// The names of the field with the URL of the video, in order of precedence (contract 8, C1).
pub(super) const URL_FIELDS: [&str; 5] = ["downloadUrl", "download_url", "videoUrl", "video_url", "url"];

/// Reads the first of these fields that holds a text. Empty is the same as absent.
pub(super) fn read_text<'a>(fields: &'a Value, names: &[&str]) -> Option<&'a str> {
    let texts = names.iter().filter_map(|name| fields.get(*name)?.as_str());
    texts.map(str::trim).find(|text| !text.is_empty())
}

/// Reads the first of these fields that holds an id or a code, as a text or a number.
pub(super) fn read_id(fields: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match fields.get(*name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Reads the first of these fields that holds an http or https URL. The SSRF guard checks it later.
pub(super) fn read_url(fields: &Value, names: &[&str]) -> Option<String> {
    let texts = names.iter().filter_map(|name| fields.get(*name)?.as_str());
    let is_web_url =
        |text: &&str| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    texts.map(str::trim).find(is_web_url).map(str::to_owned)
}

/// Reads a progress from 0 to 100. None when it cannot be parsed. A value below 1 is not a fraction (contract 3.4).
pub(super) fn read_percent(value: Option<&Value>) -> Option<f64> {
    let number = read_number(value?)?;
    Some(number.clamp(0.0, 100.0))
}

/// Reads the first of these fields that holds a number. A number without a fraction becomes an integer.
pub(super) fn read_amount(fields: &Value, names: &[&str]) -> Option<Number> {
    let number = names.iter().find_map(|name| read_number(fields.get(*name)?))?;
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Some((number as i64).into());
    }
    Number::from_f64(number)
}

fn read_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_end_matches('%').trim_end().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn progress_is_read_from_numbers_and_texts_and_clamped_to_its_range() {
        for (value, expected) in [
            (json!(37.25), Some(37.25)),
            (json!(0.5), Some(0.5)),
            (json!(100), Some(100.0)),
            (json!("42"), Some(42.0)),
            (json!(" 42.50 "), Some(42.5)),
            (json!("100%"), Some(100.0)),
            (json!("7 %"), Some(7.0)),
            (json!(-3), Some(0.0)),
            (json!(120), Some(100.0)),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!("half"), None),
            (json!(""), None),
            (json!(true), None),
            (json!({}), None),
            (json!(null), None),
        ] {
            assert_eq!(read_percent(Some(&value)), expected, "{value}");
        }
        assert_eq!(read_percent(None), None);
    }

    #[test]
    fn the_first_http_url_is_read() {
        let read = |fields: Value| read_url(&fields, &URL_FIELDS);
        let good = Some("https://media.aistudios.com/a.mp4".to_owned());
        assert_eq!(read(json!({ "download_url": "https://media.aistudios.com/a.mp4" })), good);
        assert_eq!(
            read(json!({ "downloadUrl": "", "download_url": "https://media.aistudios.com/a.mp4" })),
            good
        );
        assert_eq!(read(json!({ "downloadUrl": "soon", "url": " https://media.aistudios.com/a.mp4" })), good);
        for none in [json!({}), json!({ "downloadUrl": null }), json!({ "url": "file:///etc/passwd" })] {
            assert_eq!(read(none), None);
        }
    }

    #[test]
    fn amounts_and_ids_may_be_numbers_or_texts() {
        let fields = json!({ "credit": "2", "credits": 1.5, "task": 7, "empty": " " });
        assert_eq!(read_amount(&fields, &["credit"]), Some(2.into()));
        assert_eq!(read_amount(&fields, &["credits"]), Number::from_f64(1.5));
        assert_eq!(read_amount(&fields, &["none"]), None);
        assert_eq!(read_id(&fields, &["none", "empty", "task"]).as_deref(), Some("7"));
    }
}
