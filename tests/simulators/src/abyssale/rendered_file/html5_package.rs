//! Packs an HTML5 banner: a page and its image in a ZIP (contract 3.1, `html5`).

use std::io::{Cursor, Write};

use bytes::Bytes;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::abyssale::banner::{Banner, measure};

/// Returns the package. `image` is the image of the page.
pub(super) fn pack(banner: &Banner, image: &[u8]) -> Bytes {
    let packed = write_archive(&build_page(banner), image);
    Bytes::from(packed.expect("writes to memory succeed and entry names are unique"))
}

fn write_archive(page: &str, image: &[u8]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    archive.start_file("index.html", options.compression_method(CompressionMethod::Deflated))?;
    archive.write_all(page.as_bytes())?;
    archive.start_file("assets/banner.jpg", options.compression_method(CompressionMethod::Stored))?;
    archive.write_all(image)?;
    Ok(archive.finish()?.into_inner())
}

fn build_page(banner: &Banner) -> String {
    let (width, height) = (measure(banner.width), measure(banner.height));
    let (title, target) = (escape_html(&banner.page.title), escape_html(&banner.page.click_tag));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"ad.size\" content=\"width={width},height={height}\">\n<title>{title}</title>\n\
         <style>body {{ margin: 0 }} img {{ animation: in 1s }} @keyframes in {{ from {{ opacity: 0 }} }}</style>\n\
         </head>\n<body>\n<a href=\"{target}\"><img src=\"assets/banner.jpg\" width=\"{width}\" \
         height=\"{height}\" alt=\"{title}\"></a>\n</body>\n</html>\n"
    )
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
