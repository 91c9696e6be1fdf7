//! Questions in SQL over [Arrow Flight SQL](https://arrow.apache.org/docs/format/FlightSql.html): for DBeaver, ADBC
//! (Python, R, Go, …), and programs that show figures.
//!
//! Each call says who asks: `authorization: Bearer TOKEN`, or `Basic` with any user name and the token as password (the
//! handshake gives the bearer back). What may be asked, how much it may cost and what is written down are as everywhere
//! ([`crate::asking`]). Statements are prepared by remembering nothing: the handle is the question. There are no parameters,
//! no transactions, nothing to write.

mod metadata;

use std::net::IpAddr;
use std::pin::Pin;

use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::sql::server::FlightSqlService;
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, CommandGetCatalogs, CommandGetDbSchemas,
    CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandPreparedStatementQuery,
    CommandStatementQuery, ProstMessageExt, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{
    Action, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse,
    IpcMessage, SchemaAsIpc, Ticket,
};
use axum::http::HeaderMap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use futures_util::{Stream, TryStreamExt, stream};
use prost::Message;
use retrace_query::sql::{SqlAnswer, SqlError, SqlLimits};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::metadata::MetadataValue;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::App;
use super::auth::bearer;
use super::reason::reason_in;
use crate::asking::{self, AskError};
use crate::sign_ins::Turned;
use crate::tokens::{Denied, Viewer};

/// The largest message that a client may send: a question is small.
const MESSAGE_BYTES_MAX: usize = 256 << 10;

/// Serves on a listener until `stopped` says so.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: App,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), tonic::transport::Error> {
    let service =
        FlightServiceServer::new(Flight { app }).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let until_stop = async move {
        // An error means that the sender is gone, which is a reason to stop too.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), until_stop)
        .await
}

type Sent<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Data = Response<<Flight as FlightService>::DoGetStream>;

/// Answers over Arrow Flight SQL.
struct Flight {
    app: App,
}

impl Flight {
    /// Who asks, and the app as they may see it.
    async fn visit<T: Sync>(&self, request: &Request<T>) -> Result<(App, Viewer), Status> {
        let headers: &HeaderMap = request.metadata().as_ref();
        let from = request.remote_addr().map(|address| address.ip());
        let token = token_of(headers).ok_or_else(|| of_turned(&Turned::Denied(Denied::Missing)))?;
        let viewer = self.viewer(&token, from).await?;
        let reason =
            reason_in(headers).map_err(|_| Status::invalid_argument("the reason is too long"))?;
        let viewer = Viewer { reason, ..viewer };
        Ok((self.app.seen_by(&viewer), viewer))
    }

    async fn viewer(&self, token: &str, from: Option<IpAddr>) -> Result<Viewer, Status> {
        let viewer = self.app.sign_ins.by_token(token, from).await;
        let viewer = viewer.map_err(|turned| of_turned(&turned))?;
        Ok(Viewer {
            address: from.map(|address| address.to_string()),
            ..viewer
        })
    }

    async fn limits(&self) -> Result<SqlLimits, Status> {
        let settings = self.app.settings.recent().await;
        let settings = settings.map_err(|error| internal(&error))?;
        Ok(asking::limits_of(&settings))
    }

    /// The columns of the answer to a question that the caller may ask.
    async fn info<T: Sync>(
        &self,
        text: &str,
        request: &Request<T>,
    ) -> Result<arrow::datatypes::SchemaRef, Status> {
        let (app, viewer) = self.visit(request).await?;
        let limits = self.limits().await?;
        let allowed = asking::allowed(&app.accesses, &viewer, text).await;
        allowed.map_err(|error| of_asking(&error))?;
        let schema = app.reader.sql_schema(text, &limits).await;
        schema.map_err(|error| of_asking(&AskError::Sql(error)))
    }

    async fn answer(&self, text: &str, request: &Request<Ticket>) -> Result<Data, Status> {
        let (app, viewer) = self.visit(request).await?;
        let limits = self.limits().await?;
        let asked = asking::ask(&app.accesses, &app.reader, &viewer, text, "flight", &limits);
        let answer = asked.await.map_err(|error| of_asking(&error))?;
        Ok(sent(answer))
    }
}

/// An answer on its way.
fn sent(SqlAnswer { schema, batches }: SqlAnswer) -> Data {
    let batches = stream::iter(batches.into_iter().map(Ok::<_, FlightError>));
    let encoded = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .build(batches)
        .map_err(Status::from);
    Response::new(Box::pin(encoded))
}

/// Where the answer to a command is to be had: here, by the command itself.
fn info_of(
    ticket: &impl ProstMessageExt,
    schema: &arrow::datatypes::Schema,
    request: Request<FlightDescriptor>,
) -> Result<Response<FlightInfo>, Status> {
    let ticket = Ticket::new(ticket.as_any().encode_to_vec());
    let info = FlightInfo::new()
        .try_with_schema(schema)
        .map_err(|error| internal(&error))?
        .with_endpoint(FlightEndpoint::new().with_ticket(ticket))
        .with_descriptor(request.into_inner());
    Ok(Response::new(info))
}

fn question_of(handle: &[u8]) -> Result<&str, Status> {
    std::str::from_utf8(handle).map_err(|_| Status::invalid_argument("the question is no text"))
}

