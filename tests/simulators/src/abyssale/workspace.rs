//! The simulated workspace: its API key, designs and banners.

use uuid::Uuid;

use crate::abyssale::banner::{Banner, Banners};
use crate::abyssale::design::seed_designs;
use crate::abyssale::design::{Designs, Sheet};
use crate::id_generator::{IdGenerator, hex};

/// The number of seeded banners.
const SEEDED_BANNERS: u32 = 12;

/// The workspace.
pub(super) struct Workspace {
    pub(super) api_key: String,
    pub(super) designs: Designs,
    pub(super) banners: Banners,
}

impl Workspace {
    /// Returns the seeded workspace.
    pub(super) fn seeded(ids: &IdGenerator) -> Self {
        let designs = seed_designs::seed(ids);
        let mut banners = Banners::default();
        seeded_banners(ids, &designs).into_iter().for_each(|banner| banners.add(banner));
        Self { api_key: hex(&ids.seeded("api key", 0)).chars().take(40).collect(), designs, banners }
    }

    /// Returns the ids of the seeded banners.
    pub(super) fn banner_ids(&self) -> Vec<Uuid> {
        self.banners.first(SEEDED_BANNERS as usize)
    }
}

/// Returns finished banners of the first design, its formats in turn.
fn seeded_banners(ids: &IdGenerator, designs: &Designs) -> Vec<Banner> {
    let Some(design) = designs.all.first() else { return Vec::new() };
    let sheets = design.formats().iter().cycle();
    let banner = |(number, sheet): (u32, &Sheet)| {
        let file_type = design.kind.default_file_type(sheet.transparent);
        let (id, sharing_id) =
            (ids.seeded_uuid("banner", u64::from(number)), ids.seeded_uuid("sharing", u64::from(number)));
        Banner { id, sharing_id, number, ..Banner::of(design, designs, Some(sheet), file_type) }
    };
    (1..=SEEDED_BANNERS).zip(sheets).map(banner).collect()
}

#[cfg(test)]
mod tests {
    //! The seeded banners differ in size, type and number.

    use std::collections::BTreeSet;

    use super::*;
    use crate::abyssale::file_type::FileType;

    #[test]
    fn the_seeded_banners_have_two_types_and_distinct_names() {
        let workspace = Workspace::seeded(&IdGenerator::new(7, 0));
        let banners = workspace.banners.all();
        assert_eq!(banners.len(), 12);
        let types: BTreeSet<_> = banners.iter().map(|banner| banner.file_type).collect();
        assert_eq!(types, BTreeSet::from([FileType::Png, FileType::Jpeg]));
        let names: BTreeSet<_> = banners.iter().map(|banner| banner.file_name()).collect();
        assert_eq!(names.len(), 12);
    }
}
