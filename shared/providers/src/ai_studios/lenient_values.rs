//! Single values in every form in which they have been seen (contract 3.4, 4.4, and 8 C1 and C29).

use serde_json::{Number, Value};

/// Where the video is, by every spelling, best first (contract 8, C1).
pub(super) const URL: [&str; 5] = ["downloadUrl", "download_url", "videoUrl", "video_url", "url"];

/// The first of these fields that holds a text. Empty is the same as absent.
pub(super) fn text<'a>(fields: &'a Value, names: &[&str]) -> Option<&'a str> {
    let texts = names.iter().filter_map(|name| fields.get(*name)?.as_str());
    texts.map(str::trim).find(|text| !text.is_empty())
}

/// The first of these fields that holds an id or a code, which may be a number.
pub(super) fn id_text(fields: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match fields.get(*name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Where the video is, if anywhere: the first text that is a URL of the web. The download guard judges it.
pub(super) fn url(fields: &Value, names: &[&str]) -> Option<String> {
    let texts = names.iter().filter_map(|name| fields.get(*name)?.as_str());
    let web = |text: &&str| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    texts.map(str::trim).find(web).map(str::to_owned)
}

/// Progress from 0 to 100; nothing when it cannot be told. Never taken for a fraction of 1 (contract 3.4).
pub(super) fn percent(value: Option<&Value>) -> Option<f64> {
    let number = number(value?)?;
    Some(number.clamp(0.0, 100.0))
}

/// An amount, as whole as it came.
pub(super) fn amount(fields: &Value, names: &[&str]) -> Option<Number> {
    let number = names.iter().find_map(|name| number(fields.get(*name)?))?;
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Some((number as i64).into());
    }
    Number::from_f64(number)
}

fn number(value: &Value) -> Option<f64> {
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
    fn progress_is_read_from_numbers_and_texts_and_kept_in_its_range() {
        for (value, read) in [
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
            assert_eq!(percent(Some(&value)), read, "{value}");
        }
        assert_eq!(percent(None), None);
    }

    #[test]
    fn the_first_url_of_the_web_counts() {
        let named = |fields: Value| url(&fields, &URL);
        let good = Some("https://media.aistudios.com/a.mp4".to_owned());
        assert_eq!(named(json!({ "download_url": "https://media.aistudios.com/a.mp4" })), good);
        assert_eq!(
            named(json!({ "downloadUrl": "", "download_url": "https://media.aistudios.com/a.mp4" })),
            good
        );
        assert_eq!(
            named(json!({ "downloadUrl": "soon", "url": " https://media.aistudios.com/a.mp4" })),
            good
        );
        for none in [json!({}), json!({ "downloadUrl": null }), json!({ "url": "file:///etc/passwd" })] {
            assert_eq!(named(none), None);
        }
    }

    #[test]
    fn amounts_and_ids_may_be_numbers_or_texts() {
        let fields = json!({ "credit": "2", "credits": 1.5, "task": 7, "empty": " " });
        assert_eq!(amount(&fields, &["credit"]), Some(2.into()));
        assert_eq!(amount(&fields, &["credits"]), Number::from_f64(1.5));
        assert_eq!(amount(&fields, &["none"]), None);
        assert_eq!(id_text(&fields, &["none", "empty", "task"]).as_deref(), Some("7"));
    }
}
