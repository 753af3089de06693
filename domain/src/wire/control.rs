//! Control requests to the members of a service: to activate a group, to hand one
//! over, to drain. Bodies are JSON; an error comes in the headers, as it does for any call.

use serde::{Deserialize, Serialize};

use crate::{GroupName, InstanceName, Term};

/// To any member, on the service's activation subject: give this group an owner if it has none. The answer
/// is an [`Owner`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activate {
    /// The group.
    pub group: GroupName,
}

/// To one instance, on its control subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Control {
    /// Hand this group over. The answer is the new [`Owner`].
    StepDown {
        /// The group.
        group: GroupName,
        /// To this member; to any when absent.
        to: Option<InstanceName>,
        /// Why, for the record.
        reason: String,
    },
    /// Log what passes this filter from now on. The answer is empty.
    SetLog {
        /// The filter: a level, or several with what they are for (`info,my_service=debug`).
        filter: String,
    },
    /// Stop cleanly. The answer is empty, and comes before the end.
    Drain {
        /// Why, for the record.
        reason: String,
    },
}

/// Who owns a group, as far as the instance that answers knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The owner.
    pub instance: InstanceName,
    /// Its term.
    pub term: Term,
}
