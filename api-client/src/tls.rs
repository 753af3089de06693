//! Trusted certificate authorities.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::Error;

/// The authorities in this file, or those of the system; nobody where no certificate is going to be checked.
pub(crate) fn config(https: bool, ca_file: Option<&Path>) -> Result<ClientConfig, Error> {
    let roots = match (https, ca_file) {
        (true, Some(file)) => of_file(file)?,
        (true, None) => of_system()?,
        (false, _) => RootCertStore::empty(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Settings(format!("TLS cannot be used: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn of_file(file: &Path) -> Result<RootCertStore, Error> {
    let name = file.display();
    let unread =
        |detail: String| Error::Settings(format!("the certificates in {name} cannot be used: {detail}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unread(error.to_string()))? {
        let certificate = certificate.map_err(|error| unread(error.to_string()))?;
        roots.add(certificate).map_err(|error| unread(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unread("it has none: give a file in PEM".to_owned()));
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(Error::Settings(format!(
            "this system has no certificates of authorities{why}: install them, or name a file with the one of the server"
        )));
    }
    Ok(roots)
}
