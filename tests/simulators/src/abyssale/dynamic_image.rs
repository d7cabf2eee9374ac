//! Dynamic images: one for each design, created once and then returned unchanged (contract 5.1).

use serde_json::{Value, json};
use uuid::Uuid;

use crate::abyssale::banner::measure;
use crate::abyssale::design::Sheet;

/// The dynamic image of a design.
#[derive(Debug)]
pub(super) struct DynamicImage {
    pub(super) id: Uuid,
    pub(super) design: Uuid,
    /// The formats at the time of its creation.
    pub(super) sheets: Vec<Sheet>,
    pub(super) enable_rate_limit: bool,
    pub(super) enable_production_mode: bool,
}

/// All dynamic images.
#[derive(Debug, Default)]
pub(super) struct DynamicImages(pub(super) Vec<DynamicImage>);

impl DynamicImages {
    /// Returns a format of an image.
    pub(super) fn sheet(&self, image: Uuid, format: Uuid) -> Option<&Sheet> {
        let image = self.0.iter().find(|known| known.id == image)?;
        image.sheets.iter().find(|sheet| sheet.uid == format)
    }

    /// Returns the image of a design.
    pub(super) fn of(&self, design: Uuid) -> Option<&DynamicImage> {
        self.0.iter().find(|image| image.design == design)
    }

    /// Lists the images with the flags of the call that created each, for the Admin endpoint.
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
    /// Returns the URL of a format.
    pub(super) fn url(&self, format: Uuid, files: &str) -> String {
        format!("{files}/img/{}/{format}", self.id)
    }

    pub(super) fn view(&self, files: &str) -> Value {
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
