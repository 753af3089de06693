//! The rule of every fenced sink.

use std::collections::HashMap;

use aegis_domain::{ErrorCode, GroupName, Term};

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

/// Remembers the highest term of each group and refuses lower ones. Pure: whoever keeps it decides where.
///
/// The check and the effect must be one step: a lock around both, or one transaction. And the gate must
/// last as long as the effects do: one that forgets its terms in a restart lets an old writer in again,
/// so a sink that is durable keeps them beside its data and calls [`Gate::admit`] for each at its start.
///
/// # Examples
/// ```
/// use aegis_domain::{GroupName, Term};
/// use aegis_sdk::fencing::Gate;
///
/// let account = GroupName::new("ACC-1")?;
/// let mut gate = Gate::default();
/// gate.admit(&account, Term(5))?;
/// gate.admit(&account, Term(6))?;
/// let late = gate.admit(&account, Term(5)).unwrap_err();
/// assert_eq!(late.current, Term(6));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Gate {
    highest: HashMap<GroupName, Term>,
}

impl StaleTerm {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        ErrorCode::StaleTerm
    }
}

impl Gate {
    /// Lets a writer of this term in, and from then on nobody of a lower one.
    ///
    /// # Errors
    /// When a higher term of the group was let in before.
    pub fn admit(&mut self, group: &GroupName, term: Term) -> Result<(), StaleTerm> {
        match self.highest.get_mut(group) {
            None => {
                self.highest.insert(group.clone(), term);
            }
            Some(highest) if *highest <= term => *highest = term,
            Some(highest) => return Err(StaleTerm { group: group.clone(), term, current: *highest }),
        }
        Ok(())
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
            assert_eq!(refused, StaleTerm { group: group.clone(), term: Term(term), current: Term(3) });
        }
        gate.admit(&group, Term(3)).unwrap();
    }

    #[test]
    fn each_group_has_its_own_terms() {
        let mut gate = Gate::default();
        gate.admit(&GroupName::new("ACC-1").unwrap(), Term(9)).unwrap();
        gate.admit(&GroupName::new("ACC-2").unwrap(), Term(1)).unwrap();
    }
}
