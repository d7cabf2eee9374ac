//! The synchronous call: one format of a static design, at once and without an event (contract 4).

use serde_json::Value;
use uuid::Uuid;

use super::super::refusal::Refusal;
use super::super::{AbyssaleSimulator, Moment};
use super::body::{GenerationBody, Operation};

impl AbyssaleSimulator {
    /// Renders one banner and gives it. `original_visual_id` does nothing here (contract 4).
    pub(in super::super) fn render(
        &mut self,
        design: Uuid,
        body: &GenerationBody,
        at: Moment,
    ) -> Result<Value, Refusal> {
        let (banners, _) = self.planned(design, body, Operation::Render, at.now)?;
        if let Some(layer) = self.misfit(body) {
            let message = format!("Element {layer} error: The text cannot fit within the defined space.");
            return Err(Refusal::bad("cannot_build_banner", message));
        }
        let banner =
            banners.into_iter().next().ok_or_else(|| Refusal::not_found("format_not_found", "format"))?;
        let (id, version) = self.add_banner(banner, None, at.now);
        self.state.generations.renders += 1;
        self.banner_view(id, version, at).ok_or_else(Refusal::visual_not_found)
    }
}
