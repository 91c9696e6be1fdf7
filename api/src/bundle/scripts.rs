//! What the player plays, as scripts: a page that is opened from a disk may run scripts that lie beside it, and read no
//! other file.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use retrace_core::log::merkle::Hash;
use retrace_core::{Position, SessionId};
use retrace_projections::moments::MomentKind;
use retrace_query::{PageRequest, Reader, TimelineFilter};
use serde::Serialize;

use super::BundleError;
use super::pack::Packer;

/// A script of about so many bytes is loaded at once.
const SCRIPT_BYTES: usize = 1 << 20;

/// A list that is cut into scripts: each calls `retraceBundle.put(name, number, isLast, items)`.
pub(super) struct Scripts<'a, W: Write> {
    name: &'static str,
    packer: &'a mut Packer<W>,
    number: u32,
    items: Vec<u8>,
}

impl<'a, W: Write> Scripts<'a, W> {
    pub(super) fn new(name: &'static str, packer: &'a mut Packer<W>) -> Self {
        Self {
            name,
            packer,
            number: 0,
            items: Vec::new(),
        }
    }

    /// The next item.
    pub(super) fn item(&mut self, item: &impl Serialize) -> io::Result<()> {
        // Not before there is more to come: the last script says that it is the last.
        if self.items.len() >= SCRIPT_BYTES {
            self.write(false)?;
        }
        if !self.items.is_empty() {
            self.items.push(b',');
        }
        serde_json::to_writer(&mut self.items, item)?;
        Ok(())
    }

    /// A text, as items of lines.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| self.item(&line))
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write(true)
    }

    fn write(&mut self, is_last: bool) -> io::Result<()> {
        let Self { name, number, .. } = self;
        self.packer
            .begin(&format!("player/data/{name}-{number:06}.js"))?;
        write!(
            self.packer,
            "retraceBundle.put(\"{name}\",{number},{is_last},["
        )?;
        self.packer.write_all(&self.items)?;
        self.packer.write_all(b"]);\n")?;
        self.items.clear();
        self.number += 1;
        Ok(())
    }
}

/// A moment, for the player.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Moment {
    kind: &'static str,
    /// In milliseconds from the start of the session, rounded up: what is named is there.
    at_ms: u64,
    text: String,
}

/// Hands on the moments of a session that events below a position brought to light, in the order of time.
pub(super) fn moments(
    reader: &Reader,
    session: SessionId,
    before: Position,
    mut take: impl FnMut(Moment) -> io::Result<()>,
) -> Result<(), BundleError> {
    let filter = TimelineFilter::default();
    let mut request = PageRequest::first(PageRequest::FIRST_MAX);
    loop {
        let page = reader.timeline(session, &filter, &request)?;
        let (has_next, last) = (
            page.has_next,
            page.items.last().map(|(cursor, _)| cursor.clone()),
        );
        for (_, moment) in page.items {
            if moment.id.position < before {
                take(Moment {
                    kind: kind(moment.kind),
                    at_ms: moment.offset_us.div_ceil(1_000),
                    text: moment.text,
                })?;
            }
        }
        match last {
            Some(cursor) if has_next => request.after = Some(cursor),
            _ => return Ok(()),
        }
    }
}

fn kind(kind: MomentKind) -> &'static str {
    match kind {
        MomentKind::Keys => "keys",
        MomentKind::Command => "command",
        MomentKind::Screen => "screen",
        MomentKind::Marker => "marker",
        MomentKind::Change => "change",
        MomentKind::Process => "process",
        MomentKind::Window => "window",
        MomentKind::Clipboard => "clipboard",
        MomentKind::File => "file",
        MomentKind::Message => "message",
    }
}

/// Hashes as texts in base64.
pub(super) fn base64_of(hashes: &[Hash]) -> Vec<String> {
    hashes
        .iter()
        .map(|hash| BASE64_STANDARD.encode(hash))
        .collect()
}
