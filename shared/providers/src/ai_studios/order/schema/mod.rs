//! JSON Schemas of the orders for AI Studios: the same rules as the validation, for readers who do not know Rust.

mod automation;
mod common;
mod dubbing;
mod export;
mod generated_asset;
mod project;
mod simple_video;

use super::kind::Kind;
use crate::order_schema::OrderSchema;

/// Returns the schemas of all orders.
pub(crate) fn order_schemas() -> Vec<OrderSchema> {
    Kind::ALL.into_iter().flat_map(schemas_of).collect()
}

fn schemas_of(kind: Kind) -> Vec<OrderSchema> {
    match kind {
        Kind::Export => export::schemas(),
        Kind::CreateProject => vec![project::create()],
        Kind::EditProject => vec![project::edit()],
        Kind::SimpleVideo => vec![simple_video::simple()],
        Kind::CustomVideo => vec![simple_video::custom()],
        Kind::ScriptsToVideo | Kind::TopicToVideo | Kind::UrlToVideo | Kind::DocsToVideo => {
            vec![automation::schema(kind)]
        }
        Kind::Dubbing => dubbing::schemas(),
        Kind::Generated(asset) => vec![generated_asset::schema(asset)],
    }
}
