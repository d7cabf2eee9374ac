//! Designs in the API (contract 5.2).

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::banner::measure;
use crate::abyssale::design::design_filter::DesignFilter;
use crate::abyssale::design::layer::Layer;
use crate::abyssale::design::{Design, Sheet};
use crate::abyssale::file_type::DesignType;
use crate::abyssale::list_query::Query;
use crate::abyssale::state::AbyssaleSimulator;
use crate::virtual_clock::Moment;

/// Print designs: dots per inch, and the margins in millimetres.
const PRINT_FIELDS: [(&str, u32); 3] = [("dpi", 300), ("bleed_size", 3), ("safe_size", 5)];

/// `GET /designs`.
pub(crate) fn list_designs(
    simulator: &AbyssaleSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Response<Bytes>, ApiError> {
    let query = Query::of(request);
    let found = DesignFilter::read(&query)?.apply(&simulator.state.workspace.designs, at.now);
    query.paginate(found.into_iter().map(|design| design_entry(simulator, design)).collect())
}

fn design_entry(simulator: &AbyssaleSimulator, design: &Design) -> Value {
    let mut view = common_fields(simulator, design);
    if let Some(sheet) = design.sheets.first() {
        view["preview_url"] = preview_url(simulator, sheet).into();
    }
    view
}

/// Returns the fields that every representation of a design has.
fn common_fields(simulator: &AbyssaleSimulator, design: &Design) -> Value {
    let project = simulator.state.workspace.designs.project(design.project);
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

/// `GET /designs/{id}`; `?i=advanced` includes groups.
pub(crate) fn design_view(
    simulator: &AbyssaleSimulator,
    id: Uuid,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    let design =
        simulator.state.workspace.designs.get(id, at.now).ok_or_else(ApiError::template_not_found)?;
    let advanced = Query::of(request).get("i") == Some("advanced");
    let mut view = common_fields(simulator, design);
    if design.kind == DesignType::PrinterMultipage {
        let pages = design.pages();
        view["pages"] = pages.iter().map(|page| page_view(simulator, page)).collect();
        let elements = pages.iter().map(|page| (page.name.clone(), page_elements(design, advanced)));
        view["elements_per_page"] = Value::Object(elements.collect());
        PRINT_FIELDS.iter().for_each(|(name, value)| view[*name] = json!(value));
        return Ok(view);
    }
    view["formats"] = design.formats().iter().map(|sheet| format_view(simulator, design, sheet)).collect();
    view["elements"] = design
        .layers
        .iter()
        .filter(|layer| advanced || !layer.is_group())
        .map(|layer| layer_with_values(design, layer))
        .collect();
    view["variables"] = json!({});
    if design.kind == DesignType::Animated {
        view["animation"] = animation();
    }
    Ok(view)
}

/// `GET /designs/{id}/formats/{specifier}`: one format by name or uid, always in the advanced view.
pub(crate) fn format_detail(
    simulator: &AbyssaleSimulator,
    id: Uuid,
    specifier: &str,
    at: Moment,
) -> Result<Value, ApiError> {
    let design =
        simulator.state.workspace.designs.get(id, at.now).ok_or_else(ApiError::template_not_found)?;
    let named = |sheet: &&Sheet| sheet.name == specifier || sheet.uid.to_string() == specifier;
    let sheet = design.formats().iter().find(named);
    let sheet = sheet.ok_or_else(|| ApiError::not_found("format_not_found", "format"))?;
    let mut view = format_view(simulator, design, sheet);
    view["elements"] = design.layers.iter().map(|layer| flat_layer(layer, false)).collect();
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

fn format_view(simulator: &AbyssaleSimulator, design: &Design, sheet: &Sheet) -> Value {
    let mut view = page_view(simulator, sheet);
    view["uid"] = json!(sheet.uid);
    if let Some(image) = simulator.state.dynamic_images.of(design.id) {
        view["dynamic_image_url"] = image.url(sheet.uid, &simulator.origins.files).into();
    }
    if design.kind.is_print() {
        PRINT_FIELDS.iter().for_each(|(name, value)| view[*name] = json!(value));
    }
    view
}

fn page_view(simulator: &AbyssaleSimulator, sheet: &Sheet) -> Value {
    json!({
        "id": sheet.name,
        "width": measure(sheet.width),
        "height": measure(sheet.height),
        "unit": sheet.unit,
        "preview_url": preview_url(simulator, sheet),
    })
}

fn preview_url(simulator: &AbyssaleSimulator, sheet: &Sheet) -> String {
    format!("{}/previews/{}.jpg", simulator.origins.files, sheet.uid)
}

/// Describes the designs by type, for scripts.
pub(crate) fn describe_designs<'a>(designs: impl Iterator<Item = &'a Design>) -> Value {
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

/// Returns a layer with its values in each format. A group may have no attributes (contract 5.2).
fn layer_with_values(design: &Design, layer: &Layer) -> Value {
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

/// Returns a layer with one value for each attribute: as a list, or on pages as an object keyed by attribute.
fn flat_layer(layer: &Layer, by_id: bool) -> Value {
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
    shown.map(|layer| flat_layer(layer, true)).collect()
}

fn animation() -> Value {
    json!({"duration": 1, "screenshot_at_s": 0.5})
}
