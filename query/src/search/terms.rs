//! Words that are not given letter for letter: which words of the index they are.
//!
//! Expressions, beginnings and words with slips are automata that walk the dictionary of each segment once, in time
//! bounded by a number of steps, before anything is searched: what stands for too many words is an error that says so.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use retrace_projections::moments::MomentsView;
use tantivy::index::SegmentId;
use tantivy::postings::TermInfo;
use tantivy::query::{
    BitSetDocSet, ConstScorer, DfaWrapper, EmptyScorer, EnableScoring, Explanation, FuzzyTermQuery,
    Query, Scorer, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError, Term};
use tantivy_fst::{Automaton, Regex};

use super::syntax::{InvalidQuery, Span, TextMatch};
use crate::QueryError;

/// So many words a pattern may stand for, in all segments together.
const TERMS_MAX: usize = 50_000;
/// So many the beginning of a word may stand for that stands behind others: each is looked for beside them.
pub(super) const TERMS_IN_PHRASE_MAX: u32 = 2_000;
/// So many steps the automaton may take in all dictionaries together.
const STEPS_MAX: u64 = 5_000_000;
/// So long an expression may be when what it counts (`{3,5}`) is written out: its automaton takes time in proportion.
const REGEX_WRITTEN_OUT_MAX: usize = 400;
/// Documents of few words are sorted, those of many are marked.
const SORTED_MAX: u64 = 2_048;

/// A pattern of words.
#[derive(Clone)]
pub(super) enum Pattern {
    Begins(String),
    Like(Arc<DfaWrapper>),
    Regex(Arc<Regex>),
}

impl Pattern {
    /// The pattern that is looked for; none when it is words as they are.
    pub(super) fn of(
        text: &TextMatch,
        field: Field,
        span: &Span,
    ) -> Result<Option<Self>, QueryError> {
        match text {
            TextMatch::Words { words, prefix } => {
                let last = words.last().filter(|_| *prefix);
                Ok(last.map(|word| Self::Begins(word.clone())))
            }
            TextMatch::Like { word, letters } => {
                let term = Term::from_field_text(field, word);
                let like = FuzzyTermQuery::new(term, *letters, true);
                let automaton = like.automaton().map_err(QueryError::internal)?;
                Ok(Some(Self::Like(Arc::new(automaton))))
            }
            TextMatch::Regex(regex) => {
                if written_out(regex) > REGEX_WRITTEN_OUT_MAX {
                    return Err(InvalidQuery::new(
                        span.clone(),
                        "an expression that counts too much",
                        format!(
                            "at most {REGEX_WRITTEN_OUT_MAX} characters when it is written out"
                        ),
                    )
                    .into());
                }
                let compiled = Regex::new(&format!("(?i){regex}")).map_err(|error| {
                    let error = error.to_string();
                    let last = error.lines().last().unwrap_or_default();
                    InvalidQuery::new(
                        span.clone(),
                        format!(
                            "the expression `{regex}` ({})",
                            last.trim_start_matches("error: ")
                        ),
                        "a regular expression of a word, small enough",
                    )
                })?;
                Ok(Some(Self::Regex(Arc::new(compiled))))
            }
        }
    }

    /// Whether a word fits.
    pub(super) fn fits(&self, word: &str) -> bool {
        match self {
            Self::Begins(begin) => word.starts_with(begin),
            Self::Like(automaton) => accepts(&**automaton, word),
            Self::Regex(regex) => accepts(&**regex, word),
        }
    }
}

/// About how long an expression is without `{n,m}`: as if all of them stood in each other.
fn written_out(regex: &str) -> usize {
    let counted = regex.split('{').skip(1).filter_map(|behind| {
        let inside = behind.split('}').next()?;
        inside
            .rsplit(',')
            .find_map(|number| number.trim().parse::<usize>().ok())
    });
    let times = counted.fold(1, |times: usize, count| times.saturating_mul(count.max(1)));
    times.saturating_mul(regex.chars().count())
}

fn accepts<A: Automaton>(automaton: &A, word: &str) -> bool {
    let end = word.bytes().fold(automaton.start(), |state, byte| {
        automaton.accept(&state, byte)
    });
    automaton.is_match(&end)
}

