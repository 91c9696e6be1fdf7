//! The index file: its fields, how moments are written into it and read from it.
//!
//! One tantivy index in a directory of its own. The payload of each commit holds the checkpoint,
//! the version of the schema and the log, so that moments and checkpoint change together. An index
//! of another version or of another log is dropped, and the read model begins at 0.
//!
//! What questions and grants filter by (user, groups, site, folder, …) is written beside each moment of a session: a
//! question needs no other read model, which may be behind or ahead of this one.

use std::path::{Path, PathBuf};

use retrace_core::access::folders_above;
use retrace_core::event::SessionLaunched;
use retrace_core::{LogId, Position, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenDirectoryError;
use tantivy::index::IndexSettings;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing,
    TextOptions, Value,
};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::{DocAddress, Index, IndexWriter, Searcher, TantivyDocument, TantivyError, Term};

use super::columns::SegmentColumns;
use super::merging::Neighbours;
use super::moment::{Detail, Moment, MomentId, MomentKind};
use super::scrub::Purged;
use super::tokens::{TOKENIZER, Words};
use crate::ProjectionError;

/// The name of the read model, and of its directory.
pub const NAME: &str = "moments";

/// To be raised whenever the fields change, or which moments are found: that rebuilds the index.
const VERSION: u32 = 8;
/// Memory for moments that are not yet in a segment. More lowers the number of segments.
const WRITER_BYTES: usize = 64 << 20;
/// Texts are compressed together in blocks of so many bytes: small ones, as a page of hits reads one block for each.
const BLOCK_BYTES: usize = 8 << 10;

