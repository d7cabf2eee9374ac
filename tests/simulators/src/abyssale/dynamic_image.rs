//! Dynamic images: one for a design, made once and then given out unchanged (contract 5.1).

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::banner::measure;
use super::check::Fields;
use super::design::Sheet;
use super::file_type::DesignType;
use super::refusal::Refusal;
use super::{AbyssaleSimulator, Moment, answer, validate};

/// The dynamic image of a design.
#[derive(Debug)]
pub(super) struct DynamicImage {
    id: Uuid,
    design: Uuid,
    /// The formats as they were when it was made.
    sheets: Vec<Sheet>,
    enable_rate_limit: bool,
    enable_production_mode: bool,
}

/// All dynamic images.
#[derive(Debug, Default)]
pub(super) struct DynamicImages(Vec<DynamicImage>);

impl DynamicImages {
    /// The format of an image.
    pub(super) fn sheet(&self, image: Uuid, format: Uuid) -> Option<&Sheet> {
        let image = self.0.iter().find(|known| known.id == image)?;
        image.sheets.iter().find(|sheet| sheet.uid == format)
    }

    /// The image of a design.
    pub(super) fn of(&self, design: Uuid) -> Option<&DynamicImage> {
        self.0.iter().find(|image| image.design == design)
    }

    /// With the flags of the call that made each, for the Admin endpoint.
    pub(super) fn list(&self) -> Value {
        let view = |image: &DynamicImage| {
            json!({
                "id": image.id,
                "design_id": image.design,
                "enable_rate_limit": image.enable_rate_limit,
                "enable_production_mode": image.enable_production_mode,
            })
        };
        self.0.iter().map(view).collect()
    }
}

impl DynamicImage {
    /// Where a format of it is.
    pub(super) fn url(&self, format: Uuid, files: &str) -> String {
        format!("{files}/img/{}/{format}", self.id)
    }

    fn view(&self, files: &str) -> Value {
        let format = |sheet: &Sheet| {
            json!({
                "id": sheet.name,
                "uid": sheet.uid,
                "width": measure(sheet.width),
                "height": measure(sheet.height),
                "unit": "px",
                "dynamic_image_url": self.url(sheet.uid, files),
            })
        };
        json!({
            "id": self.id,
            "design_id": self.design,
            "formats": self.sheets.iter().map(format).collect::<Vec<_>>(),
        })
    }
}

impl AbyssaleSimulator {
    /// `POST /designs/{id}/dynamic-image-url`: 201 the first time, then 200 with the same body.
    pub(super) fn dynamic_image(
        &mut self,
        design: Uuid,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Response<Bytes>, Refusal> {
        let (enable_rate_limit, enable_production_mode) = flags(request)?;
        let found = self.state.workspace.designs.get(design, at.now);
        let found = found.ok_or_else(Refusal::template_not_found)?;
        if found.kind != DesignType::Static {
            return Err(Refusal::bad("template_not_static", "This is no static design."));
        }
        if !found.active {
            return Err(Refusal::bad("template_not_active", "This design is not active."));
        }
        let status = if self.state.dynamic_images.of(design).is_some() {
            StatusCode::OK
        } else {
            let id = self.draw.next_uuid("dynamic image");
            let sheets = found.sheets.clone();
            let image = DynamicImage { id, design, sheets, enable_rate_limit, enable_production_mode };
            self.state.dynamic_images.0.push(image);
            StatusCode::CREATED
        };
        let image = self.state.dynamic_images.of(design).ok_or_else(Refusal::template_not_found)?;
        Ok(answer::json(status, image.view(&self.origins.files), &self.state.knobs))
    }
}

/// The two flags of an optional body.
fn flags(request: &Request<Bytes>) -> Result<(bool, bool), Refusal> {
    if request.body().is_empty() {
        return Ok((false, false));
    }
    let object = validate::object(request)?;
    let mut problems = Vec::new();
    let fields = Fields::of(&object);
    let limited = fields.flag("enable_rate_limit", &mut problems).unwrap_or_default();
    let production = fields.flag("enable_production_mode", &mut problems).unwrap_or_default();
    if problems.is_empty() { Ok((limited, production)) } else { Err(Refusal::invalid(problems)) }
}