/// The token of a call: the bearer, or the password of basic authentication.
fn token_of(headers: &HeaderMap) -> Option<String> {
    bearer(headers).or_else(|| {
        let value = headers.get("authorization")?.to_str().ok()?;
        let (scheme, credentials) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        // Some clients pad it, some do not.
        let unpadded = credentials.trim().trim_end_matches('=');
        let credentials = BASE64_STANDARD_NO_PAD.decode(unpadded).ok()?;
        let credentials = String::from_utf8(credentials).ok()?;
        let (_, password) = credentials.split_once(':')?;
        Some(password.to_owned())
    })
}

fn of_turned(turned: &Turned) -> Status {
    match turned {
        Turned::Denied(Denied::OtherRole(_)) => Status::permission_denied(turned.to_string()),
        Turned::Denied(_) => Status::unauthenticated(turned.to_string()),
        Turned::TooOften { .. } => Status::resource_exhausted(turned.to_string()),
        Turned::Failed(error) => internal(error),
    }
}

fn of_asking(error: &AskError) -> Status {
    let message = error.to_string();
    match error {
        AskError::Access(crate::accesses::AccessError::Log(cause)) => internal(cause),
        AskError::Access(_) => Status::failed_precondition(message),
        AskError::Denied(_) => Status::permission_denied(message),
        AskError::Sql(SqlError::Refused(_) | SqlError::Invalid(_)) => {
            Status::invalid_argument(message)
        }
        AskError::Sql(SqlError::TimedOut(_)) => Status::deadline_exceeded(message),
        AskError::Sql(SqlError::Memory(_) | SqlError::TooManyRows(_) | SqlError::TooLarge(_)) => {
            Status::resource_exhausted(message)
        }
        AskError::Sql(SqlError::Busy | SqlError::Unavailable) => Status::unavailable(message),
    }
}

/// The cause goes to the server's own log only.
fn internal(cause: &dyn std::fmt::Display) -> Status {
    tracing::error!(%cause, "a call over Arrow Flight failed");
    Status::internal("something failed on the server: its log has the cause")
}

#[tonic::async_trait]
impl FlightSqlService for Flight {
    type FlightService = Self;

    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Sent<HandshakeResponse>>, Status> {
        let headers: &HeaderMap = request.metadata().as_ref();
        let missing = || of_turned(&Turned::Denied(Denied::Missing));
        let token = token_of(headers).ok_or_else(missing)?;
        let from = request.remote_addr().map(|address| address.ip());
        self.viewer(&token, from).await?;
        let answer = HandshakeResponse {
            protocol_version: 0,
            payload: token.clone().into_bytes().into(),
        };
        let mut response: Response<Sent<HandshakeResponse>> =
            Response::new(Box::pin(stream::iter([Ok(answer)])));
        let header = MetadataValue::try_from(format!("Bearer {token}"));
        let header = header.map_err(|_| missing())?;
        response.metadata_mut().insert("authorization", header);
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let schema = self.info(&query.query, &request).await?;
        let ticket = TicketStatementQuery {
            statement_handle: query.query.into_bytes().into(),
        };
        info_of(&ticket, &schema, request)
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Data, Status> {
        let text = question_of(&ticket.statement_handle)?;
        self.answer(text, &request).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let schema = self.info(&query.query, &request).await?;
        let options = arrow::ipc::writer::IpcWriteOptions::default();
        let message = IpcMessage::try_from(SchemaAsIpc::new(&schema, &options));
        let IpcMessage(dataset_schema) = message.map_err(|error| internal(&error))?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: query.query.into_bytes().into(),
            dataset_schema,
            parameter_schema: Vec::new().into(),
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        self.visit(&request).await?;
        Ok(())
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let text = question_of(&query.prepared_statement_handle)?;
        let schema = self.info(text, &request).await?;
        info_of(&query, &schema, request)
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Data, Status> {
        let text = question_of(&query.prepared_statement_handle)?;
        self.answer(text, &request).await
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.visit(&request).await?;
        info_of(&query, &metadata::catalogs(query)?.schema, request)
    }

    async fn do_get_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<Ticket>,
    ) -> Result<Data, Status> {
        self.visit(&request).await?;
        Ok(sent(metadata::catalogs(query)?))
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.visit(&request).await?;
        let schema = metadata::schemas(query.clone())?.schema;
        info_of(&query, &schema, request)
    }

    async fn do_get_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<Ticket>,
    ) -> Result<Data, Status> {
        self.visit(&request).await?;
        Ok(sent(metadata::schemas(query)?))
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.visit(&request).await?;
        let schema = metadata::tables(query.clone())?.schema;
        info_of(&query, &schema, request)
    }

    async fn do_get_tables(
        &self,
        query: CommandGetTables,
        request: Request<Ticket>,
    ) -> Result<Data, Status> {
        self.visit(&request).await?;
        Ok(sent(metadata::tables(query)?))
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.visit(&request).await?;
        info_of(&query, &metadata::table_types(query)?.schema, request)
    }

    async fn do_get_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<Ticket>,
    ) -> Result<Data, Status> {
        self.visit(&request).await?;
        Ok(sent(metadata::table_types(query)?))
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.visit(&request).await?;
        let schema = metadata::sql_info(query.clone())?.schema;
        info_of(&query, &schema, request)
    }

    async fn do_get_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<Ticket>,
    ) -> Result<Data, Status> {
        self.visit(&request).await?;
        Ok(sent(metadata::sql_info(query)?))
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}
