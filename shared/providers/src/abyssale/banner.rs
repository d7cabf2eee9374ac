//! Reads a banner of the provider's JSON as sources of files (contract 8).

use model::{ProviderJobId, Source, SourceRole};
use serde_json::{Map, Value};

/// Returns the id of a version of a banner. Each version has one event (contract 6.1, business key).
pub(super) fn provider_job_id(banner: &Value) -> Option<ProviderJobId> {
    let version = banner.get("version").and_then(Value::as_i64).unwrap_or(1);
    text(banner, "/id").map(|id| ProviderJobId::new(format!("{id}#{version}")))
}

/// Whether a banner names a file.
pub(super) fn has_file(banner: &Value) -> bool {
    file_url(banner).is_some()
}

/// Returns the sources of a banner: the file itself, and the fallback image of an HTML5 banner.
pub(super) fn sources(banner: &Value) -> Vec<Source> {
    let Some(url) = file_url(banner) else { return vec![] };
    let details = details(banner);
    let name = file_name(banner, url);
    let fallback = text(banner, "/file/fallback_image_url").map(|url| Source {
        url: url.to_owned(),
        role: SourceRole::Companion,
        name: Some(format!("{}-fallback{}", stem(&name), extension(last_segment(url)))),
        details: details.clone(),
    });
    let file = Source { url: url.to_owned(), role: SourceRole::File, name: Some(name), details };
    [Some(file), fallback].into_iter().flatten().collect()
}

/// Returns the storage URL. In responses of 2022 only the deprecated mirror has one. The CDN's bandwidth is metered.
fn file_url(banner: &Value) -> Option<&str> {
    ["/file/url", "/image/url", "/file/cdn_url", "/image/cdn_url"]
        .into_iter()
        .find_map(|pointer| text(banner, pointer))
}

fn text<'a>(banner: &'a Value, pointer: &str) -> Option<&'a str> {
    banner.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// Returns the provider's file name, or the format and the file type, which say more than the last segment of the URL.
fn file_name(banner: &Value, url: &str) -> String {
    if let Some(name) = text(banner, "/file/filename") {
        return name.to_owned();
    }
    let kind = text(banner, "/file/type").or_else(|| text(banner, "/image/type"));
    match (text(banner, "/format/id"), kind) {
        (Some(format), Some(kind)) => format!("{format}.{kind}"),
        _ => last_segment(url).to_owned(),
    }
}

fn last_segment(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn extension(name: &str) -> &str {
    name.rfind('.').map_or("", |dot| &name[dot..])
}

/// Returns the details of a banner for the manifest.
fn details(banner: &Value) -> Map<String, Value> {
    let fields = [
        ("banner_id", "/id"),
        ("banner_version", "/version"),
        ("sharing_id", "/sharing_id"),
        ("file_type", "/file/type"),
        ("format", "/format/id"),
        ("format_width", "/format/width"),
        ("format_height", "/format/height"),
        ("format_unit", "/format/unit"),
        ("design_id", "/template/id"),
        ("design_name", "/template/name"),
    ];
    let found = fields.into_iter().filter_map(|(name, pointer)| {
        let value = banner.pointer(pointer).filter(|value| !value.is_null())?;
        Some((name.to_owned(), value.clone()))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_banner_has_its_file_and_its_fallback_image_as_sources() {
        let banner = json!({
            "id": "b", "version": 2, "sharing_id": null,
            "file": { "type": "zip", "url": "https://h/x/b.zip?s=1", "filename": "ad.zip",
                      "fallback_image_url": "https://h/x/b.jpg?s=2" },
            "format": { "id": "square", "width": 1080, "height": 1080.5, "unit": "px" },
        });
        let [file, fallback] = &sources(&banner)[..] else { panic!("two files") };
        assert_eq!((file.role, file.name.as_deref()), (SourceRole::File, Some("ad.zip")));
        assert_eq!(
            (fallback.role, fallback.name.as_deref()),
            (SourceRole::Companion, Some("ad-fallback.jpg"))
        );
        let expected = json!({
            "banner_id": "b", "banner_version": 2, "file_type": "zip", "format": "square",
            "format_width": 1080, "format_height": 1080.5, "format_unit": "px",
        });
        assert_eq!(json!(file.details), expected);
    }

    #[test]
    fn a_file_without_a_name_is_named_after_its_format_or_its_url() {
        let name = |banner: Value| sources(&banner)[0].name.clone();
        let file = json!({ "type": "png", "url": "https://h/a/0a1b.png?x" });
        assert_eq!(name(json!({ "file": file, "format": { "id": "story" } })).as_deref(), Some("story.png"));
        assert_eq!(name(json!({ "file": file })).as_deref(), Some("0a1b.png"));
        assert_eq!(name(json!({ "image": { "cdn_url": "https://h/c.png" } })).as_deref(), Some("c.png"));
        assert!(sources(&json!({ "file": { "url": "" } })).is_empty());
    }
}
