//! Validates an order for AI Studios before any request is sent (contract 2 and 7).
//!
//! Fields that the caller leaves out stay absent, since the provider has its own defaults (contract 2, E2). A new kind
//! of work is added to [`Kind`], here, to the schemas, and to `kind_dispatch.rs`.

mod automation;
mod create_project;
mod documents;
mod dubbing;
mod edit_project;
mod export;
mod field_validators;
mod generated_asset;
mod kind;
#[cfg(feature = "schema")]
mod schema;
mod simple_video;

use model::Error;
use serde_json::{Map, Value};

use crate::{Order, RequestFields};

pub(super) use automation::OPTIONS;
pub(super) use dubbing::SWITCHES as DUBBING_SWITCHES;
pub(super) use field_validators::is_id;
pub(super) use generated_asset::GeneratedAsset;
pub(super) use kind::Kind;
#[cfg(feature = "schema")]
pub(super) use schema::order_schemas;

/// Validates the fields of a request.
pub(super) fn read_order(kind: &str, fields: Map<String, Value>) -> Result<Order, Error> {
    let Some(kind) = Kind::parse(kind) else {
        let names = Kind::ALL.map(Kind::name).join(", ");
        return Err(Error::invalid("kind", format!("expected one of: {names}")));
    };
    let mut fields = RequestFields::new(fields);
    let mut expected_files = Some(1);
    let request = match kind {
        Kind::Export => export::read_export(&mut fields),
        Kind::CreateProject => create_project::read_create_project(&mut fields),
        Kind::EditProject => edit_project::read_edit_project(&mut fields),
        Kind::SimpleVideo => simple_video::read_simple_video(&mut fields),
        Kind::CustomVideo => simple_video::read_custom_video(&mut fields),
        Kind::ScriptsToVideo | Kind::TopicToVideo | Kind::UrlToVideo | Kind::DocsToVideo => {
            automation::read_automation(&mut fields, kind)
        }
        Kind::Dubbing => {
            let (request, languages) = dubbing::read_dubbing(&mut fields);
            expected_files = Some(languages);
            request
        }
        Kind::Generated(asset) => {
            expected_files = (asset != GeneratedAsset::Text).then_some(1);
            generated_asset::read_generated_asset(&mut fields, asset)
        }
    };
    fields.finish()?;
    Ok(Order { kind: kind.name().to_owned(), request: Value::Object(request), expected_files })
}

#[cfg(test)]
mod tests;
