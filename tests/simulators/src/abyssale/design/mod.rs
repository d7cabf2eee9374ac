//! Designs: what can be generated from (contract 5.2).

pub(super) mod design_filter;
pub(super) mod design_operations;
pub(super) mod design_response;
pub(super) mod layer;
pub(super) mod seed_designs;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::abyssale::file_type::DesignType;
use crate::abyssale::project::Project;

use layer::Layer;

/// One size of a design, or one page of a multipage design.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    /// The format's name, or `page_1` and so on.
    pub(super) name: String,
    pub(super) uid: Uuid,
    pub(super) width: f64,
    pub(super) height: f64,
    /// `px` or `mm`.
    pub(super) unit: &'static str,
    /// The background lets through, so that pictures are PNG unless asked otherwise.
    pub(super) transparent: bool,
}

/// A design.
#[derive(Debug, Clone)]
pub(super) struct Design {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) kind: DesignType,
    pub(super) project: Uuid,
    /// Unix seconds.
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    /// The state of its review, an open set (contract 3.4).
    pub(super) status: String,
    /// Whether it is in the CREATED state; others get no dynamic image (contract 5.1).
    pub(super) active: bool,
    pub(super) sheets: Vec<Sheet>,
    pub(super) layers: &'static [Layer],
    pub(super) deleted: bool,
    /// A copy that is still being made is nowhere to be seen before this time.
    pub(super) appears_at: Option<OffsetDateTime>,
}

impl Design {
    /// The formats. A multipage design is one document and has none.
    pub(super) fn formats(&self) -> &[Sheet] {
        if self.kind == DesignType::PrinterMultipage { &[] } else { &self.sheets }
    }

    /// The pages of a multipage design.
    pub(super) fn pages(&self) -> &[Sheet] {
        if self.kind == DesignType::PrinterMultipage { &self.sheets } else { &[] }
    }

    pub(super) fn layer(&self, name: &str) -> Option<&'static Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    fn is_there(&self, now: OffsetDateTime) -> bool {
        !self.deleted && self.appears_at.is_none_or(|from| from <= now)
    }
}

/// The designs and the projects they belong to.
#[derive(Debug, Default)]
pub(super) struct Designs {
    pub(super) all: Vec<Design>,
    pub(super) projects: Vec<Project>,
}

impl Designs {
    pub(super) fn get(&self, id: Uuid, now: OffsetDateTime) -> Option<&Design> {
        self.all.iter().find(|design| design.id == id && design.is_there(now))
    }

    pub(super) fn get_mut(&mut self, id: Uuid, now: OffsetDateTime) -> Option<&mut Design> {
        self.all.iter_mut().find(|design| design.id == id && design.is_there(now))
    }

    /// Whether it is there or not: what was told of it before stays told.
    pub(super) fn ever(&self, id: Uuid) -> Option<&Design> {
        self.all.iter().find(|design| design.id == id)
    }

    /// Those that are there, in the order they were made.
    pub(super) fn present(&self, now: OffsetDateTime) -> impl Iterator<Item = &Design> {
        self.all.iter().filter(move |design| design.is_there(now))
    }

    /// The project of a design.
    pub(super) fn project(&self, id: Uuid) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }
}
