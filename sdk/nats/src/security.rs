//! How a connection proves who it is, and how it is kept from others' eyes.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// What stands in the place of a secret wherever it is shown.
pub const MASKED: &str = "********";

/// A text that is neither logged, nor reported, nor shown by `Debug`, and that is overwritten in memory when it is dropped.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// Keeps this text from being shown.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Of what a configuration says, not of what somebody presents: it need not take the same time for each text.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASKED)
    }
}

/// Always masked: what is written out ends in logs and in the registry.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASKED)
    }
}

/// Who connects. Exactly one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Credentials {
    /// A user and a password: `credentials = { user_password = { user = "..", password = ".." } }`.
    UserPassword {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// One token for all: `credentials = { token = ".." }`.
    Token(Secret),
    /// The file that holds an nkey's seed, which begins with `SU`: `credentials = { nkey_file = "path" }`. The seed
    /// signs the server's challenge and never leaves the process.
    NkeyFile(PathBuf),
    /// A credentials file of decentralised JWT authentication, as `nsc` writes it: `credentials = { creds_file = "path" }`.
    CredsFile(PathBuf),
}

/// TLS towards NATS. Certificates are always checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The authorities that the server's certificate is checked against, a PEM file. Default those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The certificate that this client shows, a PEM file; with `key_file`. Default none.
    #[serde(default)]
    pub cert_file: Option<PathBuf>,
    /// The key of that certificate, a PEM file. Default none.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Whether TLS begins before the server has said anything; for servers with `handshake_first`. Default no.
    #[serde(default)]
    pub handshake_first: bool,
}

/// Why credentials or certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// A file cannot be read.
    #[error("the {what} {} cannot be read", path.display())]
    File {
        /// What it is for.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The seed is none of a user.
    #[error("{} holds no nkey seed of a user: it begins with SU and is one line", path.display())]
    Seed {
        /// The file.
        path: PathBuf,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("a client certificate needs both cert_file and key_file")]
    HalfPair,
}

/// Whether the certificates can be read, and fit together.
///
/// # Errors
/// Names the file.
pub(super) fn check_tls(tls: Option<&Tls>) -> Result<(), SecurityError> {
    let Some(tls) = tls else { return Ok(()) };
    if let Some(ca) = &tls.ca_file {
        read("certificate authority", ca)?;
    }
    match (&tls.cert_file, &tls.key_file) {
        (None, None) => Ok(()),
        (Some(cert), Some(key)) => {
            read("client certificate", cert)?;
            read("client key", key).map(drop)
        }
        (Some(_), None) | (None, Some(_)) => Err(SecurityError::HalfPair),
    }
}

/// Adds the certificates to the options of the client library, which reads them at each connection.
pub(super) fn apply_tls(
    mut options: async_nats::ConnectOptions,
    tls: Option<&Tls>,
) -> async_nats::ConnectOptions {
    let Some(tls) = tls else { return options };
    if let Some(ca) = &tls.ca_file {
        options = options.add_root_certificates(ca.clone());
    }
    if let (Some(cert), Some(key)) = (&tls.cert_file, &tls.key_file) {
        options = options.add_client_certificate(cert.clone(), key.clone());
    }
    if tls.handshake_first { options.tls_first() } else { options.require_tls(true) }
}

pub(super) fn nkey_seed(path: &Path) -> Result<String, SecurityError> {
    let seed = read("nkey seed", path)?;
    let seed = seed.trim();
    if !seed.starts_with("SU") || seed.len() != 58 || seed.contains(char::is_whitespace) {
        return Err(SecurityError::Seed { path: path.to_owned() });
    }
    Ok(seed.to_owned())
}

/// The JWT and the seed of a credentials file: each stands alone between two lines of dashes.
pub(super) fn read_creds(path: &Path) -> Result<(String, String), SecurityError> {
    let text = read("credentials file", path)?;
    let mut parts = text
        .lines()
        .map(str::trim)
        .skip_while(|line| !line.starts_with("---"))
        .filter(|line| !line.is_empty() && !line.starts_with("---"));
    let jwt = parts.next().map(str::to_owned);
    let seed = parts.find(|line| line.starts_with("SU")).map(str::to_owned);
    jwt.zip(seed).ok_or_else(|| SecurityError::File {
        what: "credentials file",
        path: path.to_owned(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, "it holds no JWT with its seed"),
    })
}

/// Until when a credentials file is good, if it says so.
pub(super) fn expiry(credentials: &Credentials) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Claims {
        exp: Option<i64>,
    }
    let Credentials::CredsFile(path) = credentials else { return None };
    let (jwt, _seed) = read_creds(path).ok()?;
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    DateTime::from_timestamp(claims.exp?, 0)
}

/// Read here and now, so that a wrong path is an error that names it, and not a connection that never comes.
fn read(what: &'static str, path: &Path) -> Result<String, SecurityError> {
    std::fs::read_to_string(path).map_err(|source| SecurityError::File {
        what,
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_nowhere() {
        let credentials = Credentials::UserPassword { user: "app".into(), password: Secret::new("hunter2") };
        let shown = format!("{credentials:?} {}", serde_json::to_string(&credentials).unwrap());
        assert!(!shown.contains("hunter2") && shown.contains("app") && shown.contains(MASKED), "{shown}");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let seed = folder.path().join("seed");
        std::fs::write(&seed, "SUshort\n").unwrap();
        let missing = folder.path().join("missing");
        let error = |credentials: Option<Credentials>, tls: Option<Tls>| {
            let read = crate::auth::Authenticator::new(credentials).map(drop);
            read.and_then(|()| check_tls(tls.as_ref())).unwrap_err().to_string()
        };
        let tls = |cert: Option<&Path>, ca: Option<&Path>| Tls {
            cert_file: cert.map(Path::to_owned),
            ca_file: ca.map(Path::to_owned),
            ..Tls::default()
        };
        for (message, part) in [
            (error(Some(Credentials::NkeyFile(seed.clone())), None), "begins with SU"),
            (error(Some(Credentials::NkeyFile(missing.clone())), None), "missing cannot be read"),
            (error(Some(Credentials::CredsFile(missing.clone())), None), "credentials file"),
            (error(Some(Credentials::CredsFile(seed)), None), "credentials file"),
            (error(None, Some(tls(Some(&missing), None))), "both cert_file and key_file"),
            (error(None, Some(tls(None, Some(&missing)))), "certificate authority"),
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
