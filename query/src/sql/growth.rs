//! How long the texts of a question can become.
//!
//! The memory of operators is counted and limited; that of the values that expressions make is not. A question that doubles a
//! text a few dozen times would take all there is. So the length of what each expression can make is estimated from above, and a
//! question over the limit is refused before it runs.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use super::SqlError;

/// The longest text that a question may make, in bytes.
const TEXT_MAX: usize = 64 << 10;
/// Texts of tables count as this long. Few are longer, and none is much longer.
const COLUMN_TEXT: usize = 1 << 10;
/// What is no text is this long at most when it is made one.
const NUMBER_TEXT: usize = 64;

/// Refuses a question whose texts can become too long.
///
/// # Errors
/// When they can.
pub(super) fn check(plan: &LogicalPlan) -> Result<(), SqlError> {
    let longest = of_plan(plan);
    if longest > TEXT_MAX {
        let message = format!(
            "the question may make texts of {longest} bytes, expected at most {TEXT_MAX}: join fewer texts"
        );
        return Err(SqlError::Refused(message));
    }
    Ok(())
}

/// The longest text in the rows of a plan, or made on the way to them.
fn of_plan(plan: &LogicalPlan) -> usize {
    let below = plan.inputs().into_iter().map(of_plan).max();
    let below = match plan {
        LogicalPlan::TableScan(_) => COLUMN_TEXT,
        _ => below.unwrap_or(NUMBER_TEXT),
    };
    let made = plan
        .expressions()
        .iter()
        .map(|expr| of_expr(expr, below))
        .max();
    below.max(made.unwrap_or(0))
}

/// The longest text that an expression can make, over rows with texts of `below` bytes.
fn of_expr(expr: &Expr, below: usize) -> usize {
    let mut parts = Vec::new();
    // Each child is looked at; it cannot fail.
    let _ = expr.apply_children(|child| {
        parts.push(of_expr(child, below));
        Ok(TreeNodeRecursion::Continue)
    });
    let sum = parts
        .iter()
        .fold(0_usize, |sum, part| sum.saturating_add(*part));
    let max = parts.iter().copied().max().unwrap_or(0);
    match expr {
        Expr::Column(_) | Expr::OuterReferenceColumn(..) => below,
        Expr::Literal(value, _) => of_literal(value),
        Expr::ScalarSubquery(inner) => of_plan(&inner.subquery),
        Expr::InSubquery(inner) => max.max(of_plan(&inner.subquery.subquery)),
        Expr::Exists(inner) => of_plan(&inner.subquery.subquery),
        Expr::BinaryExpr(binary) if binary.op == Operator::StringConcat => sum,
        Expr::BinaryExpr(_) => max,
        Expr::ScalarFunction(call) => match (call.func.name(), parts.as_slice()) {
            // Each character may become the replacement.
            ("replace" | "regexp_replace", [text, _, by, ..]) => text.saturating_mul((*by).max(1)),
            _ => sum.max(NUMBER_TEXT),
        },
        _ => max.max(NUMBER_TEXT),
    }
}

fn of_literal(value: &ScalarValue) -> usize {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_ref().map_or(0, String::len)
        }
        _ => NUMBER_TEXT,
    }
}
