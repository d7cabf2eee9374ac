//! The layers of the seeded designs.

/// A layer with its saved values.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) name: &'static str,
    /// `text`, `button`, `image` and so on (contract 5.2).
    pub(crate) kind: &'static str,
    /// Ids of attributes with their saved values.
    pub(crate) attributes: &'static [(&'static str, &'static str)],
}

impl Layer {
    /// Whether it is a group. Only the advanced view includes groups.
    pub(crate) fn is_group(&self) -> bool {
        self.kind == "group"
    }
}

const ROOT: Layer = Layer { name: "root", kind: "container", attributes: &[("background_color", "#FFFFFF")] };

const HEADLINE: Layer = Layer {
    name: "headline",
    kind: "text",
    attributes: &[("payload", "Spring is here"), ("color", "#1A1A1A"), ("font_size", "48")],
};

const PRICE: Layer =
    Layer { name: "price", kind: "text", attributes: &[("payload", "49 €"), ("color", "#D7263D")] };

const CALL_TO_ACTION: Layer = Layer {
    name: "cta",
    kind: "button",
    attributes: &[("payload", "Shop now"), ("background_color", "#0B6E4F")],
};

const PRODUCT: Layer = Layer {
    name: "product",
    kind: "image",
    attributes: &[("image_url", "https://images.example/product.jpg"), ("fitting_type", "cover")],
};

const LOGO: Layer =
    Layer { name: "logo", kind: "logo", attributes: &[("image_url", "https://images.example/logo.png")] };

const BADGE: Layer = Layer { name: "badge", kind: "group", attributes: &[] };

const CLIP: Layer =
    Layer { name: "clip", kind: "video", attributes: &[("video_url", "https://videos.example/clip.mp4")] };

const MUSIC: Layer =
    Layer { name: "music", kind: "audio", attributes: &[("audio_url", "https://sounds.example/tune.mp3")] };

const CODE: Layer =
    Layer { name: "code", kind: "qrcode", attributes: &[("payload", "https://shop.example/spring")] };

pub(crate) const STATIC: &[Layer] = &[ROOT, HEADLINE, PRICE, CALL_TO_ACTION, PRODUCT, LOGO, BADGE];
pub(crate) const ANIMATED: &[Layer] = &[ROOT, HEADLINE, CALL_TO_ACTION, PRODUCT, CLIP, MUSIC];
pub(crate) const PRINTER: &[Layer] = &[ROOT, HEADLINE, PRICE, PRODUCT, LOGO, CODE];
