//! The designs that every simulated workspace has.

use uuid::Uuid;

use crate::abyssale::design::layer::{self, Layer};
use crate::abyssale::design::{Design, Designs, Sheet};
use crate::abyssale::file_type::DesignType;
use crate::abyssale::project::Project;
use crate::id_generator::IdGenerator;

/// The Unix second at which the seeded designs were created.
pub(crate) const CREATED_AT: i64 = 1_780_000_000;

/// A seeded design: its type, its name, the index of its project, and its sheets.
struct DesignSeed {
    kind: DesignType,
    name: &'static str,
    project: usize,
    sheets: &'static [(&'static str, f64, f64, bool)],
}

/// The first one is the design of the seeded banners.
const SEEDS: [DesignSeed; 8] = [
    DesignSeed {
        kind: DesignType::Static,
        name: "Spring",
        project: 0,
        sheets: &[
            ("square", 1_080.0, 1_080.0, true),
            ("landscape", 1_200.0, 628.0, false),
            ("story", 675.0, 1_200.0, false),
            ("medium-rectangle", 900.0, 750.0, true),
            ("postcard", 800.0, 600.0, false),
            ("large-square", 1_200.0, 1_200.0, false),
        ],
    },
    DesignSeed {
        kind: DesignType::Static,
        name: "Summer sale",
        project: 1,
        sheets: &[
            ("leaderboard", 728.0, 90.0, false),
            ("skyscraper", 160.0, 600.0, false),
            ("sticker", 512.0, 512.0, true),
        ],
    },
    DesignSeed {
        kind: DesignType::Animated,
        name: "Spring in motion",
        project: 0,
        sheets: &[
            ("mpu", 300.0, 250.0, false),
            ("half-page", 300.0, 600.0, false),
            ("wide", 640.0, 360.0, false),
        ],
    },
    DesignSeed {
        kind: DesignType::Animated,
        name: "Summer teaser",
        project: 1,
        sheets: &[("leaderboard", 728.0, 90.0, false), ("square", 480.0, 480.0, false)],
    },
    DesignSeed {
        kind: DesignType::Printer,
        name: "Spring flyer",
        project: 2,
        sheets: &[("a5", 148.0, 210.0, false), ("a4", 210.0, 297.0, false)],
    },
    DesignSeed {
        kind: DesignType::Printer,
        name: "Business card",
        project: 2,
        sheets: &[("front", 85.0, 55.0, false), ("back", 85.0, 55.0, false)],
    },
    DesignSeed {
        kind: DesignType::PrinterMultipage,
        name: "Spring brochure",
        project: 2,
        sheets: &[
            ("page_1", 210.0, 297.0, false),
            ("page_2", 210.0, 297.0, false),
            ("page_3", 210.0, 297.0, false),
            ("page_4", 210.0, 297.0, false),
        ],
    },
    DesignSeed {
        kind: DesignType::PrinterMultipage,
        name: "Menu",
        project: 2,
        sheets: &[("page_1", 148.0, 210.0, false), ("page_2", 148.0, 210.0, false)],
    },
];

/// Returns the layers of a design of this type.
fn layers_of(kind: DesignType) -> &'static [Layer] {
    match kind {
        DesignType::Static => layer::STATIC,
        DesignType::Animated => layer::ANIMATED,
        DesignType::Printer | DesignType::PrinterMultipage => layer::PRINTER,
    }
}

/// Returns all seeded designs, the same for the same seed.
pub(crate) fn seed(ids: &IdGenerator) -> Designs {
    let names = ["Landfall", "Summer", "Print"];
    let project = |(number, name): (u64, &&str)| Project {
        id: ids.seeded_uuid("project", number),
        name: (*name).to_owned(),
        created_at: CREATED_AT - 100 + i64::try_from(number).unwrap_or_default(),
    };
    let projects: Vec<Project> = (0..).zip(&names).map(project).collect();
    let mut all = Vec::new();
    for seed in &SEEDS {
        let before = all.iter().filter(|design: &&Design| design.kind == seed.kind).count() as u64;
        let id = ids.seeded_uuid(&format!("{} design", seed.kind.name()), before);
        let age = i64::try_from(all.len()).unwrap_or_default() * 3_600;
        all.push(build_design(ids, seed, id, projects[seed.project].id, CREATED_AT + age));
    }
    Designs { all, projects }
}

fn build_design(ids: &IdGenerator, seed: &DesignSeed, id: Uuid, project: Uuid, created_at: i64) -> Design {
    let unit = if seed.kind.is_print() { "mm" } else { "px" };
    let sheet = |(number, &(name, width, height, transparent)): (u64, &(&str, f64, f64, bool))| Sheet {
        name: name.to_owned(),
        uid: ids.seeded_uuid(&format!("sheet of {id}"), number),
        width,
        height,
        unit,
        transparent,
    };
    Design {
        id,
        name: seed.name.to_owned(),
        kind: seed.kind,
        project,
        created_at,
        updated_at: created_at + 100,
        status: "NONE".to_owned(),
        active: true,
        sheets: (0..).zip(seed.sheets).map(sheet).collect(),
        layers: layers_of(seed.kind),
        deleted: false,
        appears_at: None,
    }
}
