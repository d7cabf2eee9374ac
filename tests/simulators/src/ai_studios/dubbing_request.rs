//! The form of a dubbing call (contract 7).

use url::Url;

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::field_check::{self, FieldPolicies};
use crate::ai_studios::multipart::{self, FormPart};
use crate::ai_studios::settings::dubbing::Dubbing;

/// The maximum number of languages in one call.
const MAX_LANGUAGES: usize = 10;
/// The maximum number of speakers; the default is `auto`.
const MAX_SPEAKERS: u8 = 5;
const FLAGS: [&str; 3] = ["isDubbingOnly", "isRemoveBGM", "isCaptionFile"];
/// The languages of the page.
const LANGUAGES: [&str; 30] = [
    "en-US", "hi-IN", "pt-PT", "zh-CN", "es-ES", "fr-FR", "de-DE", "ja-JP", "ar-SA", "ru-RU", "ko-KR",
    "id-ID", "it-IT", "nl-NL", "tr-TR", "pl-PL", "sv-SE", "fil-PH", "ms-MY", "ro-RO", "uk-UA", "el-GR",
    "cs-CZ", "da-DK", "fi-FI", "bg-BG", "hr-HR", "sk-SK", "ta-IN", "vi-VN",
];

/// What is dubbed, and into which languages.
pub(super) struct DubbingRequest {
    /// The name of the file, or the URL.
    pub(super) source: String,
    pub(super) languages: Vec<String>,
}

/// Reads and checks the form.
pub(super) fn read_dubbing_request(
    parts: &[FormPart],
    settings: &Dubbing,
    policies: FieldPolicies,
) -> Result<DubbingRequest, ApiError> {
    let numbered =
        |name: &str| -> Vec<String> { (0..MAX_LANGUAGES).map(|number| format!("{name}_{number}")).collect() };
    let (targets, subtitles) = (numbered("target"), numbered("targetSrt"));
    let mut texts = vec!["url", "original", "numberOfSpeakers"];
    texts.extend(FLAGS);
    texts.extend(targets.iter().map(String::as_str));
    let mut files = vec!["file", "originalSrt"];
    files.extend(subtitles.iter().map(String::as_str));
    multipart::check_names(parts, &texts, &files, policies)?;
    let text = |name: &str| parts.iter().find(|part| part.name == name).map(FormPart::text);
    check_choices(&text, settings)?;
    Ok(DubbingRequest {
        source: read_source(parts, &text, settings)?,
        languages: read_languages(&targets, &text, settings)?,
    })
}

/// Checks the flags, the number of speakers and the original language.
fn check_choices(text: &dyn Fn(&str) -> Option<String>, settings: &Dubbing) -> Result<(), ApiError> {
    for name in FLAGS {
        if text(name).is_some_and(|flag| !["true", "false"].contains(&flag.as_str())) {
            return Err(ApiError::invalid(format!("{name} must be true or false")));
        }
    }
    let speakers = text("numberOfSpeakers").filter(|number| number != "auto");
    if speakers
        .is_some_and(|number| !number.parse().is_ok_and(|number: u8| (1..=MAX_SPEAKERS).contains(&number)))
    {
        return Err(ApiError::invalid("numberOfSpeakers must be auto or 1 to 5"));
    }
    match text("original").filter(|language| language != "auto") {
        Some(language) => check_language("original", &language, settings),
        None => Ok(()),
    }
}

fn check_language(name: &str, language: &str, settings: &Dubbing) -> Result<(), ApiError> {
    let listed = LANGUAGES.contains(&language);
    let any = settings.other_languages == AcceptancePolicy::Accept && !language.is_empty();
    if listed || any { Ok(()) } else { Err(ApiError::invalid(format!("{name} is no language of this call"))) }
}

/// Returns what is dubbed.
fn read_source(
    parts: &[FormPart],
    text: &dyn Fn(&str) -> Option<String>,
    settings: &Dubbing,
) -> Result<String, ApiError> {
    let file = parts.iter().find(|part| part.name == "file").and_then(FormPart::file);
    let url = text("url").filter(|url| !url.is_empty());
    match (file, url) {
        (Some(_), Some(_)) if settings.both_sources == AcceptancePolicy::Refuse => {
            Err(ApiError::invalid("file and url cannot be combined"))
        }
        (Some(file), _) => Ok(file.to_owned()),
        (None, Some(url)) if !field_check::is_http_url(&url) => {
            Err(ApiError::invalid("url is not a valid URL"))
        }
        (None, Some(url)) if settings.other_hosts == AcceptancePolicy::Refuse && !is_youtube(&url) => {
            Err(ApiError::invalid("url is not one of YouTube"))
        }
        (None, Some(url)) => Ok(url),
        (None, None) => Err(ApiError::invalid("file or url is required")),
    }
}

fn is_youtube(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    ["youtube.com", "youtu.be"].iter().any(|known| host == *known || host.ends_with(&format!(".{known}")))
}

/// Returns the languages in the order of their numbers.
fn read_languages(
    targets: &[String],
    text: &dyn Fn(&str) -> Option<String>,
    settings: &Dubbing,
) -> Result<Vec<String>, ApiError> {
    let mut languages: Vec<String> = Vec::new();
    for (number, name) in targets.iter().enumerate() {
        let Some(language) = text(name) else { continue };
        check_language(name, &language, settings)?;
        let irregular = number != languages.len() || languages.contains(&language);
        if irregular && settings.irregular_targets == AcceptancePolicy::Refuse {
            return Err(ApiError::invalid(format!("{name} leaves a gap or repeats a language")));
        }
        languages.push(language);
    }
    if languages.is_empty() { Err(ApiError::invalid("target_0 is required")) } else { Ok(languages) }
}
