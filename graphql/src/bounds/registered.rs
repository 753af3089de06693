//! Documents that are known beforehand, those of the page: they can be asked for by their hash, and viewers can be kept to
//! them.

use std::collections::HashMap;

use aegis_domain::ErrorCode;
use async_graphql::{Request, ServerResult, Value};
use sha2::{Digest as _, Sha256};

use crate::codes::server_error;

/// The registered documents.
#[derive(Debug, Default, Clone)]
pub struct Registered {
    /// By the SHA-256 of their text, in hexadecimal.
    documents: HashMap<String, String>,
    /// Whether viewers may run only these.
    only: bool,
}

impl Registered {
    /// Those of a JSON object of hashes and texts. With `only`, viewers may run no others.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(json: &str, only: bool) -> Result<Self, serde_json::Error> {
        Ok(Self { documents: serde_json::from_str(json)?, only })
    }

    /// Puts the text of the document into a request that names only its hash, as clients of «automatic persisted queries»
    /// do.
    pub(super) fn complete(&self, request: &mut Request) -> ServerResult<()> {
        if !request.query.is_empty() {
            return Ok(());
        }
        let Some(Value::Object(persisted)) = request.extensions.get("persistedQuery") else { return Ok(()) };
        let Some(Value::String(hash)) = persisted.get("sha256Hash") else { return Ok(()) };
        // Clients send the whole text when they read this.
        let missing = || server_error(ErrorCode::InvalidQuery, "PersistedQueryNotFound");
        self.documents.get(hash).ok_or_else(missing)?.clone_into(&mut request.query);
        Ok(())
    }

    /// Whether a viewer may run this document.
    pub(super) fn admits(&self, query: &str) -> bool {
        !self.only || self.documents.contains_key(&hash(query))
    }
}

fn hash(query: &str) -> String {
    format!("{:x}", Sha256::digest(query))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "{ viewer { name } }";

    #[test]
    fn documents_are_known_by_the_hash_of_their_text() {
        let json = serde_json::json!({ hash(KNOWN): KNOWN }).to_string();
        let registered = Registered::read(&json, true).unwrap();
        assert!(registered.admits(KNOWN) && !registered.admits("{ viewer { role } }"));
        assert!(Registered::read(&json, false).unwrap().admits("{ viewer { role } }"));
        let asked = |hash: &str| {
            let extensions = serde_json::json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
            let mut request: Request =
                serde_json::from_value(serde_json::json!({ "extensions": extensions })).unwrap();
            registered.complete(&mut request).map(|()| request.query)
        };
        assert_eq!(asked(&hash(KNOWN)).unwrap(), KNOWN);
        assert_eq!(asked("0").unwrap_err().message, "PersistedQueryNotFound");
        assert!(Registered::read("[]", true).is_err());
    }
}
