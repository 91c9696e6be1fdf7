//! Accepting connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use retrace_ingest::sudo_logsrv::frame::to_bytes;
use retrace_ingest::sudo_logsrv::messages::ServerEvent;
use rustix::net::sockopt;
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connection;
use super::tls::TlsFiles;
use super::{OPENS_WITHIN, SudoServer};

/// A client that is silent is asked whether it is there after this time, so often, this many times: one
/// that is gone is noticed within two minutes.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);
const KEEPALIVE_TIMES: u32 = 4;
/// After an error of the system, such as too many open files, it is given this time.
const AFTER_ERROR: Duration = Duration::from_millis(200);

/// Serves the clients that come to `listener`, over TLS if there are certificates, until the server
/// stops. Answers once the last of them is served.
pub async fn serve(server: Arc<SudoServer>, listener: TcpListener, tls: Option<Arc<TlsFiles>>) {
    let mut stopping = server.stopping.clone();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection of sudo could not be accepted");
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&server.connections).try_acquire_owned() else {
            tracing::warn!(%address, "too many connections of sudo");
            if tls.is_none() {
                let error = ServerEvent::Error("the server has too many connections".to_owned());
                // It goes into an empty buffer, or nobody is there to read it.
                let _ = stream.try_write(&to_bytes(error));
            }
            continue;
        };
        let (server, tls) = (Arc::clone(&server), tls.clone());
        connections.spawn(serve_one(server, stream, address, tls, permit));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve_one(
    server: Arc<SudoServer>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Arc<TlsFiles>>,
    _permit: OwnedSemaphorePermit,
) {
    if let Err(error) = keep_alive(&stream) {
        tracing::warn!(%address, %error, "a connection of sudo cannot be watched");
    }
    let mut peer = vec![("client address", address.ip().to_string())];
    let Some(tls) = tls else {
        connection::serve(server, stream, peer).await;
        return;
    };
    match timeout(OPENS_WITHIN, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => {
            let (_, session) = stream.get_ref();
            if let Some(certificate) = session.peer_certificates().and_then(<[_]>::first) {
                let digest = hex::encode(Sha256::digest(certificate));
                peer.push(("client certificate SHA-256", digest));
            }
            connection::serve(server, stream, peer).await;
        }
        Ok(Err(error)) => tracing::warn!(%address, %error, "no TLS with a client of sudo"),
        Err(_) => tracing::warn!(%address, "no TLS with a client of sudo in time"),
    }
}

fn keep_alive(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_TIMES)?;
    Ok(sockopt::set_socket_keepalive(stream, true)?)
}
