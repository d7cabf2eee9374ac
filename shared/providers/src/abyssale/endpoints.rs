//! The request of each kind of order on the wire: its path, its body, and how to read a successful response.

use bytes::Bytes;
use http::StatusCode;
use model::{Error, ErrorClass, ProviderJobId};
use serde_json::{Value, json};

use super::{
    banner,
    order::{DYNAMIC_IMAGE, EXPORT, GENERATION, IMAGE, MULTIPAGE_PDF},
};
use crate::{SubmitContext, SubmitStep, SynchronousResult};

/// All fields of request bodies (contract 2.1, 3.1, 3.2, 4 and 5.1).
const BODY_FIELDS: &[&str] = &[
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

/// The request of a kind of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireRequest {
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

impl WireRequest {
    /// Returns the request of a kind.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`] for another kind, which no validated order has.
    pub(super) fn for_kind(kind: &str) -> Result<Self, Error> {
        match kind {
            EXPORT => Ok(WireRequest::Export),
            GENERATION => Ok(WireRequest::Generation),
            MULTIPAGE_PDF => Ok(WireRequest::MultipagePdf),
            IMAGE => Ok(WireRequest::Image),
            DYNAMIC_IMAGE => Ok(WireRequest::DynamicImage),
            _ => Err(Error::new(ErrorClass::Internal, "a job of a kind that cannot be submitted")),
        }
    }

    /// Returns the path of the request. The validation ensures that the design's id is valid in a path.
    pub(super) fn path(self, context: &SubmitContext<'_>) -> String {
        let design = context.request.get("design_id").and_then(Value::as_str).unwrap_or_default();
        match self {
            WireRequest::Export => "/async/banners/export".to_owned(),
            WireRequest::Generation => format!("/async/banner-builder/{design}/generate"),
            WireRequest::MultipagePdf => format!("/async/banner-builder/{design}/generate-multipage-pdf"),
            WireRequest::Image => format!("/banner-builder/{design}/generate"),
            WireRequest::DynamicImage => format!("/designs/{design}/dynamic-image-url"),
        }
    }

    /// Returns the body of the request: the caller's fields, and the callback URL for asynchronous work.
    pub(super) fn body(self, context: &SubmitContext<'_>) -> Value {
        if self == WireRequest::Export {
            return json!({
                "ids": context.request["banner_ids"],
                "callback_url": context.callback_url.as_str(),
            });
        }
        let mut body = context.request.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("design_id");
            if matches!(self, WireRequest::Generation | WireRequest::MultipagePdf) {
                fields.insert("callback_url".into(), context.callback_url.as_str().into());
            }
            // Older versions require it, and empty is the same as absent (contract 9, row 18).
            if matches!(self, WireRequest::Generation | WireRequest::Image) && !fields.contains_key("pages") {
                fields.entry("elements").or_insert_with(|| json!({}));
            }
        }
        body
    }

    /// Reads a response with a successful status.
    pub(super) fn read_success(self, status: StatusCode, response: &Bytes) -> SubmitStep {
        let body: Value = serde_json::from_slice(response).unwrap_or(Value::Null);
        let id = |name: &str| {
            body.get(name).and_then(Value::as_str).filter(|id| !id.is_empty()).map(ProviderJobId::new)
        };
        let step = match self {
            WireRequest::Export => id("export_id").map(SubmitStep::Accepted),
            WireRequest::Generation | WireRequest::MultipagePdf => {
                id("generation_request_id").map(SubmitStep::Accepted)
            }
            // The response is a banner, as in a delivery about one (contract 3.4).
            WireRequest::Image => {
                banner::provider_job_id(&body).filter(|_| banner::has_file(&body)).map(|provider_job_id| {
                    let outcome = SynchronousResult::Files(response.clone());
                    SubmitStep::Completed { provider_job_id: Some(provider_job_id), result: outcome }
                })
            }
            WireRequest::DynamicImage => id("id").map(|provider_job_id| {
                let mut result = body.clone();
                if let Some(fields) = result.as_object_mut() {
                    fields.remove("version");
                    // 201 when it was created now, 200 when it existed before.
                    fields.insert("created".into(), (status == StatusCode::CREATED).into());
                }
                SubmitStep::Completed {
                    provider_job_id: Some(provider_job_id),
                    result: SynchronousResult::Json(result),
                }
            }),
        };
        step.unwrap_or_else(|| {
            self.outcome_unknown("Abyssale accepted the request, but its response has no result")
        })
    }

    /// Converts a field of the provider's error to the caller's field. The oldest error bodies prefix it with a section
    /// (contract 1.3, E1), of which only that of exports is known.
    pub(super) fn callers_field(self, path: &str) -> String {
        let starts_with_field =
            |path: &str| BODY_FIELDS.contains(&path.split(['.', '[']).next().unwrap_or_default());
        let path = match path.split_once('.') {
            Some((_, rest)) if !starts_with_field(path) && starts_with_field(rest) => rest,
            _ => path,
        };
        match (self, path.strip_prefix("ids")) {
            (WireRequest::Export, Some(rest)) if rest.is_empty() || rest.starts_with('[') => {
                format!("banner_ids{rest}")
            }
            _ => path.to_owned(),
        }
    }

    /// Returns the step for work whose outcome is unknown.
    pub(super) fn outcome_unknown(self, what: &str) -> SubmitStep {
        let message = match self {
            WireRequest::Export => {
                format!("{what}; the export may be in progress, and its callback reports it")
            }
            WireRequest::Generation | WireRequest::MultipagePdf => {
                format!("{what}; the generation may be in progress, and its callback reports it")
            }
            WireRequest::Image | WireRequest::DynamicImage => {
                format!("{what}; the image may have been made, and is not submitted again")
            }
        };
        SubmitStep::OutcomeUnknown(Error::new(ErrorClass::ProviderOutcomeUnknown, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_providers_fields_are_converted_to_the_callers_fields() {
        for (request, providers_field, field) in [
            (WireRequest::Export, "ids[3]", "banner_ids[3]"),
            (WireRequest::Export, "media.ids", "banner_ids"),
            (WireRequest::Generation, "media.template_format_names[1]", "template_format_names[1]"),
            (WireRequest::Generation, "elements.ids.color", "elements.ids.color"),
            (WireRequest::Generation, "elements.elements", "elements.elements"),
            (WireRequest::MultipagePdf, "body.pages.page_1.headline", "pages.page_1.headline"),
            (WireRequest::Image, "ids", "ids"),
            (WireRequest::Image, "news.of.something", "news.of.something"),
            (WireRequest::DynamicImage, "", ""),
        ] {
            assert_eq!(request.callers_field(providers_field), field, "{request:?} {providers_field}");
        }
    }
}
