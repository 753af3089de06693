//! Certificates.

use std::io;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::security::Tls;

/// How servers' certificates are checked, and which is shown to them. Read anew for each connection: certificates are
/// renewed.
pub fn config(tls: Option<&Tls>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    match tls.and_then(|tls| tls.ca_file.as_ref()) {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file).map_err(invalid)? {
                roots.add(certificate.map_err(invalid)?).map_err(invalid)?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            if let (true, Some(error)) = (found.certs.is_empty(), found.errors.into_iter().next()) {
                return Err(io::Error::other(error));
            }
            roots.add_parsable_certificates(found.certs);
        }
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder =
        builder.with_safe_default_protocol_versions().map_err(invalid)?.with_root_certificates(roots);
    let config = match tls.and_then(|tls| tls.cert_file.as_ref().zip(tls.key_file.as_ref())) {
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_file_iter(certificate).map_err(invalid)?;
            let chain = chain.collect::<Result<Vec<_>, _>>().map_err(invalid)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(invalid)?;
            builder.with_client_auth_cert(chain, key).map_err(invalid)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
