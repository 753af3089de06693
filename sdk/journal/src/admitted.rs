//! What an aggregate remembers of its writers, beside its state: terms of owners, and keys of commands.

use std::collections::VecDeque;

use aegis_domain::chain::Hash;
use aegis_domain::fencing::{Gate, NotAdmitted};
use aegis_domain::{Context, IdempotencyKey, Recorded, Schema, Sequence};
use serde::{Deserialize, Serialize};

/// Of so many commands with a key an aggregate knows the key: of the last ones.
pub const KEYS_MAX: usize = 1_024;

/// The invariants: after an event of a term no command of a lower one is carried out, and while a key is
/// known no second command under it is. Both follow from the log alone, and an append that expects the head makes the check and the write one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Admitted {
    terms: Gate,
    keys: VecDeque<Known>,
}

/// A command that was carried out under a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// The first half of a SHA-256: keys may be long.
    digest: String,
    /// Where the first of its events stands.
    pub(crate) first: Sequence,
    /// How many there are.
    pub(crate) count: usize,
}

impl Admitted {
    /// Takes in an event of the log.
    pub(crate) fn take<S: Schema>(&mut self, recorded: &Recorded<S>) {
        let Context { tenancy, idempotency_key, .. } = &recorded.envelope.context;
        if let Some((group, term)) = tenancy {
            // What the log says has happened: an append beside `execute` is not checked, and moves no term back.
            let _written_all_the_same = self.terms.admit(group, *term);
        }
        let Some(key) = idempotency_key else { return };
        let digest = digest(key);
        match self.keys.back_mut() {
            Some(last) if last.digest == digest => last.count += 1,
            Some(_) | None => {
                if self.keys.len() >= KEYS_MAX {
                    self.keys.pop_front();
                }
                self.keys.push_back(Known { digest, first: recorded.sequence, count: 1 });
            }
        }
    }

    /// The command that was carried out under this key, if it is known.
    pub(crate) fn find(&self, key: &IdempotencyKey) -> Option<&Known> {
        let digest = digest(key);
        self.keys.iter().rev().find(|known| known.digest == digest)
    }

    /// Whether an owner of this term may write now.
    pub(crate) fn check(&self, context: &Context) -> Result<(), NotAdmitted> {
        let Some((group, term)) = &context.tenancy else { return Ok(()) };
        self.terms.check(group, *term).map(drop)
    }
}

fn digest(key: &IdempotencyKey) -> String {
    let mut digest = Hash::of(key.as_str(), [], &[]).to_string();
    digest.truncate(32);
    digest
}
