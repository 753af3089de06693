//! The state: two registers in a store, writes under way, members, and a sink that checks terms.
//!
//! Time is counters that a tick takes down: no clock, so a run of any length has finitely many states.
//! For the same reason there are no revision numbers: the protocol only compares them for equality, so
//! all that counts is whether a revision that somebody knows is still the key's.

use std::collections::BTreeSet;

/// A lease in ticks. There is no margin: it pays for the drift of clocks, which the model does not have, and
/// without it an owner stops at the very tick at which others may fence it.
pub(crate) const LEASE: u8 = 2;

/// The session of a member's n-th life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Session {
    pub(crate) member: usize,
    pub(crate) life: u8,
}

/// What the owner key says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Owner {
    pub(crate) term: u8,
    pub(crate) holder: Option<Session>,
}

/// A write under way. It stays there until its key moves on, after which it can only conflict: so it may be
/// lost, late, overtaken, or arrive twice. A blind one expects no revision (a breakage), and stays for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Write {
    pub(crate) change: Change,
    pub(crate) blind: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Change {
    /// Creates or renews a session.
    Put(Session),
    /// Ends whatever session the member has.
    End(usize),
    /// Writes the group's owner, or that it has none.
    Own(Owner),
}

/// A key of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Session(usize),
    Owner,
}

impl Change {
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Put(session) => Key::Session(session.member),
            Self::End(member) => Key::Session(*member),
            Self::Own(_) => Key::Owner,
        }
    }
}

/// What a member knows of its own session key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Revision {
    /// It knows the revision at which the key is.
    Current,
    /// The key has moved on since.
    Past,
}

/// The task that keeps the session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Keeper {
    #[default]
    Idle,
    Beginning(u8, Sent),
    Live {
        life: u8,
        revision: Revision,
        renewal: Option<Sent>,
    },
}

/// A write that waits for its acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sent {
    /// For how long the guard would be open if the acknowledgement came now.
    pub(crate) credit: u8,
    /// The revision at which it was applied.
    pub(crate) applied: Option<Revision>,
}

impl Sent {
    fn moves_on(&mut self) {
        self.applied = self.applied.map(|_| Revision::Past);
    }
}

/// Whether whoever holds the group gives it up. While it does, it takes no calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Passing {
    #[default]
    No,
    /// It wrote that, and does not know what became of it.
    Sent,
    /// Its own record was written again since, and there was no other between.
    Rewritten,
}

/// A call under way to the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) term: u8,
    pub(crate) session: Session,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Member {
    pub(crate) keeper: Keeper,
    /// How many sessions it has begun.
    pub(crate) lives: u8,
    /// How long the guard's deadline is away.
    pub(crate) open: u8,
    /// The term under which the guard holds the group.
    pub(crate) holds: Option<u8>,
    /// Whether it is giving that up.
    pub(crate) passing: Passing,
    /// The highest term that it held under this session and let go of, where others may name it again.
    pub(crate) gone: u8,
    /// Word of the owner key that is on its way from a watch, however old, or from a claim's
    /// acknowledgement.
    pub(crate) heard: Option<Owner>,
    /// It neither serves nor takes part in elections.
    pub(crate) resigned: bool,
    /// A call that was admitted; it outlives the process, since it may have been sent.
    pub(crate) call: Option<Call>,
}

impl Member {
    /// The session that the guard knows.
    pub(crate) fn life(&self) -> Option<u8> {
        match self.keeper {
            Keeper::Live { life, .. } => Some(life),
            Keeper::Idle | Keeper::Beginning(..) => None,
        }
    }

    /// It no longer holds the group, and may be given it again under this session.
    pub(crate) fn lets_go(&mut self, again: bool) {
        let term = self.holds.take().filter(|_| again);
        self.gone = term.unwrap_or(0).max(self.gone);
        self.passing = Passing::No;
    }

    /// What a crash leaves.
    pub(crate) fn crashed(&self) -> Self {
        Self { lives: self.lives, call: self.call, ..Self::default() }
    }
}

/// What must never happen, and did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Breaches {
    pub(crate) term_shared: bool,
    pub(crate) effects_went_back: bool,
    pub(crate) owner_term_stood: bool,
    pub(crate) session_rose: bool,
    pub(crate) let_go_for_older: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// The life whose session stands under each member's key.
    pub(crate) sessions: Vec<Option<u8>>,
    /// For how long each session may still stand at its revision before others fence it. The worst
    /// observer is one that sees each revision the moment it is written; so one count serves for all.
    pub(crate) patience: Vec<u8>,
    /// The highest life of each member whose session has ended.
    pub(crate) ended: Vec<u8>,
    pub(crate) owner: Option<Owner>,
    pub(crate) network: BTreeSet<Write>,
    pub(crate) members: Vec<Member>,
    /// The last effect that the sink accepted.
    pub(crate) sink: Option<Call>,
    pub(crate) crashes: u8,
    pub(crate) breaches: Breaches,
}

impl World {
    pub(crate) fn new(members: usize) -> Self {
        Self {
            sessions: vec![None; members],
            patience: vec![0; members],
            ended: vec![0; members],
            owner: None,
            network: BTreeSet::new(),
            members: vec![Member::default(); members],
            sink: None,
            crashes: 0,
            breaches: Breaches::default(),
        }
    }

    pub(crate) fn lives(&self, session: Session) -> bool {
        self.sessions[session.member] == Some(session.life)
    }

    /// A write to a key: whatever expected its revision can only conflict now.
    pub(crate) fn moves_on(&mut self, key: Key) {
        self.network.retain(|write| write.blind || write.change.key() != key);
        let Key::Session(member) = key else { return };
        match &mut self.members[member].keeper {
            Keeper::Idle => {}
            Keeper::Beginning(_, sent) => sent.moves_on(),
            Keeper::Live { revision, renewal, .. } => {
                *revision = Revision::Past;
                renewal.iter_mut().for_each(Sent::moves_on);
            }
        }
    }
}
