//! Designs, from which banners are generated (contract 5.2).

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
    /// The background is transparent, so that images are PNG by default.
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
    /// The status of its review, an open set (contract 3.4).
    pub(super) status: String,
    /// Whether it is in the CREATED state; others get no dynamic image (contract 5.1).
    pub(super) active: bool,
    pub(super) sheets: Vec<Sheet>,
    pub(super) layers: &'static [Layer],
    pub(super) deleted: bool,
    /// A copy is hidden before this time.
    pub(super) appears_at: Option<OffsetDateTime>,
}

impl Design {
    /// Returns the formats. A multipage design is one document and has none.
    pub(super) fn formats(&self) -> &[Sheet] {
        if self.kind == DesignType::PrinterMultipage { &[] } else { &self.sheets }
    }

    /// Returns the pages of a multipage design.
    pub(super) fn pages(&self) -> &[Sheet] {
        if self.kind == DesignType::PrinterMultipage { &self.sheets } else { &[] }
    }

    pub(super) fn layer(&self, name: &str) -> Option<&'static Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    fn exists(&self, now: OffsetDateTime) -> bool {
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
        self.all.iter().find(|design| design.id == id && design.exists(now))
    }

    pub(super) fn get_mut(&mut self, id: Uuid, now: OffsetDateTime) -> Option<&mut Design> {
        self.all.iter_mut().find(|design| design.id == id && design.exists(now))
    }

    /// Returns a design even if it was deleted, for events that were already scheduled.
    pub(super) fn get_including_deleted(&self, id: Uuid) -> Option<&Design> {
        self.all.iter().find(|design| design.id == id)
    }

    /// Returns the existing designs, in the order of creation.
    pub(super) fn existing(&self, now: OffsetDateTime) -> impl Iterator<Item = &Design> {
        self.all.iter().filter(move |design| design.exists(now))
    }

    /// Returns the project of a design.
    pub(super) fn project(&self, id: Uuid) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }
}
