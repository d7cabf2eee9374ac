//! The fonts of the workspace: `GET /fonts` (contract 5.3).

use serde_json::{Value, json};

use crate::abyssale::list_query::Query;
use crate::id_generator::IdGenerator;

/// Name, type, category (Google fonts only), weights.
type Font = (&'static str, &'static str, Option<&'static str>, &'static [&'static str]);

const FONTS: [Font; 4] = [
    ("Inter", "google", Some("sans-serif"), &["400", "700", "700-italic"]),
    ("Lora", "google", Some("serif"), &["400", "400-italic", "700"]),
    ("Space Mono", "google", Some("monospace"), &["400", "700"]),
    ("Acme Sans", "custom", None, &["300", "500"]),
];

/// Lists the fonts that match the query. An unknown type is ignored.
pub(super) fn list_fonts(ids: &IdGenerator, query: &Query) -> Vec<Value> {
    let fonts = (0..).zip(&FONTS).filter(|(_, font)| matches_query(query, font));
    fonts.map(|(number, font)| view(ids, number, font)).collect()
}

fn matches_query(query: &Query, (name, kind, category, weights): &Font) -> bool {
    let close = |text: &str| text.to_lowercase().replace(' ', "");
    let italic = |weight: &&&str| weight.ends_with("-italic");
    query
        .get("type")
        .filter(|requested| ["google", "custom"].contains(requested))
        .is_none_or(|requested| requested == *kind)
        && query.get("name").is_none_or(|requested| close(name).contains(&close(requested)))
        && query.get("category").is_none_or(|requested| *category == Some(requested))
        && query
            .get("weight")
            .is_none_or(|requested| weights.iter().any(|weight| weight.starts_with(requested)))
        && match query.get("style") {
            Some("italic") => weights.iter().any(|weight| italic(&weight)),
            Some("normal") => weights.iter().any(|weight| !italic(&weight)),
            Some(_) | None => true,
        }
}

/// An upright weight is a number, an italic weight a string.
fn view(ids: &IdGenerator, number: u64, (name, kind, category, weights): &Font) -> Value {
    let weight = |text: &&str| text.parse::<u32>().map_or_else(|_| json!(text), |weight| json!(weight));
    let mut view = json!({
        "id": ids.seeded_uuid("font", number),
        "name": name,
        "type": kind,
        "available_weights": weights.iter().map(weight).collect::<Vec<_>>(),
    });
    if let Some(category) = category {
        view["category"] = json!(category);
    }
    view
}
