//! How a client authenticates to a server.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde::Serialize;

use super::security::{Credentials, SecurityError, nkey_seed, read_creds};

/// Credentials, read anew from their file for each connection: files are renewed while a service runs. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Authenticator {
    credentials: Option<Credentials>,
    /// What was read last. It is used again when the file cannot be read.
    last: Arc<Mutex<Auth>>,
}

/// Credentials, as they were read.
#[derive(Clone, Default)]
pub(super) enum Auth {
    #[default]
    None,
    User {
        user: String,
        password: String,
    },
    Token(String),
    Key {
        key: Arc<KeyPair>,
        jwt: Option<String>,
    },
}

/// The fields of CONNECT that authenticate the client.
#[derive(Debug, Default, Serialize)]
pub(super) struct ConnectAuth<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nkey: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sig: Option<String>,
}

impl Authenticator {
    /// Reads them for the first time.
    ///
    /// # Errors
    /// When a file cannot be read, or holds something else.
    pub(super) fn new(credentials: Option<Credentials>) -> Result<Self, SecurityError> {
        let first = Auth::read(credentials.as_ref())?;
        Ok(Self { credentials, last: Arc::new(Mutex::new(first)) })
    }

    /// What the next connection authenticates with.
    pub(super) fn current(&self) -> Auth {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match Auth::read(self.credentials.as_ref()) {
            Ok(auth) => *last = auth,
            Err(error) => {
                tracing::warn!(%error, "the credentials cannot be read: those read before are used")
            }
        }
        last.clone()
    }

    /// Options of the client library, which asks for the credentials at each connection.
    pub(super) fn options(&self) -> async_nats::ConnectOptions {
        if self.credentials.is_none() {
            return async_nats::ConnectOptions::new();
        }
        let authenticator = self.clone();
        async_nats::ConnectOptions::with_auth_callback(move |nonce| {
            let signed = authenticator.current().sign_for_library(&nonce);
            std::future::ready(signed.map_err(async_nats::AuthError::new))
        })
    }
}

impl Auth {
    fn read(credentials: Option<&Credentials>) -> Result<Self, SecurityError> {
        Ok(match credentials {
            None => Self::None,
            Some(Credentials::UserPassword { user, password }) => {
                Self::User { user: user.clone(), password: password.reveal().to_owned() }
            }
            Some(Credentials::Token(token)) => Self::Token(token.reveal().to_owned()),
            Some(Credentials::NkeyFile(path)) => {
                let unusable = |_| SecurityError::Seed { path: path.clone() };
                let key = KeyPair::from_seed(&nkey_seed(path)?).map_err(unusable)?;
                Self::Key { key: Arc::new(key), jwt: None }
            }
            Some(Credentials::CredsFile(path)) => {
                let (jwt, seed) = read_creds(path)?;
                let unusable = |_| SecurityError::Seed { path: path.clone() };
                let key = KeyPair::from_seed(&seed).map_err(unusable)?;
                Self::Key { key: Arc::new(key), jwt: Some(jwt) }
            }
        })
    }

    /// Signs the server's nonce.
    pub(super) fn sign(&self, nonce: &str) -> io::Result<ConnectAuth<'_>> {
        Ok(match self {
            Self::None => ConnectAuth::default(),
            Self::User { user, password } => {
                ConnectAuth { user: Some(user), pass: Some(password), ..ConnectAuth::default() }
            }
            Self::Token(token) => ConnectAuth { auth_token: Some(token), ..ConnectAuth::default() },
            Self::Key { key, jwt } => {
                let signed = key.sign(nonce.as_bytes()).map_err(io::Error::other)?;
                let sig = Some(URL_SAFE_NO_PAD.encode(signed));
                let nkey = jwt.is_none().then(|| key.public_key());
                ConnectAuth { jwt: jwt.as_deref(), nkey, sig, ..ConnectAuth::default() }
            }
        })
    }

    /// The same for the client library, which encodes the signature itself.
    fn sign_for_library(&self, nonce: &[u8]) -> io::Result<async_nats::Auth> {
        let mut auth = async_nats::Auth::new();
        match self {
            Self::None => {}
            Self::User { user, password } => {
                (auth.username, auth.password) = (Some(user.clone()), Some(password.clone()));
            }
            Self::Token(token) => auth.token = Some(token.clone()),
            Self::Key { key, jwt } => {
                auth.signature = Some(key.sign(nonce).map_err(io::Error::other)?);
                auth.nkey = jwt.is_none().then(|| key.public_key());
                auth.jwt.clone_from(jwt);
            }
        }
        Ok(auth)
    }
}

/// It shows no secret.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth")
    }
}
