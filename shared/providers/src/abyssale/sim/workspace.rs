//! What the simulated workspace owns from the start: a key, designs and finished banners.

use serde::Serialize;
use uuid::Uuid;

use super::draw::Draw;
use super::picture::Format;
use super::signature::hex;

/// Unix second at which the seeded designs were made.
pub(super) const MADE_AT: i64 = 1_780_000_000;

/// The formats of the seeded banners; each has a name, a size and a file type.
const FORMATS: [(&str, u32, u32, Format); 6] = [
    ("square", 1_080, 1_080, Format::Png),
    ("landscape", 1_200, 628, Format::Jpeg),
    ("story", 675, 1_200, Format::Jpeg),
    ("medium-rectangle", 900, 750, Format::Png),
    ("postcard", 800, 600, Format::Jpeg),
    ("large-square", 1_200, 1_200, Format::Jpeg),
];

/// How many banners are seeded.
const BANNERS: u32 = 12;

/// A finished banner.
#[derive(Debug, Clone)]
pub(super) struct Banner {
    pub(super) id: Uuid,
    pub(super) sharing_id: Uuid,
    /// Counted from 1; drawn on the picture.
    pub(super) number: u32,
    pub(super) format: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) file: Format,
}

/// Seeded designs by type (contract 3.1), for the generations that other routes will offer.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Designs {
    #[serde(rename = "static")]
    pub(super) fixed: Vec<Uuid>,
    pub(super) animated: Vec<Uuid>,
    pub(super) printer: Vec<Uuid>,
    pub(super) printer_multipage: Vec<Uuid>,
}

/// The workspace.
pub(super) struct Workspace {
    pub(super) api_key: String,
    pub(super) project: Uuid,
    pub(super) designs: Designs,
    pub(super) banners: Vec<Banner>,
}

impl Workspace {
    pub(super) fn seeded(draw: &Draw) -> Self {
        let design = |kind: &str, count: u64| (0..count).map(|at| draw.seeded_uuid(kind, at)).collect();
        Self {
            api_key: hex(&draw.seeded("api key", 0)).chars().take(40).collect(),
            project: draw.seeded_uuid("project", 0),
            designs: Designs {
                fixed: design("static design", 2),
                animated: design("animated design", 1),
                printer: design("printer design", 1),
                printer_multipage: design("printer multipage design", 1),
            },
            banners: (1..=BANNERS)
                .zip(FORMATS.iter().cycle())
                .map(|(n, format)| banner(draw, n, format))
                .collect(),
        }
    }

    pub(super) fn banner_ids(&self) -> Vec<Uuid> {
        self.banners.iter().map(|banner| banner.id).collect()
    }

    pub(super) fn banner(&self, id: Uuid) -> Option<&Banner> {
        self.banners.iter().find(|banner| banner.id == id)
    }
}

impl Banner {
    /// The name of its file in an archive. The contract knows no rule for it (section 11).
    pub(super) fn file_name(&self) -> String {
        format!("spring-{:02}-{}.{}", self.number, self.format, self.file.extension())
    }
}

fn banner(draw: &Draw, number: u32, format: &(&'static str, u32, u32, Format)) -> Banner {
    let (name, width, height, file) = *format;
    Banner {
        id: draw.seeded_uuid("banner", u64::from(number)),
        sharing_id: draw.seeded_uuid("sharing", u64::from(number)),
        number,
        format: name,
        width,
        height,
        file,
    }
}
