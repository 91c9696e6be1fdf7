//! What is to be done for a session, from what its read model says.

use retrace_core::Timestamp;
use retrace_core::settings::Settings;
use retrace_query::video::{Clip, Footage, Product, ProductState, Touched};

use super::{CLAIM_LASTS, GUACAMOLE, LIVE_PIECE_US, MP4, THUMBNAILS, WEBM};

/// Something to do for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// Make video of its pictures, from then on; in microseconds from the start of the session.
    Encode {
        /// What was encoded already ends here.
        from_us: Option<i64>,
    },
    /// Measure changes, and make thumbnails.
    Analyze,
    /// Make an MP4.
    Mp4,
}

impl Need {
    /// What is claimed.
    pub(super) fn media_type(&self) -> &'static str {
        match self {
            Self::Encode { .. } => WEBM,
            Self::Analyze => THUMBNAILS,
            Self::Mp4 => MP4,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// This, now.
    Now(Need),
    /// Perhaps something: another node works on it, or too little has come so far.
    Later,
    /// Nothing until something happens.
    Nothing,
}

/// What the read model knows of a session.
pub(super) struct Known<'a> {
    pub(super) touched: &'a Touched,
    pub(super) footage: &'a [Footage],
    pub(super) clips: &'a [Clip],
    pub(super) products: &'a [Product],
}

pub(super) fn is_picture(media_type: &str) -> bool {
    media_type == GUACAMOLE || media_type.starts_with("image/")
}

