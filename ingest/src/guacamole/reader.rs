//! Reading a dump that is finished.

use retrace_core::Timestamp;

use super::dump::{Dump, Known};
use super::opening::{OPENING_BYTES_MAX, Opening, protocol};
use super::telling::{Telling, counts, tell_problems, us};
use crate::import::{About, Candidate, Files, FormatError, Input, RecordingReader, Sink};

const READ_BYTES: usize = 256 << 10;

/// Reads a dump from a file.
pub(super) struct DumpReader {
    input: Input,
    opening: Opening,
    dump: Dump,
    telling: Option<Telling>,
    stage: Stage,
    about: About,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    /// All pieces are cut.
    AtEnd,
    /// What comes behind the pieces is being told.
    Closing,
}

impl DumpReader {
    pub(super) fn open(candidate: &Candidate, files: &Files) -> Result<Self, FormatError> {
        let mut input = files.open(&candidate.parts[0])?.keeping_what_is_good();
        let beginning = input.peek(OPENING_BYTES_MAX)?;
        if beginning.is_empty() {
            return Err(FormatError::Whole("it is empty".to_owned()));
        }
        if !super::opening::has_instruction(beginning) {
            let problem = "expected an instruction of the Guacamole protocol";
            return Err(input.at_byte(problem));
        }
        let is_all = beginning.len() < OPENING_BYTES_MAX;
        let opening = Opening::of(beginning, is_all);
        let opening = opening.ok_or_else(|| input.at_byte("expected more of the dump"))?;
        Ok(Self {
            input,
            dump: Dump::new(Known::default()),
            telling: None,
            stage: Stage::Reading,
            about: about_dump(candidate, &opening),
            opening,
        })
    }

    /// What comes next to be told; none when there is nothing more.
    fn next_telling(&mut self) -> Result<Option<Telling>, FormatError> {
        loop {
            if let Some(piece) = self.dump.piece() {
                return Ok(Some(Telling::of(piece)));
            }
            match self.stage {
                Stage::Reading => {
                    let bytes = self.input.peek(READ_BYTES)?;
                    let count = bytes.len();
                    if count == 0 {
                        self.dump.finish();
                        self.stage = Stage::AtEnd;
                    } else {
                        self.dump.push(bytes);
                        self.input.skip(count);
                    }
                }
                Stage::AtEnd => {
                    self.stage = Stage::Closing;
                    return Ok(Some(Telling::last(self.dump.last_events())));
                }
                Stage::Closing => return Ok(None),
            }
        }
    }
}

impl RecordingReader for DumpReader {
    fn started_at(&self) -> Option<Timestamp> {
        self.opening.started_at
    }

    fn go_on(&mut self, cuts: &[u64], loose: usize) {
        self.dump = Dump::new(Known {
            cuts: cuts.iter().copied().collect(),
            loose,
        });
    }

    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        while !sink.is_full() {
            if self.telling.is_none() {
                self.telling = self.next_telling()?;
            }
            let Some(telling) = &mut self.telling else {
                if let Some(damage) = self.input.damage() {
                    let reason = damage.to_string();
                    sink.degraded(
                        &mut self.about.problems,
                        us(self.dump.duration_ms()),
                        reason,
                    )?;
                }
                tell_problems(&self.dump, sink, &mut self.about.problems)?;
                return Ok(false);
            };
            if !telling.tell(sink)? {
                self.telling = None;
            }
        }
        Ok(true)
    }

    fn about(&mut self) -> Result<About, FormatError> {
        Ok(About {
            identity: Some(self.opening.identity),
            contents: vec![self.input.facts()],
            duration_us: us(self.dump.duration_ms()),
            header: counts(&self.dump),
            ..self.about.clone()
        })
    }
}

/// What is known of a dump by how it opens.
pub(crate) fn about_dump(candidate: &Candidate, opening: &Opening) -> About {
    let title = opening.name.clone().or_else(|| candidate.title());
    About {
        format: "guacamole",
        identity: Some(opening.identity),
        protocol: protocol([opening.name.as_deref(), candidate.title().as_deref()])
            .or_else(|| Some("desktop".to_owned())),
        title,
        ..About::default()
    }
}
