//! The filters and the order of `GET /designs` (contract 5.3).

use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;

use crate::abyssale::api_error::ApiError;
use crate::abyssale::design::{Design, Designs, Sheet};
use crate::abyssale::file_type::DesignType;
use crate::abyssale::list_query::{Query, invalid_parameter};
use crate::abyssale::uuid_format::parse_uuid;

/// The conditions that a listed design meets.
pub(crate) struct DesignFilter<'a> {
    query: &'a Query,
    types: Vec<DesignType>,
    project: Option<Uuid>,
    updated_since: Option<i64>,
    created_since: Option<i64>,
}

impl<'a> DesignFilter<'a> {
    /// Reads the query. An unknown type or orientation is ignored.
    pub(crate) fn read(query: &'a Query) -> Result<Self, ApiError> {
        let known = |name: &&str| DesignType::ALL.into_iter().find(|kind| kind.name() == *name);
        let project = match query.get("project_id") {
            // This message still uses the old name of a project (contract 5.3).
            Some(text) => {
                Some(parse_uuid(text).ok_or_else(|| invalid_parameter("category_id", "Not a valid UUID."))?)
            }
            None => None,
        };
        Ok(Self {
            types: query.list("type").iter().filter_map(known).collect(),
            project,
            updated_since: read_time(query, "updated_since")?,
            created_since: read_time(query, "created_since")?,
            query,
        })
    }

    fn matches(&self, design: &Design, designs: &Designs) -> bool {
        let project = designs.project(design.project).map(|project| project.name.to_lowercase());
        let project = project.unwrap_or_default();
        let name = design.name.to_lowercase();
        let lower = |parameter: &str| self.query.get(parameter).map(str::to_lowercase);
        let words = lower("query").unwrap_or_default();
        let mut words = words.split_whitespace();
        (self.types.is_empty() || self.types.contains(&design.kind))
            && self.project.is_none_or(|requested| requested == design.project)
            && self.updated_since.is_none_or(|since| design.updated_at >= since)
            && self.created_since.is_none_or(|since| design.created_at >= since)
            && lower("name").is_none_or(|phrase| name.contains(&phrase))
            && lower("project").is_none_or(|phrase| project.contains(&phrase))
            && words.all(|word| name.contains(word) || project.contains(word))
            && design.sheets.iter().any(|sheet| self.matches_sheet(sheet))
    }

    /// Whether one format meets all conditions on formats.
    fn matches_sheet(&self, sheet: &Sheet) -> bool {
        let orientation = if sheet.width > sheet.height {
            "landscape"
        } else if sheet.width < sheet.height {
            "portrait"
        } else {
            "square"
        };
        let size = format!("{}x{}", sheet.width, sheet.height);
        let among = |parameter: &str, value: &str| {
            let requested = self.query.list(parameter);
            requested.is_empty() || requested.contains(&value)
        };
        let requested =
            self.query.get("orientation").filter(|name| ["portrait", "landscape", "square"].contains(name));
        requested.is_none_or(|requested| requested == orientation)
            && among("size", &size)
            && among("format", &sheet.name)
    }

    /// Returns the designs that match, ordered by name unless the query specifies an order.
    pub(crate) fn apply<'d>(&self, designs: &'d Designs, now: OffsetDateTime) -> Vec<&'d Design> {
        let mut found: Vec<&Design> =
            designs.existing(now).filter(|design| self.matches(design, designs)).collect();
        found.sort_by_key(|design| design.name.to_lowercase());
        match self.query.get("sort") {
            Some("updated") => found.sort_by_key(|design| design.updated_at),
            Some("created") => found.sort_by_key(|design| design.created_at),
            Some(_) | None => {}
        }
        if self.query.get("order") == Some("desc") {
            found.reverse();
        }
        found
    }
}

/// Parses an ISO 8601 date or time as Unix seconds; without a zone it is UTC.
fn read_time(query: &Query, name: &str) -> Result<Option<i64>, ApiError> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let date = || Date::parse(text, &Iso8601::DATE).map(|date| date.midnight().assume_utc());
    let naive = || PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).map(PrimitiveDateTime::assume_utc);
    let time = OffsetDateTime::parse(text, &Iso8601::DEFAULT).or_else(|_| naive()).or_else(|_| date());
    time.map(|time| Some(time.unix_timestamp())).map_err(|_| invalid_parameter(name, "Not a valid date."))
}