impl Known<'_> {
    /// What is to be done by the node `node`, at `now`.
    pub(super) fn due(&self, settings: &Settings, node: &str, now: Timestamp) -> Due {
        let mut later = false;
        for need in [self.encode(), self.analyze(), self.mp4(settings)] {
            match need {
                Due::Now(need) if self.is_free(need.media_type(), node, now) => {
                    return Due::Now(need);
                }
                Due::Now(_) | Due::Later => later = true,
                Due::Nothing => {}
            }
        }
        if later { Due::Later } else { Due::Nothing }
    }

    fn product(&self, media_type: &str) -> Option<&Product> {
        self.products
            .iter()
            .find(|product| product.media_type == media_type)
    }

    fn state(&self, media_type: &str) -> Option<ProductState> {
        self.product(media_type).map(|product| product.state)
    }

    /// Whether nobody else works on it.
    fn is_free(&self, media_type: &str, node: &str, now: Timestamp) -> bool {
        let Some(product) = self.product(media_type) else {
            return true;
        };
        let age_us = now.micros_since(product.changed_at);
        let is_old = age_us > i64::try_from(CLAIM_LASTS.as_micros()).unwrap_or(i64::MAX);
        product.state != ProductState::Working || product.node.as_deref() == Some(node) || is_old
    }

    fn pictures(&self) -> impl Iterator<Item = &Footage> {
        self.footage
            .iter()
            .filter(|piece| !piece.made && is_picture(&piece.media_type))
    }

    fn encode(&self) -> Due {
        let Some(captured_us) = self.pictures().map(|piece| piece.last_us).max() else {
            return Due::Nothing;
        };
        let made = self.footage.iter().filter(|piece| piece.made);
        let from_us = made.map(|piece| piece.last_us).max();
        let is_behind = from_us.is_none_or(|made_us| captured_us > made_us);
        match self.state(WEBM) {
            Some(ProductState::Failed) => Due::Nothing,
            Some(ProductState::Completed) if !is_behind => Due::Nothing,
            _ if self.touched.ended => Due::Now(Need::Encode { from_us }),
            _ => {
                let first_us = self
                    .pictures()
                    .map(|piece| piece.first_us)
                    .min()
                    .unwrap_or(0);
                let gathered = captured_us.saturating_sub(from_us.unwrap_or(first_us));
                if gathered >= LIVE_PIECE_US {
                    Due::Now(Need::Encode { from_us })
                } else {
                    Due::Later
                }
            }
        }
    }

    /// Whether the footage is all there, so that what is made of all of it can be made.
    fn is_whole(&self) -> bool {
        self.touched.ended && self.encode() == Due::Nothing
    }

    fn has_mp4_footage(&self) -> bool {
        self.footage.iter().any(|piece| piece.media_type == MP4)
    }

    fn analyze(&self) -> Due {
        let can_play = !self.clips.is_empty() || self.has_mp4_footage();
        match self.state(THUMBNAILS) {
            Some(ProductState::Failed | ProductState::Completed) => Due::Nothing,
            _ if can_play && self.is_whole() => Due::Now(Need::Analyze),
            _ => Due::Nothing,
        }
    }

    fn mp4(&self, settings: &Settings) -> Due {
        let can_play = !self.clips.is_empty() || self.has_mp4_footage();
        // What was captured as MP4 plays as one file only once it is joined.
        let always = !settings.video.on_demand || self.has_mp4_footage();
        match self.state(MP4) {
            Some(ProductState::Failed | ProductState::Completed) => Due::Nothing,
            None if !always => Due::Nothing,
            _ if can_play && self.is_whole() => Due::Now(Need::Mp4),
            Some(_) => Due::Later,
            None => Due::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::blob::BlobDigest;
    use retrace_core::{Position, SessionId};

    use super::*;

    fn piece(made: bool, media_type: &str, first_s: i64, last_s: i64) -> Footage {
        Footage {
            position: Position(0),
            made,
            source: "agent".to_owned(),
            media_type: media_type.to_owned(),
            blob: BlobDigest::of(b""),
            bytes: 1,
            first_us: first_s * 1_000_000,
            last_us: last_s * 1_000_000,
            frames: 1,
            problem: None,
        }
    }

    fn product(media_type: &str, state: ProductState, node: &str, age_s: i64) -> Product {
        Product {
            media_type: media_type.to_owned(),
            state,
            by: None,
            node: Some(node.to_owned()),
            changed_at: now().saturating_add_micros(-age_s * 1_000_000),
            blob: None,
            bytes: None,
            duration_us: None,
            reason: None,
        }
    }

    fn now() -> Timestamp {
        "2026-03-01T08:00:00Z".parse().unwrap()
    }

    fn clip() -> Clip {
        Clip {
            number: 1,
            first_us: 0,
            last_us: 1,
            codec: "V_VP9".to_owned(),
            width: 1,
            height: 1,
            frames: 1,
            bytes: 1,
            source: "agent".to_owned(),
        }
    }

    #[test]
    fn pictures_become_video_then_thumbnails_then_an_mp4_where_one_is_wanted() {
        use ProductState::{Completed, Failed, Requested, Working};
        let encode = |from_s: Option<i64>| {
            Due::Now(Need::Encode {
                from_us: from_s.map(|s| s * 1_000_000),
            })
        };
        let shots = || {
            vec![
                piece(false, "image/png", 0, 0),
                piece(false, "image/png", 30, 30),
            ]
        };
        let encoded = |until| [shots(), vec![piece(true, WEBM, 0, until)]].concat();
        let webm = || vec![piece(false, WEBM, 0, 5)];
        type Case = (&'static str, bool, Vec<Footage>, Vec<Product>, bool, Due);
        let cases: [Case; 16] = [
            ("no footage", true, vec![], vec![], true, Due::Nothing),
            ("pictures", true, shots(), vec![], true, encode(None)),
            ("live, enough", false, shots(), vec![], true, encode(None)),
            (
                "live, too little",
                false,
                encoded(25),
                vec![],
                true,
                Due::Later,
            ),
            (
                "the rest",
                true,
                encoded(25),
                vec![],
                true,
                encode(Some(25)),
            ),
            (
                "to be finished",
                true,
                encoded(30),
                vec![],
                true,
                encode(Some(30)),
            ),
            (
                "failed",
                true,
                shots(),
                vec![product(WEBM, Failed, "a", 0)],
                true,
                Due::Nothing,
            ),
            (
                "asked again",
                true,
                shots(),
                vec![product(WEBM, Requested, "a", 0)],
                true,
                encode(None),
            ),
            (
                "ours",
                true,
                shots(),
                vec![product(WEBM, Working, "me", 0)],
                true,
                encode(None),
            ),
            (
                "another's",
                true,
                shots(),
                vec![product(WEBM, Working, "a", 10)],
                true,
                Due::Later,
            ),
            (
                "given up",
                true,
                shots(),
                vec![product(WEBM, Working, "a", 301)],
                true,
                encode(None),
            ),
            (
                "captured as it plays",
                true,
                webm(),
                vec![],
                true,
                Due::Now(Need::Analyze),
            ),
            ("live", false, webm(), vec![], true, Due::Nothing),
            (
                "done",
                true,
                webm(),
                vec![product(THUMBNAILS, Completed, "a", 0)],
                true,
                Due::Nothing,
            ),
            (
                "always MP4",
                true,
                webm(),
                vec![product(THUMBNAILS, Completed, "a", 0)],
                false,
                Due::Now(Need::Mp4),
            ),
            (
                "asked for",
                true,
                webm(),
                vec![
                    product(THUMBNAILS, Completed, "a", 0),
                    product(MP4, Requested, "a", 0),
                ],
                true,
                Due::Now(Need::Mp4),
            ),
        ];
        for (name, ended, footage, products, on_demand, want) in cases {
            let mut settings = Settings::default();
            settings.video.on_demand = on_demand;
            let touched = Touched {
                session: SessionId::launched_now(),
                started: now(),
                position: Position(0),
                ended,
                next_version: 0,
            };
            let plays = footage.iter().any(|piece| piece.media_type == WEBM);
            let clips: Vec<Clip> = plays.then(clip).into_iter().collect();
            let known = Known {
                touched: &touched,
                footage: &footage,
                clips: &clips,
                products: &products,
            };
            assert_eq!(known.due(&settings, "me", now()), want, "{name}");
        }
    }
}
