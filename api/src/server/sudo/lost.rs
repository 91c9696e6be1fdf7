//! Ending sessions that nobody came back for.
//!
//! A connection that broke may be gone on with (`sudo_sendlog -r`, a `sudo_logsrvd` that relays), for as
//! long as the setting `sudo.resume_within_s` says. After that the session is ended with what the log has
//! of it. After a start of the server the time begins anew for every session that it had open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use retrace_core::event::{Event, EventType};
use retrace_core::log::{Append, AppendError};
use retrace_core::{SessionId, StreamVersion, Timestamp};
use retrace_ingest::sudo_logsrv::{PROTOCOL, history, lost};
use retrace_query::page::PageRequest;
use retrace_query::sessions::{SessionFilter, SessionOrder, SessionState};

use super::SudoServer;
use super::seats::Lost;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The most that one page of sessions may have.
const PAGE_SESSIONS: u32 = 100;

/// Ends sessions that were lost, until the server stops.
pub async fn end_lost_sessions(server: Arc<SudoServer>) {
    let mut stopping = server.stopping.clone();
    let work = async {
        if let Err(error) = find_open(&server).await {
            tracing::error!(%error, "sessions of sudo that were open could not be found");
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(error) = end_overdue(&server).await {
                tracing::warn!(%error, "a session of sudo that was lost could not be ended yet");
            }
        }
    };
    tokio::select! {
        () = work => {}
        // An error means that the sender is gone, which is a reason to stop too.
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// Finds the sessions that were open when the server stopped. The catalogue knows them, once it has
/// applied what the log held.
async fn find_open(server: &SudoServer) -> anyhow::Result<()> {
    let app = &server.app;
    let head = app.log.head().await?.size;
    app.projections.caught_up_with(head).await?;
    let filter = SessionFilter {
        protocol: Some(PROTOCOL.to_owned()),
        state: Some(SessionState::Active),
        ..SessionFilter::default()
    };
    let mut page = PageRequest::first(PAGE_SESSIONS);
    loop {
        let (reader, filter, asked) = (app.reader.clone(), filter.clone(), page.clone());
        let found = tokio::task::spawn_blocking(move || {
            reader.sessions(&filter, SessionOrder::StartedAsc, &asked)
        })
        .await??;
        for (cursor, row) in &found.items {
            server.seats.note_lost(row.id);
            page.after = Some(cursor.clone());
        }
        if !found.has_next {
            return Ok(());
        }
    }
}

async fn end_overdue(server: &SudoServer) -> anyhow::Result<()> {
    let settings = server.app.settings.recent().await?;
    let grace = Duration::from_secs(settings.sudo.resume_within_s);
    for (session, lost) in server.seats.lost_for(grace) {
        if end(server, session, lost).await? {
            server.seats.forget(session);
        }
    }
    Ok(())
}

/// Ends a session, and answers whether there is nothing more to do about it here.
async fn end(server: &SudoServer, session: SessionId, at: Lost) -> anyhow::Result<bool> {
    let log = &*server.app.log;
    let (first_version, events) = match history::end_of(log, session).await? {
        Some(end) if end.reason.is_some() || end.commit.node != server.node => return Ok(true),
        Some(end) => {
            let events = lost::lost(end.last_at, at.quiet, &end.commit.held)?;
            (end.next, events)
        }
        None => match launched_only(server, session).await? {
            Some(at) => (
                StreamVersion(0),
                lost::lost(at, Duration::ZERO, &BTreeMap::new())?,
            ),
            None => return Ok(true),
        },
    };
    let append = Append {
        stream: history::stream_of(session),
        first_version,
        events,
    };
    match log.append(append).await {
        Ok(_) => {
            tracing::info!(%session, "ended: its connection to sudo was lost");
            Ok(true)
        }
        // Somebody went on with it this very moment.
        Err(AppendError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// When a session was launched of which nothing else is there: the server crashed just then. `None` for
/// sessions of other recorders, which may say that they are of sudo, too, and hold upload tokens.
async fn launched_only(
    server: &SudoServer,
    session: SessionId,
) -> anyhow::Result<Option<Timestamp>> {
    const FIRST_EVENTS: usize = 10;
    let app = &server.app;
    let next = app.log.next_version(&history::stream_of(session)).await?;
    let Some(session) = app.control.launched(session).await? else {
        return Ok(None);
    };
    let events = session.events(StreamVersion(0), FIRST_EVENTS).await?;
    let is_token = |event: &Event| *event.kind() == EventType::TOKEN_CREATED;
    let is_ours = next == StreamVersion(0) && !events.iter().any(is_token);
    Ok(events.first().filter(|_| is_ours).map(Event::at))
}
