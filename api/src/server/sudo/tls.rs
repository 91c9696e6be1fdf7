//! Certificates: read at the start, and again when the files were replaced, so that a renewed
//! certificate does not need a restart, which would end what runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// How often it is looked whether the files were replaced.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not in PEM.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The certificate and the key cannot be used, or not together.
    #[error("the certificate or its key: {0}")]
    Certificate(#[from] rustls::Error),
    /// The certificates of authorities cannot be used.
    #[error("the certificates of authorities: {0}")]
    Authorities(#[from] VerifierBuilderError),
}

/// The files of a server's certificate.
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    client_authorities: Option<PathBuf>,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    changed: Vec<Option<SystemTime>>,
    looked: Instant,
}

impl TlsFiles {
    /// A server that shows the certificate (with those between it and its authority behind it), and,
    /// if there are authorities for clients, serves only clients with a certificate of theirs. All files
    /// are in PEM.
    ///
    /// # Errors
    /// When they cannot be read or used.
    pub fn open(
        certificate: PathBuf,
        key: PathBuf,
        client_authorities: Option<PathBuf>,
    ) -> Result<Self, TlsError> {
        let changed = changed([Some(&certificate), Some(&key), client_authorities.as_ref()]);
        let acceptor = read(&certificate, &key, client_authorities.as_deref())?;
        Ok(Self {
            certificate,
            key,
            client_authorities,
            current: Mutex::new(Current {
                acceptor,
                changed,
                looked: Instant::now(),
            }),
        })
    }

    /// What takes the next connection. Files that were replaced and cannot be used are logged, and
    /// those before them stay in force.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        // Its own steps cannot fail half-way.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() < LOOK_EVERY {
            return current.acceptor.clone();
        }
        current.looked = Instant::now();
        let authorities = self.client_authorities.as_ref();
        let changed = changed([Some(&self.certificate), Some(&self.key), authorities]);
        if changed != current.changed {
            match read(
                &self.certificate,
                &self.key,
                authorities.map(PathBuf::as_path),
            ) {
                Ok(acceptor) => {
                    tracing::info!("the certificate for sudo was read anew");
                    current.acceptor = acceptor;
                    current.changed = changed;
                }
                // Perhaps one of two files is new so far: it is looked again.
                Err(error) => tracing::warn!(%error, "the certificate for sudo stays as it was"),
            }
        }
        current.acceptor.clone()
    }
}

fn changed(files: [Option<&PathBuf>; 3]) -> Vec<Option<SystemTime>> {
    let changed = |file: &PathBuf| {
        std::fs::metadata(file)
            .and_then(|file| file.modified())
            .ok()
    };
    files.into_iter().flatten().map(changed).collect()
}

fn read(
    certificate: &Path,
    key: &Path,
    client_authorities: Option<&Path>,
) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(path)? {
                roots.add(authority)?;
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let private = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::File {
        path: key.to_owned(),
        source,
    })?;
    let config = builder.with_single_cert(certificates(certificate)?, private)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|source| TlsError::File {
            path: path.to_owned(),
            source,
        })
}
