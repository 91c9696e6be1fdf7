//! What clients ask about the tables: one catalog, one schema, the tables that there are for everybody.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::SqlInfoDataBuilder;
use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetDbSchemas, CommandGetSqlInfo, CommandGetTableTypes,
    CommandGetTables, SqlInfo,
};
use retrace_query::sql::{SqlAnswer, SqlTable};
use tonic::Status;

/// As questions may name it; they need not.
const CATALOG: &str = "retrace";
const SCHEMA: &str = "public";
const TABLE_TYPE: &str = "TABLE";

fn answer(batch: Result<RecordBatch, FlightError>) -> Result<SqlAnswer, Status> {
    let batch = batch.map_err(|error| super::internal(&error))?;
    Ok(SqlAnswer {
        schema: batch.schema(),
        batches: vec![batch],
    })
}

pub(super) fn catalogs(query: CommandGetCatalogs) -> Result<SqlAnswer, Status> {
    let mut builder = query.into_builder();
    builder.append(CATALOG);
    answer(builder.build())
}

pub(super) fn schemas(query: CommandGetDbSchemas) -> Result<SqlAnswer, Status> {
    let mut builder = query.into_builder();
    builder.append(CATALOG, SCHEMA);
    answer(builder.build())
}

pub(super) fn table_types(_: CommandGetTableTypes) -> Result<SqlAnswer, Status> {
    let schema = Schema::new(vec![Field::new("table_type", DataType::Utf8, false)]);
    let types = StringArray::from(vec![TABLE_TYPE]);
    answer(RecordBatch::try_new(Arc::new(schema), vec![Arc::new(types)]).map_err(Into::into))
}

pub(super) fn tables(query: CommandGetTables) -> Result<SqlAnswer, Status> {
    let mut builder = query.into_builder();
    for table in SqlTable::ALL {
        let appended = builder.append(CATALOG, SCHEMA, table.name(), TABLE_TYPE, &plain(table));
        appended.map_err(|error| super::internal(&error))?;
    }
    answer(builder.build())
}

/// The columns as answers have them.
fn plain(table: SqlTable) -> Schema {
    let schema = table.schema();
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8View => Field::new(field.name(), DataType::Utf8, true),
        _ => field.as_ref().clone(),
    };
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

pub(super) fn sql_info(query: CommandGetSqlInfo) -> Result<SqlAnswer, Status> {
    let mut info = SqlInfoDataBuilder::new();
    info.append(SqlInfo::FlightSqlServerName, "retrace");
    info.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    info.append(SqlInfo::FlightSqlServerArrowVersion, "1.3");
    info.append(SqlInfo::FlightSqlServerReadOnly, true);
    info.append(SqlInfo::FlightSqlServerSql, true);
    info.append(SqlInfo::FlightSqlServerSubstrait, false);
    info.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    let info = info.build().map_err(|error| super::internal(&error))?;
    answer(query.into_builder(&info).build())
}
