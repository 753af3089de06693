//! What a client proves who it is with.

use std::fmt;
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde::Serialize;

use super::security::{Credentials, SecurityError, nkey_seed, read_creds};

/// Credentials, read from where they are kept.
#[derive(Clone, Default)]
pub(super) enum Login {
    #[default]
    Nobody,
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

/// What of it a server is told, which has sent a challenge.
#[derive(Debug, Default, Serialize)]
pub(super) struct Proof<'a> {
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

impl Login {
    pub(super) fn read(credentials: Option<&Credentials>) -> Result<Self, SecurityError> {
        Ok(match credentials {
            None => Self::Nobody,
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

    pub(super) fn prove(&self, challenge: &str) -> io::Result<Proof<'_>> {
        Ok(match self {
            Self::Nobody => Proof::default(),
            Self::User { user, password } => {
                Proof { user: Some(user), pass: Some(password), ..Proof::default() }
            }
            Self::Token(token) => Proof { auth_token: Some(token), ..Proof::default() },
            Self::Key { key, jwt } => {
                let signed = key.sign(challenge.as_bytes()).map_err(io::Error::other)?;
                let sig = Some(URL_SAFE_NO_PAD.encode(signed));
                let nkey = jwt.is_none().then(|| key.public_key());
                Proof { jwt: jwt.as_deref(), nkey, sig, ..Proof::default() }
            }
        })
    }
}

/// It shows no secret.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
