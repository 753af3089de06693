//! HTTPS by the replica itself. Certificates that are renewed in their files are taken up without a restart.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::background::Task;
use crate::certificate;

/// How long a client may take to agree on a connection.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where certificate and key are, in PEM. Unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsFiles {
    /// The certificate, then those that lead from it to one that clients know.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
}

/// What connections are made with now.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    current: RwLock<Loaded>,
}

/// Takes up files that have changed. Those that cannot be used are named, and the ones before stay.
#[derive(Debug)]
pub(crate) struct Renewal {
    tls: Arc<Tls>,
    /// What was told of files that cannot be used.
    told: Option<String>,
}

#[derive(Debug, Clone)]
struct Loaded {
    config: Arc<ServerConfig>,
    hash: [u8; 32],
    not_after: i64,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn load(files: TlsFiles) -> anyhow::Result<Self> {
        let loaded = Loaded::read(&files)?;
        certificate::set_not_after(loaded.not_after);
        Ok(Self { files, current: RwLock::new(loaded) })
    }

    /// Agrees on a connection with a client.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).config);
        tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await?
    }
}

impl Renewal {
    pub(crate) fn of(tls: &Arc<Tls>) -> Self {
        Self { tls: Arc::clone(tls), told: None }
    }
}

impl Task for Renewal {
    const NAME: &'static str = "tls-certificate";
    /// The files are read, not watched: mounted secrets are swapped by a link.
    const PERIOD: Duration = Duration::from_secs(10);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let Tls { files, current } = &*self.tls;
        let before = current.read().unwrap_or_else(PoisonError::into_inner).hash;
        let of = files.clone();
        let read = tokio::task::spawn_blocking(move || Loaded::read(&of)).await;
        let loaded = match read.map_err(anyhow::Error::from).and_then(|read| read) {
            Ok(loaded) => loaded,
            Err(error) => {
                let text = format!("{error:#}");
                if self.told.as_ref() != Some(&text) {
                    tracing::error!(error = text, "the new certificate cannot be used: the one before stays");
                    self.told = Some(text);
                }
                // Clients must not learn where the files are.
                bail!(
                    "the new certificate cannot be used, and the one before stays: the replica's log says why"
                );
            }
        };
        self.told = None;
        let not_after = DateTime::from_timestamp(loaded.not_after, 0).unwrap_or_default();
        if loaded.hash != before {
            certificate::set_not_after(loaded.not_after);
            *current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
            tracing::info!(certificate = %files.certificate.display(), "a new certificate is used");
        }
        Ok(format!("the certificate is good until {}", not_after.to_rfc3339_opts(SecondsFormat::Secs, true)))
    }
}

impl Loaded {
    fn read(files: &TlsFiles) -> anyhow::Result<Self> {
        let TlsFiles { certificate, key } = files;
        let read = |path: &PathBuf| {
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let (chain_pem, key_pem) = (read(certificate)?, read(key)?);
        let chain = CertificateDer::pem_slice_iter(&chain_pem).collect::<Result<Vec<_>, _>>();
        let chain = chain.with_context(|| format!("{} is no certificate in PEM", certificate.display()))?;
        let first = chain.first().with_context(|| format!("{} has no certificate", certificate.display()))?;
        let (_, leaf) = X509Certificate::from_der(first)
            .map_err(|error| anyhow::anyhow!("{}: {error}", certificate.display()))?;
        let not_after = leaf.validity().not_after.timestamp();
        let secret = PrivateKeyDer::from_pem_slice(&key_pem);
        let secret = secret
            .map_err(|_told_without_the_key| anyhow::anyhow!("{} is no private key in PEM", key.display()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .with_context(|| format!("{} and {} do not fit", certificate.display(), key.display()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let hash = Sha256::new().chain_update(&chain_pem).chain_update([0]).chain_update(&key_pem).finalize();
        Ok(Self { config: Arc::new(config), hash: hash.into(), not_after })
    }
}
