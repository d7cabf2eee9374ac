//! What each kind of order is on the wire: where it is posted, with what body, and how a good answer is read.

use bytes::Bytes;
use http::StatusCode;
use model::{Error, ErrorClass, ProviderJobId};
use serde_json::{Value, json};

use super::{
    banner,
    order::{DYNAMIC_IMAGE, EXPORT, GENERATION, IMAGE, MULTIPAGE_PDF},
};
use crate::{SubmitContext, SubmitStep, SynchronousResult};

/// Every field of a body that is posted (contract 2.1, 3.1, 3.2, 4 and 5.1).
const FIELDS: &[&str] = &[
    "ids",
    "callback_url",
    "elements",
    "pages",
    "template_format_names",
    "template_format_name",
    "image_file_type",
    "file_compression_level",
    "html5",
    "gif",
    "video",
    "print",
    "original_visual_id",
    "enable_rate_limit",
    "enable_production_mode",
];

/// A kind of order on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Contract 2.
    Export,
    /// Contract 3.1.
    Generation,
    /// Contract 3.2.
    MultipagePdf,
    /// Contract 4.
    Image,
    /// Contract 5.1.
    DynamicImage,
}

impl Task {
    /// The task of a kind that was ordered.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`]: orders are checked, so no other kind comes here.
    pub(super) fn of(kind: &str) -> Result<Self, Error> {
        match kind {
            EXPORT => Ok(Task::Export),
            GENERATION => Ok(Task::Generation),
            MULTIPAGE_PDF => Ok(Task::MultipagePdf),
            IMAGE => Ok(Task::Image),
            DYNAMIC_IMAGE => Ok(Task::DynamicImage),
            _ => Err(Error::new(ErrorClass::Internal, "a job of a kind that cannot be asked for")),
        }
    }

    /// Where it is posted. The design's id was checked to be fit for a path.
    pub(super) fn uri(self, call: &SubmitContext<'_>) -> String {
        let design = call.request.get("design_id").and_then(Value::as_str).unwrap_or_default();
        let path = match self {
            Task::Export => "/async/banners/export".to_owned(),
            Task::Generation => format!("/async/banner-builder/{design}/generate"),
            Task::MultipagePdf => format!("/async/banner-builder/{design}/generate-multipage-pdf"),
            Task::Image => format!("/banner-builder/{design}/generate"),
            Task::DynamicImage => format!("/designs/{design}/dynamic-image-url"),
        };
        format!("{}{path}", call.api_url)
    }

    /// What is posted: what the caller said, and where to report if there is anything to report later.
    pub(super) fn body(self, call: &SubmitContext<'_>) -> Value {
        if self == Task::Export {
            return json!({ "ids": call.request["banner_ids"], "callback_url": call.callback_url.as_str() });
        }
        let mut body = call.request.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("design_id");
            if matches!(self, Task::Generation | Task::MultipagePdf) {
                fields.insert("callback_url".into(), call.callback_url.as_str().into());
            }
            // Required by older versions, and the same as absent (contract 9, row 18).
            if matches!(self, Task::Generation | Task::Image) && !fields.contains_key("pages") {
                fields.entry("elements").or_insert_with(|| json!({}));
            }
        }
        body
    }

    /// What an answer with a good status says.
    pub(super) fn accepted(self, status: StatusCode, answer: &Bytes) -> SubmitStep {
        let body: Value = serde_json::from_slice(answer).unwrap_or(Value::Null);
        let id = |name: &str| {
            body.get(name).and_then(Value::as_str).filter(|id| !id.is_empty()).map(ProviderJobId::new)
        };
        let step = match self {
            Task::Export => id("export_id").map(SubmitStep::Accepted),
            Task::Generation | Task::MultipagePdf => id("generation_request_id").map(SubmitStep::Accepted),
            // The answer is a banner, which is what a delivery about one looks like (contract 3.4).
            Task::Image => {
                banner::provider_job_id(&body).filter(|_| banner::has_file(&body)).map(|provider_job_id| {
                    SubmitStep::Done { provider_job_id, outcome: SynchronousResult::Delivery(answer.clone()) }
                })
            }
            Task::DynamicImage => id("id").map(|provider_job_id| {
                let mut result = body.clone();
                if let Some(fields) = result.as_object_mut() {
                    fields.remove("version");
                    // 201 when it was made now, 200 when it existed before.
                    fields.insert("created".into(), (status == StatusCode::CREATED).into());
                }
                SubmitStep::Done { provider_job_id, outcome: SynchronousResult::Answer(result) }
            }),
        };
        step.unwrap_or_else(|| self.unknown("Abyssale accepted the request but its answer names no result"))
    }

    /// The caller's name for a field that the provider names. The oldest error bodies put a section in front of it
    /// (contract 1.3, E1), of which only that of exports is known.
    pub(super) fn callers_field(self, path: &str) -> String {
        let begins_with_a_field =
            |path: &str| FIELDS.contains(&path.split(['.', '[']).next().unwrap_or_default());
        let path = match path.split_once('.') {
            Some((_, rest)) if !begins_with_a_field(path) && begins_with_a_field(rest) => rest,
            _ => path,
        };
        match (self, path.strip_prefix("ids")) {
            (Task::Export, Some(rest)) if rest.is_empty() || rest.starts_with('[') => {
                format!("banner_ids{rest}")
            }
            _ => path.to_owned(),
        }
    }

    /// Nobody knows whether the work is done.
    pub(super) fn unknown(self, what: &str) -> SubmitStep {
        let message = match self {
            Task::Export => format!("{what}; the export may be under way, its callback will tell"),
            Task::Generation | Task::MultipagePdf => {
                format!("{what}; the generation may be under way, its callback will tell")
            }
            Task::Image | Task::DynamicImage => {
                format!("{what}; it may have been made, and is not asked for again")
            }
        };
        SubmitStep::OutcomeUnknown(Error::new(ErrorClass::ProviderOutcomeUnknown, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_the_callers_name_whatever_stands_in_front_of_it() {
        for (task, told, field) in [
            (Task::Export, "ids[3]", "banner_ids[3]"),
            (Task::Export, "media.ids", "banner_ids"),
            (Task::Generation, "media.template_format_names[1]", "template_format_names[1]"),
            (Task::Generation, "elements.ids.color", "elements.ids.color"),
            (Task::Generation, "elements.elements", "elements.elements"),
            (Task::MultipagePdf, "body.pages.page_1.headline", "pages.page_1.headline"),
            (Task::Image, "ids", "ids"),
            (Task::Image, "news.of.something", "news.of.something"),
            (Task::DynamicImage, "", ""),
        ] {
            assert_eq!(task.callers_field(told), field, "{task:?} {told}");
        }
    }
}
