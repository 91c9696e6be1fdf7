//! Questions in SQL, as all surfaces ask them: what the caller lacks a right for is refused, and what is shown is written
//! down before.

use std::time::Duration;

use retrace_core::access::Right;
use retrace_core::settings::Settings;
use retrace_query::Reader;
use retrace_query::sql::{self, SqlAnswer, SqlError, SqlLimits};

use crate::accesses::{AccessError, Accesses};
use crate::tokens::Viewer;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It could not be written down, or the policy wants to know why it is asked.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The caller may see nothing of a table that it names.
    #[error("your grants do not allow `{}`, which a table of the question needs", .0.as_str())]
    Denied(Right),
    /// It is none that may be asked, goes wrong, or is over a limit.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What the settings allow a question to cost.
#[must_use]
pub fn limits_of(settings: &Settings) -> SqlLimits {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    SqlLimits {
        time: Duration::from_secs(settings.sql.time_s),
        memory_bytes: number(settings.sql.memory_max),
        rows: number(settings.sql.rows_max),
        answer_bytes: number(settings.sql.answer_bytes_max),
    }
}

/// Answers a question of a viewer, of whom `reader` knows what they may see. `format` is the form that the answer will have.
///
/// # Errors
/// When it may not be asked or has no answer. A question that was understood is written down all the same: what goes
/// wrong with a value tells of it.
pub async fn ask(
    accesses: &Accesses,
    reader: &Reader,
    viewer: &Viewer,
    text: &str,
    format: &str,
    limits: &SqlLimits,
) -> Result<SqlAnswer, AskError> {
    allowed(accesses, viewer, text).await?;
    let answer = reader.sql(text, limits).await;
    let rows = answer.as_ref().map_or(0, SqlAnswer::rows);
    accesses.asked(viewer, text, format, rows).await?;
    Ok(answer?)
}

/// Whether a viewer may ask it. Nothing is shown for that.
///
/// # Errors
/// As [`ask`].
pub async fn allowed(accesses: &Accesses, viewer: &Viewer, text: &str) -> Result<(), AskError> {
    for table in sql::tables_of(text)? {
        let right = table.right();
        if !viewer.sight.may(right) {
            let object = format!("sql/{}", table.name());
            accesses.denied(viewer, &object, Some(right)).await;
            return Err(AskError::Denied(right));
        }
        if right == Right::ViewRecordings {
            accesses.needs_reason(viewer).await?;
        }
    }
    Ok(())
}
