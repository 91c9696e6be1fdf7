//! The options of `retrace serve` for sudo.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::output;
use crate::node::node_name;
use crate::server::App;
use crate::server::sudo::{self, SudoServer, TlsFiles};

/// Where sudo is listened to, and how.
#[derive(Args)]
#[command(next_help_heading = "Recording sudo (docs/sudo.md)")]
pub(super) struct SudoListeners {
    /// The address to take recordings of sudo on, without TLS; sudo's own port for it is 30343
    #[arg(long, value_name = "ADDRESS", env = "RETRACE_SUDO_LISTEN")]
    sudo_listen: Option<SocketAddr>,
    /// The address to take recordings of sudo on, over TLS; sudo's own port for it is 30344
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RETRACE_SUDO_TLS_LISTEN",
        requires = "sudo_tls_cert",
        requires = "sudo_tls_key"
    )]
    sudo_tls_listen: Option<SocketAddr>,
    /// The certificate for it, in PEM, with those between it and its authority behind it
    #[arg(long, value_name = "FILE", env = "RETRACE_SUDO_TLS_CERT")]
    sudo_tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", env = "RETRACE_SUDO_TLS_KEY")]
    sudo_tls_key: Option<PathBuf>,
    /// Certificates of authorities, in PEM: only machines with a certificate of one of them may record
    #[arg(long, value_name = "FILE", env = "RETRACE_SUDO_TLS_CLIENT_CA")]
    sudo_tls_client_ca: Option<PathBuf>,
}

/// Addresses that are taken already.
pub(super) struct Bound(Vec<(TcpListener, Option<Arc<TlsFiles>>)>);

impl SudoListeners {
    /// Takes the addresses, and reads the certificates.
    pub(super) async fn bind(self) -> anyhow::Result<Bound> {
        let mut bound = Vec::new();
        if let Some(address) = self.sudo_listen {
            bound.push((listen(address, "--sudo-listen").await?, None));
        }
        if let Some(address) = self.sudo_tls_listen {
            let (Some(certificate), Some(key)) = (self.sudo_tls_cert, self.sudo_tls_key) else {
                anyhow::bail!("--sudo-tls-listen needs --sudo-tls-cert and --sudo-tls-key");
            };
            let tls = TlsFiles::open(certificate, key, self.sudo_tls_client_ca)?;
            let listener = listen(address, "--sudo-tls-listen").await?;
            bound.push((listener, Some(Arc::new(tls))));
        }
        Ok(Bound(bound))
    }
}

async fn listen(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: choose another address with {option}")
    })
}

impl Bound {
    /// Serves on the addresses until `stopped` says so. What is answered ends when the last client is
    /// served.
    pub(super) fn start(
        self,
        app: &App,
        data: &Path,
        stopped: &watch::Receiver<bool>,
    ) -> anyhow::Result<impl Future<Output = ()> + use<>> {
        let mut serving = JoinSet::new();
        if !self.0.is_empty() {
            let node = node_name(data)?;
            let server = SudoServer::new(app.clone(), node, stopped.clone());
            serving.spawn(sudo::end_lost_sessions(Arc::clone(&server)));
            for (listener, tls) in self.0 {
                let how = if tls.is_some() { " over TLS" } else { "" };
                let address = listener.local_addr()?;
                output::note(format!("listening for sudo on {address}{how}"));
                serving.spawn(sudo::serve(Arc::clone(&server), listener, tls));
            }
        }
        Ok(async move { while serving.join_next().await.is_some() {} })
    }
}
