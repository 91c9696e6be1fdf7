//! Reading a recording of one or more files of video.

use std::collections::HashMap;

use retrace_core::Timestamp;
use retrace_core::event::{FramesCaptured, GapDetected};

use super::clip::{Clip, Video};
use super::layout::{Entry, Span, Step, lay_out};
use super::list::{self, Listed};
use super::names::numbered;
use crate::import::{
    About, Candidate, ContentFacts, Files, FormatError, Part, RecordingReader, Sink,
};

/// Reads the files when it is opened; what is left then is to tell of them.
pub(super) struct ClipsReader {
    files: Files,
    parts: Vec<Part>,
    /// By the index of their part; `None` for the list.
    clips: Vec<Option<Clip>>,
    steps: std::vec::IntoIter<Step>,
    about: About,
}

impl ClipsReader {
    pub(super) fn open(candidate: &Candidate, files: &Files) -> Result<Self, FormatError> {
        let several = candidate.parts.len() > 1;
        let (mut clips, mut contents) = (Vec::new(), Vec::<ContentFacts>::new());
        let (mut listed, mut header, mut list_problem) = (Vec::new(), String::new(), None);
        for part in &candidate.parts {
            let mut input = files.open(part)?;
            if several {
                input = input.named(&part.name);
            }
            if part.role == "list" {
                let problem: Option<String>;
                (listed, header, problem) =
                    list::read(&mut input, files.limits().max_header_bytes)?;
                list_problem = problem.map(|problem| format!("`{}`, {problem}", part.name));
                contents.push(input.facts());
                clips.push(None);
            } else {
                let clip = Clip::read(&mut input)?;
                contents.push(clip.content);
                clips.push(Some(clip));
            }
        }
        if clips.iter().flatten().all(|clip| clip.video.is_none()) {
            let problem = clips
                .iter()
                .flatten()
                .find_map(|clip| clip.problem.as_deref());
            let problem = problem.unwrap_or("it has no frame of video");
            return Err(FormatError::Whole(if several {
                format!("no file of it holds video; the first: {problem}")
            } else {
                problem.to_owned()
            }));
        }
        let reader = Self {
            files: files.clone(),
            parts: candidate.parts.clone(),
            about: About {
                format: format_name(candidate, &clips),
                contents,
                header,
                protocol: Some("desktop".to_owned()),
                title: candidate.title(),
                ..About::default()
            },
            clips,
            steps: Vec::new().into_iter(),
        };
        reader.laid_out(&listed, list_problem)
    }

    /// Decides when what is told.
    fn laid_out(
        mut self,
        listed: &[Listed],
        list_problem: Option<String>,
    ) -> Result<Self, FormatError> {
        let (indices, mut notes) = self.without_copies();
        let mut unshown = Vec::new();
        let entry = |index: &usize| {
            let name = &*self.parts[*index].name;
            let video = self.clips[*index]
                .as_ref()
                .and_then(|clip| clip.video.as_ref());
            Entry {
                name,
                number: numbered(name).map_or(0, |(_, number, _)| number),
                span: video.map(span),
            }
        };
        let entries: Vec<Entry<'_>> = indices.iter().map(entry).collect();
        let mut steps = lay_out(&entries, listed);
        let mut ends: HashMap<usize, u64> = HashMap::new();
        for step in &mut steps {
            if let Step::Frames { index, last_us, .. } = step {
                *index = indices[*index];
                ends.insert(*index, *last_us);
            }
        }
        for index in &indices {
            let clip = self.clips[*index].as_ref();
            if clip.is_some_and(|clip| clip.video.is_none() && clip.content.bytes > 0) {
                // Nothing of it can be shown, and all of it is kept.
                unshown.push(*index);
            }
        }
        notes.extend(self.problems());
        notes.extend(list_problem.map(|problem| (0, problem)));
        // What is wrong with a file is told where it ends, or where the one before it does.
        let at = |index: usize| {
            (0..=index)
                .rev()
                .find_map(|index| ends.get(&index).copied())
        };
        let note = |(index, reason)| Step::Note {
            at_us: at(index).unwrap_or(0),
            reason,
        };
        steps.extend(notes.into_iter().map(note));
        steps.extend(unshown.into_iter().map(|index| {
            let at_us = at(index).unwrap_or(0);
            Step::Frames {
                index,
                first_us: at_us,
                last_us: at_us,
            }
        }));
        steps.sort_by_key(Step::at_us);
        self.about.duration_us = steps.iter().map(Step::at_us).max().unwrap_or(0);
        self.steps = steps.into_iter();
        Ok(self)
    }