/// The fields of a moment in the index.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// The session's id, as a whole.
    pub session: Field,
    /// The kind's number.
    pub kind: Field,
    /// The user of the session, as a whole.
    pub user: Field,
    /// The host of the session, as a whole.
    pub host: Field,
    /// The groups of the session's user, each as a whole.
    pub group: Field,
    /// The site of the session, as a whole.
    pub site: Field,
    /// The folder of the session's secret, and each that it lies in, as a whole.
    pub folder: Field,
    /// The target of the session, as a whole.
    pub target: Field,
    /// The secret of the session, as a whole.
    pub secret: Field,
    /// What opened the session, as a whole.
    pub launcher: Field,
    /// The protocol of the session, as a whole.
    pub protocol: Field,
    /// [`Detail::app`], as a whole.
    pub app: Field,
    /// [`Detail::cwd`], as a whole.
    pub cwd: Field,
    /// [`Detail::exit_status`].
    pub exit_status: Field,
    /// [`Detail::duration_us`].
    pub duration_us: Field,
    /// What was typed, run, seen; as words with their positions.
    pub text: Field,
    /// [`Moment::revealed`]; as words with their positions, where it is not the same as `text`.
    pub revealed: Field,
    /// [`MomentId::sequence`].
    pub sequence: Field,
    /// The same, as a term, of moments that others may take the place of: a term for each moment takes room.
    pub(super) replaceable: Field,
    /// Microseconds from the start of the session.
    pub start_us: Field,
    /// Microseconds from the start of the session.
    pub offset_us: Field,
    /// Microseconds after 1970.
    pub at_us: Field,
    /// [`Moment::offset_us_of_first`]: pairs of little-endian numbers of 32 bits, the second signed.
    pub grown: Field,
    /// When the session started, in microseconds after 1970.
    pub session_start_us: Field,
}

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default()
            .set_tokenizer(TOKENIZER)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let name = STRING | FAST;
        let fields = Self {
            session: schema.add_text_field("session", name.clone()),
            kind: schema.add_u64_field("kind", INDEXED | FAST),
            user: schema.add_text_field("user", name.clone()),
            host: schema.add_text_field("host", name.clone()),
            group: schema.add_text_field("group", name.clone()),
            site: schema.add_text_field("site", name.clone()),
            folder: schema.add_text_field("folder", STRING),
            target: schema.add_text_field("target", name.clone()),
            secret: schema.add_text_field("secret", STRING),
            launcher: schema.add_text_field("launcher", name.clone()),
            protocol: schema.add_text_field("protocol", name.clone()),
            app: schema.add_text_field("app", name | STORED),
            cwd: schema.add_text_field("cwd", STRING | STORED),
            exit_status: schema.add_i64_field("exit_status", FAST),
            duration_us: schema.add_u64_field("duration_us", FAST),
            text: schema.add_text_field(
                "text",
                TextOptions::default()
                    .set_stored()
                    .set_indexing_options(words.clone()),
            ),
            revealed: schema.add_text_field(
                "revealed",
                TextOptions::default()
                    .set_stored()
                    .set_indexing_options(words),
            ),
            sequence: schema.add_u64_field("sequence", FAST),
            replaceable: schema.add_u64_field("replaceable", INDEXED),
            start_us: schema.add_u64_field("start_us", FAST),
            offset_us: schema.add_u64_field("offset_us", FAST),
            at_us: schema.add_i64_field("at_us", FAST),
            grown: schema.add_bytes_field("grown", STORED),
            session_start_us: schema.add_i64_field("session_start_us", FAST),
        };
        (schema.build(), fields)
    }

    /// The term that all moments of a kind have.
    pub fn kind_term(&self, kind: MomentKind) -> Term {
        Term::from_field_u64(self.kind, kind.number())
    }

    /// The field whose terms name sessions.
    pub(super) fn session_field(&self) -> Field {
        self.session
    }

    /// The term that all moments of a session have.
    pub fn session_term(&self, session: SessionId) -> Term {
        Term::from_field_text(self.session, &session.to_string())
    }

    /// The moment at an address of the searcher's.
    ///
    /// # Errors
    /// When the index cannot be read, or holds no moment there.
    pub fn read(&self, searcher: &Searcher, address: DocAddress) -> Result<Moment, TantivyError> {
        let columns = SegmentColumns::open(searcher.segment_reader(address.segment_ord))?;
        self.read_with(searcher, &columns, address)
    }

    /// The same, with the columns of the segment at hand.
    pub(super) fn read_with(
        &self,
        searcher: &Searcher,
        columns: &SegmentColumns,
        address: DocAddress,
    ) -> Result<Moment, TantivyError> {
        let document: TantivyDocument = searcher.doc(address)?;
        let text = |field| document.get_first(field).and_then(|value| value.as_str());
        let id = address.doc_id;
        let moment = || {
            Some(Moment {
                id: columns.id(id)?,
                session: columns.session(id)?,
                kind: MomentKind::from_number(columns.kind.first(id)?)?,
                start_us: columns.start_us.first(id)?,
                offset_us: columns.offset_us.first(id)?,
                at: Timestamp::from_micros(columns.at_us.first(id)?).ok()?,
                text: text(self.text)?.to_owned(),
                revealed: text(self.revealed).map(str::to_owned),
                detail: Detail {
                    app: text(self.app).map(str::to_owned),
                    cwd: text(self.cwd).map(str::to_owned),
                    exit_status: columns
                        .exit_status
                        .first(id)
                        .and_then(|status| i32::try_from(status).ok()),
                    duration_us: columns.duration_us.first(id),
                },
                grown: document
                    .get_first(self.grown)
                    .and_then(|value| value.as_bytes())
                    .unwrap_or_default()
                    .chunks_exact(8)
                    .map(pair)
                    .collect(),
            })
        };
        moment().ok_or_else(|| TantivyError::InternalError("a document is no moment".to_owned()))
    }
}

/// What the moments of a session have in common.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "named as in `SessionLaunched`")]
pub struct SessionFacts {
    pub session: SessionId,
    pub started: Timestamp,
    pub user: Option<String>,
    pub host: Option<String>,
    pub groups: Vec<String>,
    pub site: Option<String>,
    pub folder: Option<String>,
    pub target: Option<String>,
    pub secret: Option<String>,
    pub launcher: Option<String>,
    pub protocol: Option<String>,
}

impl SessionFacts {
    /// Of a session of which nothing more is known yet.
    #[must_use]
    pub fn begun(session: SessionId, started: Timestamp) -> Self {
        Self {
            session,
            started,
            user: None,
            host: None,
            groups: Vec::new(),
            site: None,
            folder: None,
            target: None,
            secret: None,
            launcher: None,
            protocol: None,
        }
    }

