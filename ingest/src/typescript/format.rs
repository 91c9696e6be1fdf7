//! typescript, as the importer sees it: which files belong together.
//!
//! | files | are partners when |
//! |---|---|
//! | a timing that names its logs, and those | the names, without folders, are those in the timing |
//! | `X.timing` (or `.time`, `.tm`), and `X`, `X.out`, `X.in`, `X.io`, `X.typescript`, … | they have the stem in common |
//! | `typescript`, and `timing`, `timingfile`, `timing.log`, `typescript.timing` | so they are named in manuals |

use std::collections::BTreeMap;

use super::header;
use super::reader::{Reader, Streams};
use super::timing::{self, Kind, Record, What};
use crate::import::{
    Candidate, Files, Folder, Format, FormatError, ImportError, Input, Look, Part, RecordingReader,
};

const OUTPUT: &str = "output";
const INPUT: &str = "input";
const TOGETHER: &str = "output and input";
const TIMING: &str = "timing";

/// How timings are named that have no stem in common with `typescript`.
const USUAL_TIMINGS: [&str; 5] = [
    "timing",
    "timingfile",
    "timing.log",
    "timing.txt",
    "script.timing",
];

/// The format of `script`.
#[derive(Debug)]
pub struct Typescript;

impl Format for Typescript {
    fn name(&self) -> &'static str {
        "typescript"
    }

    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        let found = if timing::kind_of(file.beginning(), file.is_all()).is_some() {
            self.with_timing(file)
        } else if header::begins(file.beginning()) {
            let with_timing = timing_of(file).and_then(|timing| self.with_timing(&timing));
            let has_file =
                |found: &Candidate| found.parts.iter().any(|part| part.path == file.path());
            let alone = || {
                let typed = role_by_name(&file.name()) == INPUT;
                candidate(self, vec![file.part(if typed { INPUT } else { OUTPUT })])
            };
            Some(with_timing.filter(has_file).unwrap_or_else(alone))
        } else {
            None
        };
        Ok(found.into_iter().collect())
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        let several = candidate.parts.len() > 1;
        let open = |role: &str| -> Result<_, FormatError> {
            let Some(part) = candidate.part(role) else {
                return Ok(None);
            };
            let input = files.open_good(part)?;
            Ok(Some(if several {
                input.named(&part.name)
            } else {
                input
            }))
        };
        let together = open(TOGETHER)?;
        let streams = Streams {
            together: together.is_some(),
            output: match together {
                Some(together) => Some(together),
                None => open(OUTPUT)?,
            },
            input: open(INPUT)?,
            timing: open(TIMING)?,
        };
        Ok(Box::new(Reader::open(streams, files.limits())?))
    }

    fn open_kept(
        &self,
        candidate: &Candidate,
        index: usize,
        files: &Files,
    ) -> Result<Input, FormatError> {
        files.open_good(&candidate.parts[index])
    }
}

/// The parts in the order in which the reader tells their digests. What was written stands for all.
fn candidate(format: &'static Typescript, mut parts: Vec<Part>) -> Candidate {
    let order = [OUTPUT, TOGETHER, INPUT, TIMING];
    parts.sort_by_key(|part| order.iter().position(|role| *role == part.role));
    Candidate {
        format,
        path: parts[0].path.clone(),
        parts,
        section: None,
    }
}

impl Typescript {
    /// The recording that a timing belongs to. `None` when its partners are not there.
    fn with_timing(&'static self, timing: &Look<'_>) -> Option<Candidate> {
        let facts = facts_of(timing.beginning());
        let folder = timing.folder();
        let log = |fact: &str| {
            let name = base_name(facts.get(fact)?);
            folder
                .look(&name)
                .filter(|file| file.path() != timing.path())
        };
        let mut parts = Vec::new();
        if let (Some(output), Some(input)) = (log("OUTPUT_LOG"), log("INPUT_LOG")) {
            if output.path() == input.path() {
                parts.push(output.part(TOGETHER));
            } else {
                parts.extend([output.part(OUTPUT), input.part(INPUT)]);
            }
        } else {
            // They were renamed: whether both are in one file is known all the same.
            let in_one = facts.contains_key("OUTPUT_LOG")
                && facts.get("OUTPUT_LOG") == facts.get("INPUT_LOG");
            for file in partners(timing) {
                let role = match role_by_name(&file.name()) {
                    OUTPUT if in_one => TOGETHER,
                    role => role,
                };
                if parts.iter().all(|part: &Part| part.role != role) {
                    parts.push(file.part(role));
                }
            }
        }
        if parts.is_empty() {
            return None;
        }
        parts.push(timing.part(TIMING));
        Some(candidate(self, parts))
    }
}