    /// The files by their index, each content once, and what is said of those that are left out.
    fn without_copies(&self) -> (Vec<usize>, Vec<(usize, String)>) {
        let (mut indices, mut notes) = (Vec::new(), Vec::new());
        let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
        for (index, clip) in self.clips.iter().enumerate() {
            let Some(clip) = clip else { continue };
            match seen.get(&clip.content.sha256) {
                Some(first) if clip.video.is_some() => {
                    let (copy, first) = (&self.parts[index].name, &self.parts[*first].name);
                    notes.push((
                        index,
                        format!("`{copy}` holds the same as `{first}`: it is shown once"),
                    ));
                }
                _ => {
                    seen.insert(clip.content.sha256, index);
                    indices.push(index);
                }
            }
        }
        (indices, notes)
    }

    /// What is wrong with the files, by their index.
    fn problems(&self) -> Vec<(usize, String)> {
        let several = self.parts.len() > 1;
        let said = |(index, clip): (usize, &Option<Clip>)| {
            let problem = clip.as_ref()?.problem.as_ref()?;
            Some((
                index,
                if several {
                    format!("`{}`: {problem}", self.parts[index].name)
                } else {
                    problem.clone()
                },
            ))
        };
        self.clips.iter().enumerate().filter_map(said).collect()
    }

    fn frames(
        &self,
        index: usize,
        video: Option<&Video>,
        (first_us, last_us): (u64, u64),
        sink: &mut Sink<'_>,
    ) -> Result<(), FormatError> {
        let (Some(clip), part) = (&self.clips[index], &self.parts[index]) else {
            return Ok(());
        };
        let blob = sink.blob_known(clip.content, || self.files.open(part))?;
        let size = |of: fn(&Video) -> u32| video.map(of).filter(|pixels| *pixels > 0);
        let captured = FramesCaptured {
            blob: blob.to_string(),
            bytes: clip.content.bytes,
            changed_permille: Vec::new(),
            codec: video.map(|video| video.codec.clone()),
            first_at: sink.at(first_us),
            frame_count: video.map_or(0, |video| video.frames),
            height: size(|video| video.height),
            last_at: sink.at(last_us),
            media_type: clip.media_type.to_owned(),
            width: size(|video| video.width),
        };
        Ok(sink.push(last_us, captured)?)
    }
}

impl RecordingReader for ClipsReader {
    fn started_at(&self) -> Option<Timestamp> {
        let first = self.clips.first()?.as_ref()?;
        Timestamp::from_micros(first.made_us?).ok()
    }

    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        while !sink.is_full() {
            let Some(step) = self.steps.next() else {
                return Ok(false);
            };
            match step {
                Step::Frames {
                    index,
                    first_us,
                    last_us,
                } => {
                    let clip = self.clips[index].as_ref();
                    let video = clip.and_then(|clip| clip.video.clone());
                    self.frames(index, video.as_ref(), (first_us, last_us), sink)?;
                }
                Step::Gap {
                    from_us,
                    to_us,
                    reason,
                } => {
                    self.about.problems.note(reason.clone());
                    let (from, to) = (sink.at(from_us), sink.at(to_us));
                    let channel = "frames".to_owned();
                    sink.push(
                        to_us,
                        GapDetected {
                            channel,
                            from,
                            reason,
                            to,
                        },
                    )?;
                }
                Step::Note { at_us, reason } => {
                    sink.degraded(&mut self.about.problems, at_us, reason)?;
                }
            }
        }
        Ok(true)
    }

    fn about(&mut self) -> Result<About, FormatError> {
        Ok(self.about.clone())
    }
}

fn span(video: &Video) -> Span {
    Span {
        first_us: video.first_us,
        last_us: video.last_us,
        end_us: video.end_us,
    }
}

fn format_name(candidate: &Candidate, clips: &[Option<Clip>]) -> &'static str {
    let is_mp4 = clips
        .iter()
        .flatten()
        .any(|clip| clip.media_type == "video/mp4");
    match (is_mp4, candidate.parts.len() > 1) {
        (true, true) => "mp4-segments",
        (true, false) => "mp4",
        (false, true) => "webm-segments",
        (false, false) => "webm",
    }
}
