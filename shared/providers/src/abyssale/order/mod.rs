//! Validates an order for Abyssale before any request is sent.
//!
//! Fields have the provider's names and meanings. An unknown field is rejected: it is misspelt, or Landfall would not know
//! what to do with it. An unknown member of an option object is passed on with a warning (`options`). The validation covers what does not depend on the design. It does
//! not cover the content of `elements`: the provider ignores layers and properties that a design lacks (contract
//! 3.1), so a rule for a property might reject what the provider accepts.

mod export;
mod field_validators;
mod generation;
mod image;
mod options;
#[cfg(feature = "schema")]
mod schema;

use model::Error;
use serde_json::{Map, Value};

use crate::{Order, RequestFields};

/// A ZIP of existing banners (contract 2).
pub(super) const EXPORT: &str = "export";
/// Banners of a design in several formats, asynchronously (contract 3.1).
pub(super) const GENERATION: &str = "generation";
/// One PDF of several pages, asynchronously (contract 3.2).
pub(super) const MULTIPAGE_PDF: &str = "multipage_pdf";
/// One image of a static design, synchronously (contract 4).
pub(super) const IMAGE: &str = "image";
/// The URL of an image that is rendered when it is requested (contract 5.1).
pub(super) const DYNAMIC_IMAGE: &str = "dynamic_image";
/// A banner that was made elsewhere. It can be imported, not ordered (contract 3.4).
pub(super) const BANNER: &str = "banner";

pub(super) use export::complete_order;
pub(super) use options::{DESIGN_FILE_TYPES, unknown_options};
#[cfg(feature = "schema")]
pub(super) use schema::order_schemas;

/// Validates the fields of a request.
pub(super) fn read_order(kind: &str, fields: Map<String, Value>) -> Result<Order, Error> {
    let mut fields = RequestFields::new(fields);
    let (request, expected_files) = match kind {
        EXPORT => export::read_export(&mut fields),
        GENERATION => generation::read_generation(&mut fields),
        MULTIPAGE_PDF => generation::read_multipage_pdf(&mut fields),
        IMAGE => image::read_image(&mut fields),
        DYNAMIC_IMAGE => image::read_dynamic_image(&mut fields),
        _ => {
            let kinds = [EXPORT, GENERATION, MULTIPAGE_PDF, IMAGE, DYNAMIC_IMAGE].join(", ");
            return Err(Error::invalid("kind", format!("expected one of: {kinds}")));
        }
    };
    fields.finish()?;
    Ok(Order { kind: kind.to_owned(), request: Value::Object(request), expected_files })
}

#[cfg(test)]
mod tests;
