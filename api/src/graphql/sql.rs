//! Questions in SQL.

use std::sync::Arc;

use async_graphql::{Context, Json, Object, Result, SimpleObject};
use retrace_core::settings::SettingsBook;
use retrace_query::sql::{SqlAnswer, SqlTable};

use super::error::{ErrorCode, internal, of_asking, of_store};
use super::look;
use super::scalar::Long;
use crate::asking;

/// So many rows an answer may have here; `POST /v1/sql` gives more.
const ROWS_MAX: i32 = 10_000;

/// Questions in SQL.
#[derive(Default)]
pub(super) struct SqlQuestions;

#[Object]
impl SqlQuestions {
    /// The answer to a question in SQL, one SELECT over the tables of `sqlTables`, as far as the caller may see them and with
    /// secrets masked. An answer of more than `first` rows, 1 to 10000, is the error `LIMIT_EXCEEDED`, as is one that costs
    /// too much; `POST /v1/sql` gives larger ones.
    #[graphql(complexity = "2000 + child_complexity")]
    async fn sql(
        &self,
        ctx: &Context<'_>,
        text: String,
        #[graphql(default = 1000)] first: i32,
    ) -> Result<SqlResult> {
        let rows = usize::try_from(first)
            .ok()
            .filter(|_| (1..=ROWS_MAX).contains(&first));
        let rows = rows.ok_or_else(|| {
            let message = format!("`first` is {first}, expected 1 to {ROWS_MAX}");
            ErrorCode::InvalidArgument.error(message)
        })?;
        let settings = ctx.data::<Arc<SettingsBook>>()?.recent().await;
        let settings = settings.map_err(of_store)?;
        let mut limits = asking::limits_of(&settings);
        limits.rows = rows.min(limits.rows);
        let answer = look::asked(ctx, &text, &limits).await.map_err(of_asking)?;
        SqlResult::of(&answer)
    }

    /// The tables that `sql` knows.
    async fn sql_tables(&self) -> Vec<SqlTableInfo> {
        SqlTable::ALL.into_iter().map(SqlTableInfo::of).collect()
    }
}

/// The answer to a question in SQL.
#[derive(SimpleObject)]
struct SqlResult {
    /// Its columns.
    columns: Vec<SqlColumn>,
    /// Its rows, each with a value for each column. Times are RFC 3339 in UTC.
    rows: Vec<Vec<Json<serde_json::Value>>>,
    /// How many rows it has.
    row_count: Long,
}

/// A column of an answer.
#[derive(SimpleObject)]
struct SqlColumn {
    /// Its name.
    name: String,
    /// Its type, as Arrow calls it.
    r#type: String,
}

/// A table that can be asked.
#[derive(SimpleObject)]
struct SqlTableInfo {
    /// Its name.
    name: String,
    /// What it holds.
    description: String,
    /// Its columns.
    columns: Vec<SqlTableColumn>,
}

/// A column of a table.
#[derive(SimpleObject)]
struct SqlTableColumn {
    /// Its name.
    name: String,
    /// Its type, as SQL calls it.
    r#type: String,
    /// What it says.
    description: String,
}

impl SqlResult {
    fn of(answer: &SqlAnswer) -> Result<Self> {
        let column = |field: &Arc<arrow::datatypes::Field>| SqlColumn {
            name: field.name().clone(),
            r#type: field.data_type().to_string(),
        };
        let rows = answer.json_rows().map_err(|error| internal(&error))?;
        Ok(Self {
            columns: answer.schema.fields().iter().map(column).collect(),
            row_count: (answer.rows() as u64).into(),
            rows: rows
                .into_iter()
                .map(|row| row.into_iter().map(Json).collect())
                .collect(),
        })
    }
}

impl SqlTableInfo {
    fn of(table: SqlTable) -> Self {
        let columns = table.columns().iter().map(|column| SqlTableColumn {
            name: column.name.to_owned(),
            r#type: column.kind.sql().to_owned(),
            description: column.says.to_owned(),
        });
        Self {
            name: table.name().to_owned(),
            description: table.says().to_owned(),
            columns: columns.collect(),
        }
    }
}
