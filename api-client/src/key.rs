//! Idempotency keys, and the revision that a change is based on.

use hyper::header::HeaderValue;
use uuid::Uuid;

use crate::Error;

/// The longest key.
const KEY_MAX: usize = 200;

/// `Idempotency-Key`: the same request with the same key is carried out once by a replica, for 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(HeaderValue);

impl IdempotencyKey {
    /// A key of one's own.
    ///
    /// # Errors
    /// When it is empty, longer than 200 bytes, or has a blank or a character that cannot be seen.
    pub fn new(key: &str) -> Result<Self, Error> {
        let fits = (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::from_str(key).ok().filter(|_| fits);
        value.map(Self).ok_or_else(|| {
            Error::Settings(format!("an idempotency key has 1 to {KEY_MAX} letters, digits and signs"))
        })
    }

    /// A key that nobody else draws.
    #[must_use]
    pub fn random() -> Self {
        let key = Uuid::new_v4().simple().to_string();
        Self(HeaderValue::try_from(key).expect("digits can stand in a header"))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// What a change of a definition is based on: `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The revision that was read. When another one stands, the change is refused (`DEFINITION_CONFLICT`).
    Revision(u64),
    /// Whatever stands.
    Any,
}

impl Basis {
    pub(crate) fn header(self) -> HeaderValue {
        match self {
            Self::Revision(revision) => tag(revision),
            Self::Any => HeaderValue::from_static("*"),
        }
    }
}

/// A revision as an `ETag`.
pub(crate) fn tag(revision: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{revision}\"")).expect("digits can stand in a header")
}
