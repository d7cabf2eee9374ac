//! Designs as the API shows them (contract 5.2).

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::banner::measure;
use super::super::file_type::DesignType;
use super::super::query::Query;
use super::super::refusal::Refusal;
use super::super::{AbyssaleSimulator, Moment};
use super::filter::Filter;
use super::layer::Layer;
use super::{Design, Sheet};

/// Print designs: dots in an inch, and the edges in millimetres.
const PRINT: [(&str, u32); 3] = [("dpi", 300), ("bleed_size", 3), ("safe_size", 5)];

impl AbyssaleSimulator {
    /// `GET /designs`.
    pub(in super::super) fn list_designs(
        &self,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Response<Bytes>, Refusal> {
        let query = Query::of(request);
        let found = Filter::read(&query)?.apply(&self.state.workspace.designs, at.now);
        query.paged(found.into_iter().map(|design| self.design_entry(design)).collect())
    }

    fn design_entry(&self, design: &Design) -> Value {
        let mut view = self.design_head(design);
        if let Some(sheet) = design.sheets.first() {
            view["preview_url"] = self.preview_url(sheet).into();
        }
        view
    }

    /// What every view of a design tells.
    fn design_head(&self, design: &Design) -> Value {
        let project = self.state.workspace.designs.project(design.project);
        json!({
            "id": design.id,
            "template_id": design.id,
            "name": design.name,
            "type": design.kind.name(),
            "created_at": design.created_at,
            "updated_at": design.updated_at,
            "project_id": project.map(|project| project.id),
            "project_name": project.map(|project| &project.name),
            "category_id": project.map(|project| project.id),
            "category_name": project.map(|project| &project.name),
        })
    }

    /// `GET /designs/{id}`; `?i=advanced` shows groups, too.
    pub(in super::super) fn design_view(
        &self,
        id: Uuid,
        request: &Request<Bytes>,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let design = self.state.workspace.designs.get(id, at.now).ok_or_else(Refusal::template_not_found)?;
        let advanced = Query::of(request).get("i") == Some("advanced");
        let mut view = self.design_head(design);
        if design.kind == DesignType::PrinterMultipage {
            let pages = design.pages();
            view["pages"] = pages.iter().map(|page| self.page_view(page)).collect();
            let elements = pages.iter().map(|page| (page.name.clone(), page_elements(design, advanced)));
            view["elements_per_page"] = Value::Object(elements.collect());
            PRINT.iter().for_each(|(name, value)| view[*name] = json!(value));
            return Ok(view);
        }
        view["formats"] = design.formats().iter().map(|sheet| self.format_view(design, sheet)).collect();
        view["elements"] = design
            .layers
            .iter()
            .filter(|layer| advanced || !layer.is_group())
            .map(|layer| element(design, layer))
            .collect();
        view["variables"] = json!({});
        if design.kind == DesignType::Animated {
            view["animation"] = animation();
        }
        Ok(view)
    }

    /// `GET /designs/{id}/formats/{specifier}`: one format by name or uid, always in the advanced view.
    pub(in super::super) fn format_detail(
        &self,
        id: Uuid,
        specifier: &str,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let design = self.state.workspace.designs.get(id, at.now).ok_or_else(Refusal::template_not_found)?;
        let named = |sheet: &&Sheet| sheet.name == specifier || sheet.uid.to_string() == specifier;
        let sheet = design.formats().iter().find(named);
        let sheet = sheet.ok_or_else(|| Refusal::not_found("format_not_found", "format"))?;
        let mut view = self.format_view(design, sheet);
        view["elements"] = design.layers.iter().map(|layer| flat(layer, false)).collect();
        view["variables"] = json!({});
        view["design"] = json!({
            "id": design.id,
            "name": design.name,
            "type": design.kind.name(),
            "created_at": design.created_at,
            "updated_at": design.updated_at,
        });
        if design.kind == DesignType::Animated {
            view["animation"] = animation();
        }
        Ok(view)
    }

    fn format_view(&self, design: &Design, sheet: &Sheet) -> Value {
        let mut view = self.page_view(sheet);
        view["uid"] = json!(sheet.uid);
        if let Some(image) = self.state.dynamic_images.of(design.id) {
            view["dynamic_image_url"] = image.url(sheet.uid, &self.origins.files).into();
        }
        if design.kind.is_print() {
            PRINT.iter().for_each(|(name, value)| view[*name] = json!(value));
        }
        view
    }

    fn page_view(&self, sheet: &Sheet) -> Value {
        json!({
            "id": sheet.name,
            "width": measure(sheet.width),
            "height": measure(sheet.height),
            "unit": sheet.unit,
            "preview_url": self.preview_url(sheet),
        })
    }

    fn preview_url(&self, sheet: &Sheet) -> String {
        format!("{}/previews/{}.jpg", self.origins.files, sheet.uid)
    }
}

/// What a script needs to know of the designs, by type.
pub(in super::super) fn described<'a>(designs: impl Iterator<Item = &'a Design>) -> Value {
    let mut by_type: Map<String, Value> =
        DesignType::ALL.into_iter().map(|kind| (kind.name().to_owned(), json!([]))).collect();
    for design in designs {
        let names = |sheets: &[Sheet]| sheets.iter().map(|sheet| sheet.name.clone()).collect::<Vec<_>>();
        if let Some(list) = by_type.get_mut(design.kind.name()).and_then(Value::as_array_mut) {
            list.push(json!({
                "id": design.id,
                "name": design.name,
                "formats": names(design.formats()),
                "pages": names(design.pages()),
            }));
        }
    }
    Value::Object(by_type)
}

/// A layer with its values in each format. A group may have no attributes (contract 5.2).
fn element(design: &Design, layer: &Layer) -> Value {
    let mut view = json!({"name": layer.name, "type": layer.kind});
    let every = |value: Value| -> Value {
        let formats = design.formats().iter().map(|sheet| (sheet.name.clone(), value.clone()));
        Value::Object(formats.collect())
    };
    view["layout"] = every(json!({"x": 0, "y": 0, "width": 100, "height": 40}));
    if !layer.is_group() {
        let attribute = |(id, value): &(&str, &str)| json!({"id": id, "values": every(json!(value))});
        view["attributes"] = layer.attributes.iter().map(attribute).collect();
    }
    if design.kind == DesignType::Animated {
        view["animation"] = json!({"start_at_s": 0, "end_at_s": 1});
    }
    view
}

/// A layer with one value for each attribute: a list, or on pages an object by attribute.
fn flat(layer: &Layer, by_id: bool) -> Value {
    let mut view = json!({"name": layer.name, "type": layer.kind});
    view["layout"] = json!({"x": 0, "y": 0, "width": 100, "height": 40});
    let attribute = |(id, value): &(&str, &str)| json!({"id": id, "value": value});
    if by_id {
        let attributes = layer.attributes.iter().map(|pair| (pair.0.to_owned(), attribute(pair)));
        view["attributes"] = Value::Object(attributes.collect());
    } else if !layer.is_group() {
        view["attributes"] = layer.attributes.iter().map(attribute).collect();
    }
    view
}

fn page_elements(design: &Design, advanced: bool) -> Value {
    let shown = design.layers.iter().filter(|layer| advanced || !layer.is_group());
    shown.map(|layer| flat(layer, true)).collect()
}

fn animation() -> Value {
    json!({"duration": 1, "screenshot_at_s": 0.5})
}
