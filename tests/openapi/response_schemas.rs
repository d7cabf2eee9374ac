//! Schemas of the response types.

use model::{ErrorClass, JobList, JobView, LinkView};
use runtime::Problem;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

/// The schemas of every response, by name.
pub(crate) fn response_schemas() -> Map<String, Value> {
    let mut generator = generator();
    generator.subschema_for::<JobView<'_>>();
    generator.subschema_for::<JobList<'_>>();
    generator.subschema_for::<LinkView>();
    generator.subschema_for::<Problem<'_>>();
    let mut schemas = generator.take_definitions(true);
    schemas.insert("GatewayMessage".to_owned(), gateway_message());
    schemas
}

/// The meaning of an error class, in the words of its type.
pub(crate) fn class_meaning(class: ErrorClass) -> String {
    let schema = generator().into_root_schema_for::<ErrorClass>();
    let classes = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let found = classes.iter().find(|schema| schema["const"] == class.name());
    found.and_then(|schema| schema["description"].as_str()).expect("a description of the class").to_owned()
}

/// A reference to a schema.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let settings = settings.with_transform(RecursiveTransform(remove_unsupported_formats));
    settings.with_transform(RecursiveTransform(remove_null_from_optional_fields)).into_generator()
}

/// Removes the widths of Rust's integers, which are no OpenAPI formats, and the line breaks of doc comments.
fn remove_unsupported_formats(schema: &mut Schema) {
    let is_width = |format: &Value| format.as_str().is_some_and(|format| format.starts_with("uint"));
    if schema.get("format").is_some_and(is_width) {
        schema.remove("format");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

/// Removes `null` from optional fields: a response omits them instead.
fn remove_null_from_optional_fields(schema: &mut Schema) {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| required.iter().all(|known| known != *name))
    {
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|kind| kind != "null");
        }
        if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
            choices.retain(|choice| choice["type"] != "null");
        }
    }
}

/// The body of a response of API Gateway itself.
fn gateway_message() -> Value {
    json!({
        "type": "object",
        "description": "A response of API Gateway itself, which no function has produced.",
        "properties": { "message": { "type": ["string", "null"] } },
        "required": ["message"],
    })
}
