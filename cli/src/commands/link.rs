//! Use case: a URL to hand on. The one answer that is as good as a key, which is what it is asked for.

use crate::{
    arguments::Linking,
    client::{Function, Linked, link},
    exit::Exit,
    failure::Failure,
    output::{self, Output},
};

/// Prints a link.
///
/// # Errors
/// There is no such job or file, or nobody may sign a link.
pub(super) async fn print(function: &Function, output: &Output, asked: &Linking) -> Result<Exit, Failure> {
    let linked = match &asked.linked.file {
        Some(name) => Linked::File(name),
        None if asked.linked.archive => Linked::Archive,
        None => Linked::Manifest,
    };
    let link = link(function, &asked.job, linked, asked.expires_in).await?;
    output.answer(&link.json, || format!("{}\n", output::clean(&link.url)))?;
    if let Some(end) = link.json["expires_at"].as_str() {
        output.hint(&format!("Whoever has this URL can read the file until {end}."));
    }
    Ok(Exit::Done)
}
