//! TLS to a receiver: by the authorities that its destination names, and no others, or by those of the system.

use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{CONNECT_WITHIN, SinkError};

/// Begins TLS on a connection to a host.
pub(super) async fn begin(
    stream: TcpStream,
    host: &str,
    ca: Option<&str>,
) -> Result<TlsStream<TcpStream>, SinkError> {
    let connector = TlsConnector::from(Arc::new(config(ca)?));
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| SinkError::away(format!("{host} is no name for TLS: {error}")))?;
    let shaken = timeout(CONNECT_WITHIN, connector.connect(name, stream)).await;
    let shaken = shaken.map_err(|_| SinkError::away("TLS did not begin in time"))?;
    shaken.map_err(|error| SinkError::away(format!("TLS was refused: {error}")))
}

fn config(ca: Option<&str>) -> Result<ClientConfig, SinkError> {
    let unusable = |error: &dyn std::fmt::Display| {
        SinkError::away(format!("the certificates of authorities: {error}"))
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let Some(ca) = ca else {
        let config = builder.with_platform_verifier();
        return Ok(config
            .map_err(|error| unusable(&error))?
            .with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
