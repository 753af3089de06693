//! Who asks: bearer tokens, browser sessions and one-time login codes. Only hashes are kept.

pub(crate) mod failures;
pub(crate) mod token;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_graphql::{Principal, Role};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use token::{Digest, draw};

use crate::access::actor_name;

/// How long a browser stays signed in.
pub(crate) const SESSION: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a login link works.
const CODE: Duration = Duration::from_secs(10 * 60);
/// The most sessions and codes kept at a time of one principal; the one that ends first makes room.
const EACH: usize = 50;
/// The most of all principals.
const MOST: usize = 10_000;

/// A role as the configuration spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleName {
    Viewer,
    Auditor,
    Operator,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Auditor => Self::Auditor,
            RoleName::Operator => Self::Operator,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// A bearer token of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenEntry {
    /// Whose it is; recorded with every change made with it.
    #[serde(deserialize_with = "named")]
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: RoleName,
    /// The SHA-256 of the token, in hexadecimal.
    pub(crate) sha256: Digest,
    /// When it ends; never when absent.
    #[serde(default)]
    pub(crate) expires: Option<DateTime<Utc>>,
}

fn named<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    actor_name(&name).map_err(serde::de::Error::custom)
}

/// A principal, and until when it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) principal: Principal,
    pub(crate) expires: Option<DateTime<Utc>>,
}

impl Grant {
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Tells principals by what they present.
#[derive(Debug)]
pub(crate) struct Authenticator {
    tokens: HashMap<Digest, Grant>,
    sessions: Mutex<HashMap<Digest, Grant>>,
    codes: Mutex<HashMap<Digest, Grant>>,
}

impl Authenticator {
    pub(crate) fn new(entries: &[TokenEntry]) -> Self {
        let grant = |entry: &TokenEntry| Grant {
            principal: Principal { name: entry.name.clone(), role: entry.role.into() },
            expires: entry.expires,
        };
        Self {
            tokens: entries.iter().map(|entry| (entry.sha256, grant(entry))).collect(),
            sessions: Mutex::default(),
            codes: Mutex::default(),
        }
    }

    /// Who presents this bearer token or browser session.
    ///
    /// NOTE: no comparison in constant time (`subtle`): it is the SHA-256 of what was presented that is looked up. How long
    /// that takes tells of digests, and nobody can choose a text by its digest.
    pub(crate) fn identify(&self, presented: &str) -> Option<Grant> {
        let digest = Digest::of(presented);
        let found = self.tokens.get(&digest).cloned().or_else(|| lock(&self.sessions).get(&digest).cloned());
        found.filter(|grant| !grant.is_over(Utc::now()))
    }

    /// Begins a browser session for the principal of this bearer token. Answers its secret.
    pub(crate) fn sign_in(&self, token: &str) -> Option<String> {
        let grant = self.tokens.get(&Digest::of(token)).filter(|grant| !grant.is_over(Utc::now()))?;
        Some(self.session(grant))
    }

    /// Begins a browser session for the principal of this login code, once.
    pub(crate) fn redeem(&self, code: &str) -> Result<String, &'static str> {
        let grant = lock(&self.codes).remove(&Digest::of(code)).ok_or("code_used")?;
        if grant.is_over(Utc::now()) {
            return Err("code_expired");
        }
        Ok(self.session(&Grant { expires: None, ..grant }))
    }

    /// Ends a browser session.
    pub(crate) fn sign_out(&self, secret: &str) {
        lock(&self.sessions).remove(&Digest::of(secret));
    }

    /// A code that signs this principal in once.
    pub(crate) fn login_code(&self, principal: Principal) -> String {
        let code = draw();
        keep(&mut lock(&self.codes), &code, Grant { principal, expires: Some(Utc::now() + CODE) });
        code
    }

    fn session(&self, grant: &Grant) -> String {
        let secret = draw();
        let ends = Utc::now() + SESSION;
        let expires = Some(grant.expires.map_or(ends, |expires| expires.min(ends)));
        keep(&mut lock(&self.sessions), &secret, Grant { expires, ..grant.clone() });
        secret
    }
}

fn keep(grants: &mut HashMap<Digest, Grant>, secret: &str, grant: Grant) {
    let now = Utc::now();
    grants.retain(|_, grant| !grant.is_over(now));
    let mine = grants.iter().filter(|(_, known)| known.principal.name == grant.principal.name);
    let makes_room = if mine.clone().count() >= EACH {
        first_to_end(mine)
    } else if grants.len() >= MOST {
        first_to_end(grants.iter())
    } else {
        None
    };
    if let Some(first) = makes_room {
        grants.remove(&first);
    }
    grants.insert(Digest::of(secret), grant);
}

fn first_to_end<'a>(grants: impl Iterator<Item = (&'a Digest, &'a Grant)>) -> Option<Digest> {
    grants.min_by_key(|(_, grant)| grant.expires).map(|(digest, _)| *digest)
}

fn lock(grants: &Mutex<HashMap<Digest, Grant>>) -> MutexGuard<'_, HashMap<Digest, Grant>> {
    grants.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(token: &str, expires: Option<DateTime<Utc>>) -> TokenEntry {
        TokenEntry { name: "alice".into(), role: RoleName::Operator, sha256: Digest::of(token), expires }
    }

    #[test]
    fn only_a_known_token_that_is_not_over_identifies() {
        let past = Utc::now() - chrono::TimeDelta::seconds(1);
        let auth = Authenticator::new(&[entry("good", None), entry("old", Some(past))]);
        assert_eq!(auth.identify("good").unwrap().principal.name, "alice");
        assert_eq!(auth.identify("old"), None);
        assert_eq!(auth.identify(""), None);
        assert_eq!(auth.sign_in("old"), None);
    }

    #[test]
    fn a_session_ends_with_signing_out_and_is_no_bearer_token() {
        let auth = Authenticator::new(&[entry("good", None)]);
        let session = auth.sign_in("good").unwrap();
        assert!(auth.identify(&session).is_some());
        assert_eq!(auth.sign_in(&session), None);
        auth.sign_out(&session);
        assert_eq!(auth.identify(&session), None);
    }

    #[test]
    fn a_principal_that_signs_in_often_evicts_no_session_of_others() {
        let viewer = TokenEntry { name: "bob".into(), role: RoleName::Viewer, ..entry("viewer", None) };
        let auth = Authenticator::new(&[entry("good", None), viewer]);
        let mine = auth.sign_in("good").unwrap();
        let first = auth.sign_in("viewer").unwrap();
        let sessions: Vec<_> = (0..10_000).map(|_| auth.sign_in("viewer").unwrap()).collect();
        assert!(auth.identify(&mine).is_some());
        assert!(auth.identify(&first).is_none() && auth.identify(sessions.last().unwrap()).is_some());
        assert_eq!(lock(&auth.sessions).len(), EACH + 1);
    }

    #[test]
    fn a_login_code_works_once() {
        let auth = Authenticator::new(&[]);
        let code = auth.login_code(Principal { name: "admin".into(), role: Role::Admin });
        assert_eq!(auth.identify(&code), None, "a code is no credential");
        let session = auth.redeem(&code).unwrap();
        assert_eq!(auth.identify(&session).unwrap().principal.role, Role::Admin);
        assert_eq!(auth.redeem(&code), Err("code_used"));
    }
}
