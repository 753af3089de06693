//! The rule of every fenced sink: it refuses writes of an owner whose term is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ErrorCode, GroupName, Term};

/// The writer's term is over: another instance owns the group. Nothing was written, and nothing that the
/// writer sends under this term ever will be: it must stop acting for the group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("term {term} of {group} is over: the sink has seen term {current}")]
pub struct StaleTerm {
    /// The group.
    pub group: GroupName,
    /// The writer's term.
    pub term: Term,
    /// The highest term that the sink has seen.
    pub current: Term,
}

/// Why a writer is not let in. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Its term is over.
    #[error(transparent)]
    StaleTerm(#[from] StaleTerm),
    /// Its term is so far above what the sink has seen that no election can have made it (more than 2^48). If it were
    /// believed, every writer after it would be refused. Its sender is no member of the service: find out who it is.
    #[error("no election can have made term {term} of {group}: the sink has seen term {current}")]
    ImplausibleTerm {
        /// The group.
        group: GroupName,
        /// The writer's term.
        term: Term,
        /// The highest term that the sink has seen, or 0.
        current: Term,
    },
}

/// Remembers the highest term of each group, and refuses lower ones and those that no election can have made. Pure: the sink decides where it is stored.
///
/// The check and the effect must be one step: a lock around both, or one transaction. And the gate must
/// last as long as the effects do: one that forgets its terms in a restart lets an old writer in again,
/// so a sink that is durable keeps them beside its data and calls [`Gate::admit`] for each at its start.
///
/// # Examples
/// ```
/// use aegis_domain::fencing::Gate;
/// use aegis_domain::{GroupName, Term};
///
/// let account = GroupName::new("ACC-1")?;
/// let mut gate = Gate::default();
/// gate.admit(&account, Term(5))?;
/// gate.admit(&account, Term(6))?;
/// let late = gate.admit(&account, Term(5)).unwrap_err();
/// assert_eq!(late.to_string(), "term 5 of ACC-1 is over: the sink has seen term 6");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gate {
    highest: BTreeMap<GroupName, Term>,
}

impl StaleTerm {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        ErrorCode::StaleTerm
    }
}

impl NotAdmitted {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::StaleTerm(stale) => stale.code(),
            Self::ImplausibleTerm { .. } => ErrorCode::StaleTerm,
        }
    }
}

impl Gate {
    /// Admits a writer of this term. Writers of a lower term are refused from then on.
    ///
    /// # Errors
    /// See [`NotAdmitted`].
    pub fn admit(&mut self, group: &GroupName, term: Term) -> Result<(), NotAdmitted> {
        if self.check(group, term)? < term {
            self.highest.insert(group.clone(), term);
        }
        Ok(())
    }

    /// Whether a writer of this term would be admitted, without refusing any other from then on. Answers the highest term seen,
    /// or 0.
    ///
    /// # Errors
    /// See [`NotAdmitted`].
    pub fn check(&self, group: &GroupName, term: Term) -> Result<Term, NotAdmitted> {
        let current = self.highest.get(group).copied().unwrap_or(Term::ZERO);
        if term < current {
            return Err(StaleTerm { group: group.clone(), term, current }.into());
        }
        if term > current && !term.may_follow(current) {
            return Err(NotAdmitted::ImplausibleTerm { group: group.clone(), term, current });
        }
        Ok(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_term_is_refused_once_a_higher_one_was_seen() {
        let group = GroupName::new("ACC-1").unwrap();
        let mut gate = Gate::default();
        for term in [1, 1, 3, 3] {
            gate.admit(&group, Term(term)).unwrap();
        }
        for term in [1, 2] {
            let refused = gate.admit(&group, Term(term)).unwrap_err();
            let stale = StaleTerm { group: group.clone(), term: Term(term), current: Term(3) };
            assert_eq!(refused.code(), ErrorCode::StaleTerm);
            assert_eq!(refused, NotAdmitted::StaleTerm(stale));
        }
        gate.admit(&group, Term(3)).unwrap();
    }

    #[test]
    fn each_group_has_its_own_terms() {
        let mut gate = Gate::default();
        gate.admit(&GroupName::new("ACC-1").unwrap(), Term(9)).unwrap();
        gate.admit(&GroupName::new("ACC-2").unwrap(), Term(1)).unwrap();
    }

    #[test]
    fn a_term_that_no_election_can_have_made_locks_no_writer_out() {
        let group = GroupName::new("ACC-1").unwrap();
        let mut gate = Gate::default();
        for term in [Term(u64::MAX), Term::MAX, Term((1 << 48) + 1)] {
            let refused = gate.admit(&group, term).unwrap_err();
            let current = Term::ZERO;
            assert_eq!(refused.code(), ErrorCode::StaleTerm);
            assert_eq!(refused, NotAdmitted::ImplausibleTerm { group: group.clone(), term, current });
        }
        gate.admit(&group, Term(7)).unwrap();
        gate.admit(&group, Term::MAX).unwrap_err();
        gate.admit(&group, Term(8)).unwrap();
    }
}
