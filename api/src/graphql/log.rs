//! The log as a whole, and its proofs.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use retrace_core::Position;
use retrace_core::access::Right;
use retrace_core::log::merkle::Hash;
use retrace_core::log::tlog_proof::TlogProof;
use retrace_core::log::{EventLog, Head};
use retrace_projections::runner::Projections;

use super::error::{ErrorCode, of_runner, of_store};
use super::look::needs;
use super::scalar::LogPosition;

/// The log as a whole, as it was when the query began.
pub(super) struct Log {
    log: Arc<dyn EventLog>,
    head: Head,
}

impl Log {
    pub(super) async fn of(ctx: &Context<'_>) -> Result<Self> {
        let log = Arc::clone(ctx.data::<Arc<dyn EventLog>>()?);
        let head = log.head().await.map_err(of_store)?;
        Ok(Self { log, head })
    }

    /// The size of the tree that a proof is wanted for: by default the log's.
    fn size_or_all(&self, size: Option<LogPosition>) -> Position {
        size.map_or(self.head.size, |size| size.0)
    }
}

/// How far a read model has come. It answers for all positions below `checkpoint`.
#[derive(SimpleObject)]
pub(super) struct ProjectionState {
    /// Its name.
    name: &'static str,
    /// It answers for all positions below.
    checkpoint: LogPosition,
    /// How many events it is behind the log.
    lag: LogPosition,
}

/// The log as a whole, as it was when the query began.
#[Object]
impl Log {
    /// Its id.
    async fn id(&self) -> ID {
        self.log.id().to_string().into()
    }

    /// How many events there are.
    async fn size(&self) -> LogPosition {
        LogPosition(self.head.size)
    }

    /// RFC 6962 root hash, in base64.
    async fn root_hash(&self) -> String {
        BASE64_STANDARD.encode(self.head.checkpoint.root)
    }

    /// The signed checkpoint (C2SP tlog-checkpoint). Keep it somewhere else: `retrace verify
    /// --checkpoint` shows with it that the log was not put back to an older state.
    async fn checkpoint(&self) -> &str {
        self.head.checkpoint.as_note()
    }

    /// The C2SP verifier key of the checkpoint.
    async fn verifier_key(&self) -> &str {
        self.log.verifier_key()
    }

    /// The hashes, in base64, that show that the leaf at `position` is in the tree of `size` leaves
    /// (RFC 6962, section 2.1.1).
    async fn inclusion_proof(
        &self,
        position: LogPosition,
        size: Option<LogPosition>,
    ) -> Result<Vec<String>> {
        let size = self.size_or_all(size);
        let proof = self
            .log
            .inclusion_proof(position.0, size)
            .await
            .map_err(of_store)?;
        encoded(proof, || {
            format!(
                "`position` {} is in no tree of {size} leaves of this log",
                position.0
            )
        })
    }

    /// All that is needed, but the trust in the key, to check offline that the event at `position` is
    /// in the log: a C2SP tlog-proof, with the inclusion proof and the signed checkpoint. The event's
    /// `leaf` with a line end and this text are what `retrace verify` takes.
    async fn tlog_proof(&self, position: LogPosition) -> Result<String> {
        let proof = self.log.inclusion_proof(position.0, self.head.size).await;
        let Some(hashes) = proof.map_err(of_store)? else {
            return Err(ErrorCode::InvalidArgument.error(format!(
                "there is no event at `position` {}: the log has {} events",
                position.0, self.head.size
            )));
        };
        let proof = TlogProof {
            extra: None,
            index: position.0,
            hashes,
            note: self.head.checkpoint.as_note().to_owned(),
        };
        Ok(proof.to_string())
    }

    /// The hashes, in base64, that show that the tree of `old` leaves is the beginning of the tree
    /// of `new` leaves (RFC 6962, section 2.1.2).
    async fn consistency_proof(
        &self,
        old: LogPosition,
        new: Option<LogPosition>,
    ) -> Result<Vec<String>> {
        let new = self.size_or_all(new);
        let proof = self
            .log
            .consistency_proof(old.0, new)
            .await
            .map_err(of_store)?;
        encoded(proof, || {
            format!(
                "expected 0 < `old` <= `new` <= {}, found {} and {new}",
                self.head.size, old.0
            )
        })
    }

    /// How far the read models have come.
    async fn projections(&self, ctx: &Context<'_>) -> Result<Vec<ProjectionState>> {
        needs(ctx, Right::ViewSettings, "projections").await?;
        let states = ctx
            .data::<Arc<Projections>>()?
            .states()
            .await
            .map_err(of_runner)?;
        Ok(states
            .into_iter()
            .map(|state| ProjectionState {
                name: state.name,
                checkpoint: LogPosition(state.checkpoint),
                lag: LogPosition(Position(
                    self.head.size.0.saturating_sub(state.checkpoint.0),
                )),
            })
            .collect())
    }
}

fn encoded(proof: Option<Vec<Hash>>, why_none: impl FnOnce() -> String) -> Result<Vec<String>> {
    match proof {
        Some(hashes) => Ok(hashes
            .iter()
            .map(|hash| BASE64_STANDARD.encode(hash))
            .collect()),
        None => Err(ErrorCode::InvalidArgument.error(why_none())),
    }
}