    /// What was said first stays.
    pub(super) fn launched(&mut self, said: &SessionLaunched) {
        for (fact, said) in [
            (&mut self.user, &said.user),
            (&mut self.host, &said.host),
            (&mut self.site, &said.site),
            (&mut self.folder, &said.folder),
            (&mut self.target, &said.target),
            (&mut self.secret, &said.secret),
            (&mut self.launcher, &said.launcher),
            (&mut self.protocol, &said.protocol),
        ] {
            if fact.is_none() {
                fact.clone_from(said);
            }
        }
        if self.groups.is_empty() {
            self.groups.clone_from(&said.groups);
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    checkpoint: u64,
    log: String,
    /// Sessions that were purged, and may still lie in segments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    purged: Vec<String>,
    version: u32,
}

/// The one writer of the index.
pub struct MomentWriter {
    pub(super) writer: IndexWriter,
    pub(super) fields: Fields,
    log: LogId,
    checkpoint: Position,
    pub(super) purged: Purged,
}

impl MomentWriter {
    /// Opens the index of `log` below `dir`, and creates it if there is none that fits.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(dir: &Path, log: LogId) -> Result<Self, ProjectionError> {
        let path = dir.join(NAME);
        let (index, checkpoint, purged) = match fitting(&path, log) {
            Ok(found) => found,
            Err(reason) => {
                if path.exists() {
                    tracing::warn!(model = NAME, reason, "the read model is rebuilt");
                }
                remove(dir).map_err(store)?;
                std::fs::create_dir_all(&path).map_err(store)?;
                let settings = IndexSettings {
                    docstore_compression: Compressor::Zstd(ZstdCompressor::default()),
                    docstore_blocksize: BLOCK_BYTES,
                    ..IndexSettings::default()
                };
                let directory = MmapDirectory::open(&path).map_err(store)?;
                let index =
                    Index::create(directory, Fields::schema().0, settings).map_err(store)?;
                register(&index);
                (index, Position(0), Purged::default())
            }
        };
        // One thread: it alone is faster than the terminals that feed it, and it keeps moments in
        // their order.
        let writer = index
            .writer_with_num_threads(1, WRITER_BYTES)
            .map_err(store)?;
        writer.set_merge_policy(Box::new(Neighbours::of(index)));
        Ok(Self {
            writer,
            fields: Fields::schema().1,
            log,
            checkpoint,
            purged,
        })
    }

    /// Up to where the index has what is in the log.
    pub fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    /// Adds a moment, to be stored by the next commit.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub fn add(&self, moment: &Moment, facts: &SessionFacts) -> Result<(), ProjectionError> {
        let fields = &self.fields;
        let mut document = TantivyDocument::new();
        document.add_text(fields.session, moment.session.to_string());
        document.add_u64(fields.kind, moment.kind.number());
        for (field, fact) in [
            (fields.user, &facts.user),
            (fields.host, &facts.host),
            (fields.site, &facts.site),
            (fields.target, &facts.target),
            (fields.secret, &facts.secret),
            (fields.launcher, &facts.launcher),
            (fields.protocol, &facts.protocol),
            (fields.app, &moment.detail.app),
            (fields.cwd, &moment.detail.cwd),
        ] {
            if let Some(fact) = fact {
                document.add_text(field, fact);
            }
        }
        for group in &facts.groups {
            document.add_text(fields.group, group);
        }
        for folder in facts.folder.as_deref().into_iter().flat_map(folders_above) {
            document.add_text(fields.folder, folder);
        }
        if let Some(status) = moment.detail.exit_status {
            document.add_i64(fields.exit_status, status.into());
        }
        if let Some(duration_us) = moment.detail.duration_us {
            document.add_u64(fields.duration_us, duration_us);
        }
        document.add_text(fields.text, &moment.text);
        if let Some(revealed) = &moment.revealed {
            document.add_text(fields.revealed, revealed);
        }
        if !moment.grown.is_empty() {
            let bytes = moment
                .grown
                .iter()
                .flat_map(|(a, b)| [a.to_le_bytes(), b.to_le_bytes()]);
            document.add_bytes(fields.grown, &bytes.flatten().collect::<Vec<u8>>());
        }
        document.add_u64(fields.sequence, moment.id.sequence());
        let kinds = [MomentKind::Command, MomentKind::Process, MomentKind::Keys];
        if kinds.contains(&moment.kind) {
            document.add_u64(fields.replaceable, moment.id.sequence());
        }
        document.add_u64(fields.start_us, moment.start_us);
        document.add_u64(fields.offset_us, moment.offset_us);
        document.add_i64(fields.at_us, moment.at.micros());
        document.add_i64(fields.session_start_us, facts.started.micros());
        self.writer
            .add_document(document)
            .map(|_| ())
            .map_err(store)
    }

