//! A terminal session as pictures that follow each other: its events to what
//! [`retrace_media::terminal`] draws.

use std::time::Duration;

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, StreamName, StreamVersion, Timestamp};
use retrace_media::terminal::Size;
use retrace_media::terminal::font::FontSize;
use retrace_media::terminal::frames::{Animation, Change, Clipped, Extent, FrameSink, Settings};
use retrace_media::terminal::picture::TooLarge;
use retrace_media::terminal::theme::Theme;

use super::PAGE_EVENTS;

/// How a session is shown, where the format is one of pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Showing {
    /// The size of the letters.
    pub font_size: FontSize,
    /// How many times faster than recorded.
    pub speed: f64,
    /// Pauses that are longer are shown as this long; zero for all as they were. `None` for the limit
    /// that the recording names, if it does.
    pub idle_limit: Option<Duration>,
    /// The part of the session that is shown.
    pub stretch: Stretch,
}

/// A part of a session, counted from its start. What it begins with is the screen of that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins.
    pub from: Duration,
    /// Where it ends.
    pub to: Duration,
}

impl Stretch {
    /// The whole session, however long.
    pub const ALL: Self = Self {
        from: Duration::ZERO,
        to: Duration::MAX,
    };

    /// How far into the part a moment of the session is, in microseconds; its end where the moment is behind it.
    fn offset_us(self, of_session_us: u64) -> u64 {
        let within = Duration::from_micros(of_session_us).min(self.to);
        u64::try_from(within.saturating_sub(self.from).as_micros()).unwrap_or(u64::MAX)
    }

    fn is_behind(self, of_session_us: u64) -> bool {
        Duration::from_micros(of_session_us) > self.to
    }
}

impl Default for Showing {
    fn default() -> Self {
        Self {
            font_size: FontSize::DEFAULT,
            speed: 1.0,
            idle_limit: None,
            stretch: Stretch::ALL,
        }
    }
}

/// What must be known of a terminal before its first picture.
pub(super) struct Survey {
    started: Timestamp,
    extent: Extent,
    theme: Theme,
    idle_limit: Option<Duration>,
}

impl Survey {
    /// Reads the events of a terminal below a position. `started` is when its session began.
    pub(super) async fn read(
        log: &dyn EventLog,
        terminal: &StreamName,
        started: Timestamp,
        before: Position,
    ) -> Result<Self, StoreError> {
        let mut survey = Self {
            started,
            extent: Extent::default(),
            theme: Theme::default(),
            idle_limit: None,
        };
        let mut next = StreamVersion(0);
        loop {
            let events = log.read_stream(terminal, next, PAGE_EVENTS).await?;
            next = next.plus(events.len() as u64);
            let in_time = |event: &&Event| event.position() < before;
            let in_time = events.iter().take_while(in_time);
            if in_time.map(|event| survey.note(event)).count() == 0 {
                return Ok(survey);
            }
        }
    }

    fn note(&mut self, event: &Event) {
        if *event.kind() == EventType::TERMINAL_WRITTEN {
            // The text says nothing of the size, and is nearly all that there is to be read.
            self.extent.note(Change::Written(""));
            return;
        }
        let body = body(event);
        if let Some(change) = body.as_ref().and_then(change) {
            self.extent.note(change);
        }
        if let Some(EventBody::SourceAttached(attached)) = body
            && let Some(recording) = attached.recording
        {
            self.idle_limit = recording.idle_limit_us.map(Duration::from_micros);
            self.theme = Theme::of_recording(&recording.header).unwrap_or_default();
        }
    }

    /// What of the terminal the pictures do not show, if anything.
    pub(super) fn clipped(&self) -> Option<Clipped> {
        self.extent.clipped()
    }

    /// How this terminal is shown.
    pub(super) fn settings(&self, showing: Showing) -> Settings {
        let limit = showing.idle_limit.or(self.idle_limit);
        Settings {
            theme: self.theme.clone(),
            font_size: showing.font_size,
            speed: showing.speed,
            idle_limit: limit.filter(|limit| !limit.is_zero()),
            ..Settings::default()
        }
    }

    /// The largest that the terminal is.
    pub(super) fn size(&self) -> Size {
        self.extent.size()
    }

    /// What reads the events of this terminal.
    pub(super) fn reader(&self, showing: Showing) -> Reader {
        Reader {
            started: self.started,
            stretch: showing.stretch,
        }
    }

    /// The film of this terminal, for the sink that is made for its colours.
    pub(super) fn film<S: FrameSink>(
        self,
        showing: Showing,
        sink: impl FnOnce(&Theme) -> S,
    ) -> Result<Film<S>, TooLarge> {
        let sink = sink(&self.theme);
        let settings = self.settings(showing);
        Ok(Film {
            reader: self.reader(showing),
            animation: Animation::new(self.extent, &settings, sink)?,
        })
    }
}

/// Reads what happens to a terminal out of the events of its session.
pub(super) struct Reader {
    started: Timestamp,
    stretch: Stretch,
}

impl Reader {
    /// Tells what happened and when, in microseconds from the start of what is shown; without a change
    /// when the session, or what is shown of it, ended. Other events are passed over.
    pub(super) fn read<E>(
        &self,
        event: &Event,
        tell: impl FnOnce(u64, Option<Change<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let of_session_us = u64::try_from(event.at().micros_since(self.started)).unwrap_or(0);
        let offset_us = self.stretch.offset_us(of_session_us);
        if self.stretch.is_behind(of_session_us) {
            return tell(offset_us, None);
        }
        let is_end = *event.kind() == EventType::SESSION_ENDED;
        match body(event).as_ref().and_then(change) {
            Some(change) => tell(offset_us, Some(change)),
            None if is_end => tell(offset_us, None),
            None => Ok(()),
        }
    }
}

/// The pictures of a session on their way to a sink.
pub(super) struct Film<S> {
    reader: Reader,
    animation: Animation<S>,
}

impl<S: FrameSink> Film<S> {
    /// Takes the next event of the terminal.
    pub(super) fn take(&mut self, event: &Event) -> Result<(), S::Error> {
        let animation = &mut self.animation;
        self.reader.read(event, |offset_us, change| match change {
            Some(change) => animation.apply(offset_us, change),
            None => animation.advance_to(offset_us),
        })
    }

    /// The session is over.
    pub(super) fn finish(self) -> Result<S, S::Error> {
        self.animation.finish()
    }
}

/// What is in the event, if it may have something to say to a terminal.
fn body(event: &Event) -> Option<EventBody> {
    let may_draw = [
        EventType::TERMINAL_WRITTEN,
        EventType::TERMINAL_RESIZED,
        EventType::SOURCE_ATTACHED,
    ];
    if !may_draw.contains(event.kind()) {
        return None;
    }
    let body = event.body();
    if let Err(error) = &body {
        let position = event.position();
        tracing::warn!(%position, %error, "an event is left out of the pictures of its session");
    }
    body.ok()
}

fn change(body: &EventBody) -> Option<Change<'_>> {
    let default = Size::DEFAULT;
    match body {
        EventBody::SourceAttached(attached) if attached.columns.or(attached.rows).is_some() => {
            let columns = attached.columns.unwrap_or(default.columns().into());
            let rows = attached.rows.unwrap_or(default.rows().into());
            Some(Change::Started(Size::clamped(columns, rows)))
        }
        EventBody::TerminalWritten(written) => Some(Change::Written(&written.text)),
        EventBody::TerminalResized(resized) => {
            let size = Size::clamped(resized.columns, resized.rows);
            Some(Change::Resized(size))
        }
        _ => None,
    }
}