/// Finds the words of the index that fit.
pub(super) fn expand(
    view: &MomentsView,
    field: Field,
    pattern: &Pattern,
    in_phrase: bool,
    span: &Span,
) -> Result<Terms, QueryError> {
    let mut of_segments = HashMap::new();
    let (left, mut count) = (Cell::new(STEPS_MAX), 0);
    let limit = if in_phrase {
        TERMS_IN_PHRASE_MAX as usize
    } else {
        TERMS_MAX
    };
    for reader in view.searcher.segment_readers() {
        let index = reader.inverted_index(field).map_err(QueryError::internal)?;
        let mut infos = Vec::new();
        let mut add = |info: &TermInfo| {
            infos.push(info.clone());
            count += 1;
            count <= limit
        };
        let walked = match pattern {
            Pattern::Begins(begin) => {
                index
                    .terms()
                    .range()
                    .ge(begin)
                    .into_stream()
                    .map(|mut terms| {
                        while terms.advance() && terms.key().starts_with(begin.as_bytes()) {
                            if !add(terms.value()) {
                                break;
                            }
                        }
                    })
            }
            Pattern::Like(automaton) => walk(index.terms(), &**automaton, &left, add),
            Pattern::Regex(regex) => walk(index.terms(), &**regex, &left, add),
        };
        walked.map_err(QueryError::internal)?;
        if count > limit || left.get() == 0 {
            return Err(InvalidQuery::new(
                span.clone(),
                "what too many words may be",
                "more letters, at its beginning above all",
            )
            .into());
        }
        of_segments.insert(reader.segment_id(), infos);
    }
    Ok(Terms {
        field,
        of_segments: Arc::new(of_segments),
    })
}

fn walk<A>(
    terms: &tantivy::termdict::TermDictionary,
    automaton: &A,
    left: &Cell<u64>,
    mut add: impl FnMut(&TermInfo) -> bool,
) -> std::io::Result<()>
where
    A: Automaton,
    A::State: Clone,
{
    let bounded = Bounded { automaton, left };
    let mut found = terms.search(bounded).into_stream()?;
    while found.advance() {
        if !add(found.value()) {
            break;
        }
    }
    Ok(())
}

/// An automaton that stands still after so many steps.
struct Bounded<'a, A> {
    automaton: &'a A,
    left: &'a Cell<u64>,
}

impl<A: Automaton> Automaton for Bounded<'_, A> {
    type State = Option<A::State>;

    fn start(&self) -> Self::State {
        Some(self.automaton.start())
    }

    fn is_match(&self, state: &Self::State) -> bool {
        state
            .as_ref()
            .is_some_and(|state| self.automaton.is_match(state))
    }

    fn can_match(&self, state: &Self::State) -> bool {
        state
            .as_ref()
            .is_some_and(|state| self.automaton.can_match(state))
    }

    fn accept(&self, state: &Self::State, byte: u8) -> Self::State {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        let state = state.as_ref().filter(|_| left > 0)?;
        Some(self.automaton.accept(state, byte))
    }
}

/// A few documents, in order.
struct Sorted {
    documents: Vec<DocId>,
    at: usize,
}

impl DocSet for Sorted {
    fn advance(&mut self) -> DocId {
        self.at = (self.at + 1).min(self.documents.len());
        self.doc()
    }

    fn doc(&self) -> DocId {
        self.documents.get(self.at).copied().unwrap_or(TERMINATED)
    }

    fn seek(&mut self, target: DocId) -> DocId {
        let behind = &self.documents[self.at..];
        self.at += behind.partition_point(|document| *document < target);
        self.doc()
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.documents.len()).unwrap_or(u32::MAX)
    }
}

/// Holds for documents that have one of the words.
#[derive(Clone)]
pub(super) struct Terms {
    field: Field,
    of_segments: Arc<HashMap<SegmentId, Vec<TermInfo>>>,
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

impl Query for Terms {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Terms {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let infos = self.of_segments.get(&reader.segment_id());
        let infos = infos.map(Vec::as_slice).unwrap_or_default();
        if infos.is_empty() {
            return Ok(Box::new(EmptyScorer));
        }
        let index = reader.inverted_index(self.field)?;
        let each = |add: &mut dyn FnMut(DocId)| -> tantivy::Result<()> {
            for info in infos {
                let mut block =
                    index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
                while !block.docs().is_empty() {
                    block.docs().iter().for_each(|document| add(*document));
                    block.advance();
                }
            }
            Ok(())
        };
        if infos
            .iter()
            .map(|info| u64::from(info.doc_freq))
            .sum::<u64>()
            <= SORTED_MAX
        {
            let mut documents = Vec::new();
            each(&mut |document| documents.push(document))?;
            documents.sort_unstable();
            documents.dedup();
            return Ok(Box::new(ConstScorer::new(
                Sorted { documents, at: 0 },
                boost,
            )));
        }
        let mut documents = BitSet::with_max_value(reader.max_doc());
        each(&mut |document| {
            documents.insert(document);
        })?;
        Ok(Box::new(ConstScorer::new(
            BitSetDocSet::from(documents),
            boost,
        )))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InternalError(
            "words are not explained".to_owned(),
        ))
    }
}