    /// Takes out a moment that was added before: a command, a process or a run of keys.
    pub(super) fn remove(&self, id: MomentId) {
        let term = Term::from_field_u64(self.fields.replaceable, id.sequence());
        self.writer.delete_term(term);
    }

    /// Takes out all moments of a session that were added until now, because others are to take their place.
    pub(super) fn take_out(&self, session: SessionId) {
        self.writer.delete_term(self.fields.session_term(session));
    }

    /// Takes out all moments of a session that were added until now, for good ([`super::scrub`]).
    pub fn purge(&mut self, session: SessionId) {
        self.take_out(session);
        self.purged.add(session);
    }

    /// Stores what was added and taken out, and the checkpoint with it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn commit(&mut self, checkpoint: Position) -> Result<(), ProjectionError> {
        let payload = Payload {
            checkpoint: checkpoint.0,
            log: self.log.to_string(),
            purged: self.purged.to_texts(),
            version: VERSION,
        };
        let payload = serde_json::to_string(&payload).map_err(store)?;
        let mut prepared = self.writer.prepare_commit().map_err(store)?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(store)?;
        self.checkpoint = checkpoint;
        Ok(())
    }

    /// Forgets what was added and taken out since the last commit.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn rollback(&mut self) -> Result<(), ProjectionError> {
        self.writer.rollback().map_err(store)?;
        let merging = Neighbours::of(self.writer.index().clone());
        self.writer.set_merge_policy(Box::new(merging));
        Ok(())
    }

    /// Waits until no segments are being merged any more.
    ///
    /// # Errors
    /// When merging failed.
    pub fn settle(self) -> Result<(), ProjectionError> {
        self.writer.wait_merging_threads().map_err(store)
    }
}

/// Two numbers out of the eight bytes given.
fn pair(bytes: &[u8]) -> (u32, i32) {
    let number = |from: usize| {
        bytes[from..from + 4]
            .iter()
            .rev()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
    };
    (number(0), number(4).cast_signed())
}

fn fitting(path: &Path, log: LogId) -> Result<(Index, Position, Purged), String> {
    let index = Index::open_in_dir(path).map_err(|error| error.to_string())?;
    register(&index);
    let payload = payload(&index).map_err(|error| error.to_string())?;
    let payload = payload.ok_or("nothing was ever committed")?;
    if payload.version != VERSION || index.schema() != Fields::schema().0 {
        return Err(format!(
            "version {} found, {VERSION} expected",
            payload.version
        ));
    }
    if payload.log != log.to_string() {
        return Err(format!("it is of the log {}", payload.log));
    }
    let purged = Purged::of_texts(&payload.purged);
    Ok((index, Position(payload.checkpoint), purged))
}

fn payload(index: &Index) -> Result<Option<Payload>, TantivyError> {
    let payload = index.load_metas()?.payload;
    Ok(payload.and_then(|text| serde_json::from_str(&text).ok()))
}

fn register(index: &Index) {
    index.tokenizers().register(TOKENIZER, Words::default());
}

pub(super) fn store(error: impl std::error::Error + Send + Sync + 'static) -> ProjectionError {
    ProjectionError::Store(Box::new(error))
}

/// Removes the index below `dir`. It must not be open for writing.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(dir: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(dir.join(NAME)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The directory of the index, below that of the read models.
pub fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// Opens an index for reading, with the checkpoint it stands at.
pub(super) fn open_for_reading(path: &Path) -> Result<(Index, Fields), TantivyError> {
    let directory = MmapDirectory::open(path)
        .map_err(|error: OpenDirectoryError| TantivyError::OpenDirectoryError(error))?;
    let index = Index::open(directory)?;
    register(&index);
    let (schema, fields) = Fields::schema();
    if index.schema() != schema {
        return Err(TantivyError::SchemaError(
            "the index is of another version".to_owned(),
        ));
    }
    Ok((index, fields))
}

/// The checkpoint that the index stands at.
pub(super) fn checkpoint_of(index: &Index) -> Result<Position, TantivyError> {
    Ok(payload(index)?.map_or(Position(0), |payload| Position(payload.checkpoint)))
}
