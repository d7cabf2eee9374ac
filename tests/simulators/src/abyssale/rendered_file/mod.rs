//! Renders the files of banners: real files that common viewers open.

mod animated_gif;
mod fixture;
mod html5_package;
mod pdf;
mod pixel_font;
mod still_image;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::abyssale::banner::Banner;
use crate::abyssale::file_type::FileType;

/// Renders the file of this version of the banner.
pub(super) fn render(banner: &Banner) -> Bytes {
    let Banner { number, quality, .. } = *banner;
    let (width, height) = pixel_size(banner);
    match banner.file_type {
        FileType::Png | FileType::Jpeg | FileType::Webp => {
            render_image(number, width, height, banner.file_type, quality)
        }
        FileType::Gif => cached_or_render((number, width, height, FileType::Gif, 0), || {
            animated_gif::render(number, width, height)
        }),
        FileType::Pdf => pdf::write_document(banner),
        FileType::Html5 => html5_package::pack(banner, &render_fallback(banner)),
        FileType::Avif => fixture::avif(number),
        FileType::Mp4 => fixture::mp4(number),
    }
}

/// Renders the fallback image of a banner (contract 8, `fallback_image_url`).
pub(super) fn render_fallback(banner: &Banner) -> Bytes {
    let (width, height) = pixel_size(banner);
    render_image(banner.number, width, height, FileType::Jpeg, banner.quality)
}

/// Renders an image of any size, by its number.
pub(super) fn render_image(number: u32, width: u32, height: u32, file_type: FileType, quality: u8) -> Bytes {
    cached_or_render((number, width, height, file_type, quality), || {
        still_image::render(number, width, height, file_type, quality)
    })
}

fn pixel_size(banner: &Banner) -> (u32, u32) {
    whole_pixels(banner.width, banner.height)
}

/// Rounds a size to whole pixels, at least one in each direction.
pub(super) fn whole_pixels(width: f64, height: f64) -> (u32, u32) {
    let round = |length: f64| format!("{:.0}", length.max(1.0)).parse().unwrap_or(1);
    (round(width), round(height))
}

/// The cache key of a rendered file: number, width, height, type, quality.
type RenderedFileKey = (u32, u32, u32, FileType, u8);

/// Files beyond this number are rendered again when they are requested.
const MAX_CACHED_FILES: usize = 256;

/// The cache of rendered files. All simulators of a process share it.
static RENDERED_FILES: Mutex<(BTreeMap<RenderedFileKey, Bytes>, VecDeque<RenderedFileKey>)> =
    Mutex::new((BTreeMap::new(), VecDeque::new()));

fn cached_or_render(key: RenderedFileKey, render: impl FnOnce() -> Bytes) -> Bytes {
    let cached = RENDERED_FILES.lock().unwrap_or_else(PoisonError::into_inner).0.get(&key).cloned();
    if let Some(cached) = cached {
        return cached;
    }
    let bytes = render();
    let mut cache = RENDERED_FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.0.insert(key, bytes.clone()).is_none() {
        cache.1.push_back(key);
    }
    if cache.1.len() > MAX_CACHED_FILES
        && let Some(oldest) = cache.1.pop_front()
    {
        cache.0.remove(&oldest);
    }
    bytes
}
