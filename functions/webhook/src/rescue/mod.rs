//! Rescue: reads the items of a job's work one by one, such as the banners of an export.
//!
//! It finds the files of work that cannot be polled and whose callback is lost, and names the files that an archive
//! lacks. It only reads, so it costs nothing at the provider. `rescue_job` runs one short batch of reads in each
//! invocation (`read_items`); what is read so far is in the bucket (`item_reads`), and a queue message continues. The
//! sweep starts it, and starts it again if that message is lost.

pub(crate) mod item_reads;
pub(crate) mod missing_names;
pub(crate) mod read_items;
pub(crate) mod rescue_job;
pub(crate) mod rescue_time;
