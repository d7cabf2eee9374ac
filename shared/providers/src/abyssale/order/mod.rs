//! What a caller may order from Abyssale, checked before anybody is asked.
//!
//! Fields keep the provider's own names and meanings. What can be judged without knowing the design is judged here;
//! the content of `elements` is not: the provider ignores layers and properties that a design lacks (contract 3.1),
//! so a rule for a property might refuse what it would accept.

mod export;
mod fields;
mod generation;
mod image;
mod options;
#[cfg(feature = "schema")]
mod schema;

use model::Error;
use serde_json::{Map, Value};

use crate::{Fields, Order};

/// A ZIP of existing banners (contract 2).
pub(super) const EXPORT: &str = "export";
/// Banners of a design in several formats, asynchronously (contract 3.1).
pub(super) const GENERATION: &str = "generation";
/// One PDF of several pages, asynchronously (contract 3.2).
pub(super) const MULTIPAGE_PDF: &str = "multipage_pdf";
/// One picture of a static design, at once (contract 4).
pub(super) const IMAGE: &str = "image";
/// The URL of a picture that is made when it is looked at (contract 5.1).
pub(super) const DYNAMIC_IMAGE: &str = "dynamic_image";
/// A banner that somebody made elsewhere; it can be adopted, not ordered (contract 3.4).
pub(super) const BANNER: &str = "banner";

pub(super) use export::complete;
#[cfg(feature = "schema")]
pub(super) use schema::schemas;

/// Checks a caller's fields.
pub(super) fn read(kind: &str, fields: Map<String, Value>) -> Result<Order, Error> {
    let mut fields = Fields::new(fields);
    let (request, expected) = match kind {
        EXPORT => export::read(&mut fields),
        GENERATION => generation::read(&mut fields),
        MULTIPAGE_PDF => generation::read_multipage(&mut fields),
        IMAGE => image::read(&mut fields),
        DYNAMIC_IMAGE => image::read_dynamic(&mut fields),
        _ => {
            let kinds = [EXPORT, GENERATION, MULTIPAGE_PDF, IMAGE, DYNAMIC_IMAGE].join(", ");
            return Err(Error::invalid("kind", format!("expected one of: {kinds}")));
        }
    };
    fields.finish()?;
    Ok(Order { kind: kind.to_owned(), request: Value::Object(request), expected })
}

#[cfg(test)]
mod tests;
