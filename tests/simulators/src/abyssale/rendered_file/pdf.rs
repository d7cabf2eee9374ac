//! Writes PDFs: pages of the format's size with a coloured background, the banner's number and, if requested,
//! crop marks.

use bytes::Bytes;

use crate::abyssale::banner::Banner;
use crate::abyssale::rendered_file::still_image;

/// PDF units per millimetre.
const PER_MILLIMETRE: f64 = 72.0 / 25.4;
/// PDF units per pixel.
const PER_PIXEL: f64 = 0.75;
/// The margin around a page for its crop marks, in PDF units.
const MARGIN: f64 = 28.0;
/// Length of a crop mark.
const MARK: f64 = 20.0;

/// Returns the document of a banner.
pub(super) fn write_document(banner: &Banner) -> Bytes {
    let scale = if banner.unit == "mm" { PER_MILLIMETRE } else { PER_PIXEL };
    let trim = (banner.width * scale, banner.height * scale);
    let margin = if banner.crop_marks { MARGIN } else { 0.0 };
    let kids: Vec<String> = (0..banner.pages).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), banner.pages),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for page in 0..banner.pages {
        let content = page_content(banner.number, page, trim, margin);
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {:.2} {:.2}] /TrimBox [{margin:.2} {margin:.2} {:.2} {:.2}] \
             /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            trim.0 + 2.0 * margin,
            trim.1 + 2.0 * margin,
            trim.0 + margin,
            trim.1 + margin,
            5 + page * 2,
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}endstream", content.len()));
    }
    Bytes::from(assemble_file(&objects))
}

/// Returns the content stream of one page.
fn page_content(number: u32, page: usize, trim: (f64, f64), margin: f64) -> String {
    let angle = u32::try_from(page).unwrap_or_default() * 40 + (number % 360) * 67;
    let [red, green, blue] = still_image::hue(angle).map(|channel| f64::from(channel) / 255.0);
    let size = trim.0.min(trim.1) / 6.0;
    let mut content = format!(
        "{red:.3} {green:.3} {blue:.3} rg {margin:.2} {margin:.2} {:.2} {:.2} re f\n\
         1 1 1 rg BT /F1 {size:.2} Tf {:.2} {:.2} Td (SPRING {number:02}-{}) Tj ET\n",
        trim.0,
        trim.1,
        margin + size / 2.0,
        margin + size / 2.0,
        page + 1,
    );
    if margin > 0.0 {
        content.push_str("0 0 0 RG 0.25 w\n");
        content.extend(crop_marks(trim, margin));
    }
    content
}

/// Returns two lines at each corner, outside the page.
fn crop_marks(trim: (f64, f64), margin: f64) -> impl Iterator<Item = String> {
    let side = move |length: f64, far: bool| if far { margin + length } else { margin };
    [(false, false), (true, false), (false, true), (true, true)].into_iter().map(move |(right, top)| {
        let (x, y) = (side(trim.0, right), side(trim.1, top));
        let (across, up) = (if right { MARK } else { -MARK }, if top { MARK } else { -MARK });
        let near = 0.3;
        format!(
            "{:.2} {y:.2} m {:.2} {y:.2} l S {x:.2} {:.2} m {x:.2} {:.2} l S\n",
            x + across * near,
            x + across * (1.0 + near),
            y + up * near,
            y + up * (1.0 + near),
        )
    })
}

/// Joins the objects to a file with a cross-reference table.
fn assemble_file(objects: &[String]) -> String {
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = String::new();
    for (number, object) in (1..).zip(objects) {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let (count, at) = (objects.len() + 1, file.len());
    file.push_str(&format!(
        "xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n"
    ));
    file
}
