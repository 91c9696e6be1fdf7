//! Which questions may be asked.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{self, Query, visit_expressions, visit_relations};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

use super::{SqlError, SqlTable};

/// The longest text of a question, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 << 10;
/// Questions are nested so deep at most.
const DEPTH_MAX: usize = 40;
/// A question has so many parts at most: names, values, operators.
const EXPRESSIONS_MAX: usize = 2_000;

/// A question that may be asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) statement: Statement,
    /// The tables that it names.
    pub(super) tables: BTreeSet<SqlTable>,
    /// Whether only the columns of the answer are wanted.
    pub(super) only_planned: bool,
}

impl Question {
    pub(super) fn only_planned(self) -> Self {
        Self {
            only_planned: true,
            ..self
        }
    }
}

/// Reads a question.
///
/// # Errors
/// When it is not one `SELECT`.
pub(super) fn parse(text: &str) -> Result<Question, SqlError> {
    let refused = |message: &str| Err(SqlError::Refused(message.to_owned()));
    if text.len() > TEXT_BYTES_MAX {
        let found = text.len();
        return refused(&format!(
            "the question has {found} bytes, expected at most {TEXT_BYTES_MAX}"
        ));
    }
    let dialect = PostgreSqlDialect {};
    let parsed = DFParserBuilder::new(text)
        .with_dialect(&dialect)
        .with_recursion_limit(DEPTH_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements());
    let mut statements = parsed.map_err(|error| SqlError::of(&error, 0))?;
    let statement = match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => statement,
        (None, _) => return refused("there is no question: expected one SELECT"),
        (Some(_), false) => return refused("there are several statements: expected one SELECT"),
    };
    let Statement::Statement(inner) = &statement else {
        return refused("only a question may be asked: expected one SELECT");
    };
    let ast::Statement::Query(query) = inner.as_ref() else {
        return refused("only a question may be asked: expected one SELECT");
    };
    check(query)?;
    Ok(Question {
        tables: tables_of(query),
        statement,
        only_planned: false,
    })
}

fn check(query: &Query) -> Result<(), SqlError> {
    let mut count = 0_usize;
    let over = visit_expressions(query, |_| {
        count += 1;
        if count > EXPRESSIONS_MAX {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if over.is_break() {
        let message =
            format!("the question has more than {EXPRESSIONS_MAX} parts: ask for less at once");
        return Err(SqlError::Refused(message));
    }
    Ok(())
}

fn tables_of(query: &Query) -> BTreeSet<SqlTable> {
    let mut tables = BTreeSet::new();
    let _ = visit_relations(query, |name| {
        let last = name.0.last().and_then(|part| part.as_ident());
        let table = last.and_then(|name| SqlTable::of_name(&name.value.to_lowercase()));
        tables.extend(table);
        ControlFlow::<()>::Continue(())
    });
    tables
}
