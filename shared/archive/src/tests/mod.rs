//! Tests with archives of the `zip` crate and of Info-ZIP, and with damaged and hostile archives.

mod count_files;
mod damaged_data;
mod fixtures;
mod info_zip;
mod list_entries;
mod round_trip;
mod unpack;