/// The files with bytes that have the stem of a timing.
fn partners<'a>(timing: &Look<'a>) -> Vec<Look<'a>> {
    let (folder, name) = (timing.folder(), timing.name());
    let usual = USUAL_TIMINGS.contains(&name.as_str());
    let is_partner = |other: &&String| {
        **other != timing.file_name()
            && (stem(&plain(other)) == stem(&name) || usual && plain(other) == "typescript")
    };
    let names = with_stem(folder, &stem(&name), usual.then_some("typescript"));
    names
        .filter(is_partner)
        .filter_map(|name| folder.look(name))
        .filter(|file| header::begins(file.beginning()))
        .collect()
}

/// The timing that a file with bytes belongs to.
fn timing_of<'a>(file: &Look<'a>) -> Option<Look<'a>> {
    /// In a folder of many recordings a timing is found by its stem, or not at all.
    const LOOKED_AT: usize = 64;
    let (folder, name) = (file.folder(), file.name());
    let is_timing = |file: &Look<'_>| timing::kind_of(file.beginning(), file.is_all());
    let stems = [stem(&name), name.clone()];
    for stem_of_it in &stems {
        let near = with_stem(folder, stem_of_it, None)
            .filter(|other| **other != file.file_name())
            .filter(|other| stem(&plain(other)) == *stem_of_it);
        let found = near
            .filter_map(|name| folder.look(name))
            .find(|file| is_timing(file).is_some());
        if found.is_some() {
            return found;
        }
    }
    let mut others = folder
        .names()
        .iter()
        .filter(|name| name.to_ascii_lowercase().contains("tim"));
    if others.clone().count() > LOOKED_AT {
        return None;
    }
    others.find_map(|other| {
        let timing = folder.look(other)?;
        let names_it = match is_timing(&timing)? {
            Kind::Classic => {
                name == "typescript" && USUAL_TIMINGS.contains(&timing.name().as_str())
            }
            Kind::Streams => {
                let facts = facts_of(timing.beginning());
                let logs = ["OUTPUT_LOG", "INPUT_LOG"].into_iter();
                logs.filter_map(|log| facts.get(log))
                    .any(|log| base_name(log) == name)
                    || name == "typescript" && USUAL_TIMINGS.contains(&timing.name().as_str())
            }
        };
        names_it.then_some(timing)
    })
}

/// The names in a folder that begin with `stem`, and `also`.
fn with_stem<'a>(
    folder: &'a Folder,
    stem: &str,
    also: Option<&str>,
) -> impl Iterator<Item = &'a String> + use<'a> {
    let names = folder.names();
    let run = |from: &str| {
        let from = from.to_owned();
        let first = names.partition_point(|name| *name < from);
        names[first..]
            .iter()
            .take_while(move |name| name.starts_with(&from))
    };
    run(stem).chain(also.map(run).into_iter().flatten())
}

/// The facts that the first lines of a timing tell.
fn facts_of(beginning: &[u8]) -> BTreeMap<String, String> {
    let records = beginning.split(|&b| b == b'\n').map_while(Record::read);
    let facts = records.map_while(|record| match record.what {
        What::Fact { name, value } => Some((name.to_owned(), value.to_owned())),
        _ => None,
    });
    facts.collect()
}

fn base_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// A name without the ending of a compression.
fn plain(name: &str) -> String {
    let packed = [".gz", ".bz2", ".zst"];
    let plain = packed.iter().find_map(|ending| name.strip_suffix(ending));
    plain.unwrap_or(name).to_owned()
}

/// A name without its last ending, and without a word for what it is.
fn stem(name: &str) -> String {
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    let words = ["-timing", "_timing", "-typescript", "_typescript"];
    let bare = words.iter().find_map(|word| stem.strip_suffix(word));
    bare.unwrap_or(stem).to_owned()
}

fn role_by_name(name: &str) -> &'static str {
    match name.to_ascii_lowercase().rsplit_once('.') {
        Some((_, "in" | "input" | "stdin")) => INPUT,
        Some((_, "io")) => TOGETHER,
        _ => OUTPUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_what_partners_have_in_common() {
        let cases = [
            ("two.timing", "two"),
            ("two.out", "two"),
            ("db-1.2026.timing", "db-1.2026"),
            ("typescript", "typescript"),
            ("ops-timing", "ops"),
            ("ops_typescript.log", "ops"),
            (".timing", ".timing"),
        ];
        for (name, want) in cases {
            assert_eq!(stem(name), want, "{name}");
        }
    }
}
