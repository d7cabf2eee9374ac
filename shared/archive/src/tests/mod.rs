//! Tests with archives of the `zip` crate, of Info-ZIP, 7-Zip and Python, and with damaged and hostile archives.

mod count_files;
mod damaged_data;
mod end_records;
mod entry_methods;
mod fixtures;
mod info_zip;
mod list_entries;
mod other_tools;
mod round_trip;
mod unicode_names;
mod unpack;
// The builder of the flow tests.
#[path = "../../../../tests/flows/unpack/zip_builder.rs"]
mod zip_builder;
