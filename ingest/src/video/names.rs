//! Names of files that belong together: the same but for a number.

use std::collections::BTreeMap;

/// Files of one folder whose names differ in nothing but the number before the ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// What their names begin with.
    pub(crate) prefix: String,
    /// Number and name of each, by number. At least two, and no number twice.
    pub(crate) files: Vec<(u64, String)>,
}

impl Run {
    /// Whether more numbers are there than are missing.
    pub(crate) fn is_dense(&self) -> bool {
        let (first, last) = (self.files[0].0, self.files[self.files.len() - 1].0);
        (last - first) / 2 < self.files.len() as u64
    }
}

/// A name in its parts: `seg-0007.webm` is `seg-`, 7 and `webm` (in lower case).
pub(crate) fn numbered(name: &str) -> Option<(&str, u64, String)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let prefix = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &stem[prefix.len()..];
    // More digits would be a time, or nothing that somebody counts with.
    let number = (1..=9).contains(&digits.len()).then(|| digits.parse())?;
    Some((prefix, number.ok()?, ending.to_ascii_lowercase()))
}

/// The runs among `names`, of files that end like one of `endings`.
pub(crate) fn runs(names: &[String], endings: &[&str]) -> Vec<Run> {
    let mut runs: BTreeMap<(&str, String), Vec<(u64, String)>> = BTreeMap::new();
    for name in names {
        if let Some((prefix, number, ending)) = numbered(name)
            && endings.contains(&&*ending)
        {
            let run = runs.entry((prefix, ending)).or_default();
            run.push((number, name.clone()));
        }
    }
    let run = |((prefix, _), mut files): ((&str, String), Vec<(u64, String)>)| {
        files.sort();
        let twice = files.windows(2).any(|pair| pair[0].0 == pair[1].0);
        (files.len() >= 2 && !twice).then(|| Run {
            prefix: prefix.to_owned(),
            files,
        })
    };
    runs.into_iter().filter_map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_number_before_its_ending() {
        let cases = [
            ("000.webm", Some(("", 0, "webm"))),
            ("seg-0001.webm", Some(("seg-", 1, "webm"))),
            ("clip_00012.MP4", Some(("clip_", 12, "mp4"))),
            ("a.b.7.webm", Some(("a.b.", 7, "webm"))),
            ("005s.png", None),
            ("1763712000123.png", None),
            ("demo.webm", None),
            ("12", None),
            ("é9.webm", Some(("é", 9, "webm"))),
        ];
        for (name, want) in cases {
            let want = want.map(|(prefix, number, ending)| (prefix, number, ending.to_owned()));
            assert_eq!(numbered(name), want, "{name}");
        }
    }

    #[test]
    fn what_is_numbered_alike_is_a_run() {
        let names = [
            "2.webm", "10.webm", "1.webm", "a1.webm", "a2.mp4", "b1.webm", "b01.webm", "c1.webm",
            "c9.webm",
        ]
        .map(str::to_owned);
        let runs = runs(&names, &["webm"]);
        let shown: Vec<_> = runs
            .iter()
            .map(|run| (&*run.prefix, run.files.len(), run.is_dense()))
            .collect();
        assert_eq!(shown, [("", 3, false), ("c", 2, false)]);
        assert_eq!(runs[0].files[2], (10, "10.webm".to_owned()));
    }
}
