//! Judges a history. Pure: the same history gives the same verdict.
//!
//! Each property is *sound*: it never names a history that a correct system can have, however unlucky the
//! timing. Each says why, since a checker that cries wolf is soon not heard.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use crate::history::{Effect, History, Invocation, Method, Outcome, Tenure};

/// What a history is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// No two instances act under one term of a group: have effects, or answer.
    ///
    /// Sound: a term is claimed by compare-and-set, so it has one owner; and an effect or an answer names the
    /// term under which its call was admitted.
    OneOwnerPerTerm,
    /// At the sink the terms of a group never go back.
    ///
    /// Sound: the sink itself refuses an older term; the order is that of the stream, no clock is
    /// involved.
    TermsOnlyGrow,
    /// The log has every term once and in order, and each effect's term with the same owner.
    ///
    /// Sound: judged after the log has had time to catch up with the terms that were seen; terms are
    /// handed out one by one from 1, and a claimer first records the predecessors that the log lacks.
    EveryTermLogged,
    /// Every acknowledged append stands at the sink.
    ///
    /// Sound: the owner answers after the stream has acknowledged, and the stream syncs before it does.
    NothingLost,
    /// No call has its effect twice.
    ///
    /// Sound: a call has one request id on all its ways, and the run is shorter than the time for which
    /// the sink remembers ids.
    NothingTwice,
    /// An append that was reported as not done has no effect.
    ///
    /// Sound: only codes count whose meaning in the catalogue is that nothing was done and nothing will be.
    NotDoneMeansNot,
    /// A call that begins after another one has returned with some term is not answered under a lower one.
    ///
    /// Sound: an owner checks its lease after it has received the call, so after the call began, and a
    /// successor is elected only after that lease has run out. So whoever is answered under term 5 has
    /// begun before anybody was answered under term 6. That holds too for an owner that is suspended
    /// between the check and the reply, and answers late: its call began before.
    NoStaleAnswer,
    /// Once everything is healed, every group answers within the bound.
    ///
    /// Sound as far as the bound is many leases long, and longer than clients take to reconnect.
    Progress,
    /// No member panics.
    NoPanic,
    /// The log is what `aegis verify` holds it to: no gap, every chain whole, every event readable.
    ///
    /// Sound: whoever appends names the event that it has seen last, and the server takes no other.
    LogVerifies,
}

/// A breach, with the records that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What fell.
    pub property: Property,
    /// The records.
    pub records: Vec<String>,
}

impl Property {
    /// Its number in the documentation.
    #[must_use]
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// It as a sentence.
    #[must_use]
    pub fn claim(self) -> &'static str {
        match self {
            Self::OneOwnerPerTerm => "no two instances act under one term",
            Self::TermsOnlyGrow => "terms at the sink never go back",
            Self::EveryTermLogged => "every term is in the log once, in order, with its owner",
            Self::NothingLost => "every acknowledged append is at the sink",
            Self::NothingTwice => "no call has its effect twice",
            Self::NotDoneMeansNot => "what is reported as not done has no effect",
            Self::NoStaleAnswer => "no answer of an older term after one of a newer",
            Self::Progress => "every group answers again after healing",
            Self::NoPanic => "no member panics",
            Self::LogVerifies => "the log passes the verification",
        }
    }
}

impl Violation {
    fn new(property: Property, records: &[&dyn Debug]) -> Self {
        Self { property, records: records.iter().map(|record| format!("{record:?}")).collect() }
    }
}

/// Every breach in the history.
#[must_use]
pub fn check(history: &History) -> Vec<Violation> {
    let mut found = owners(history);
    found.extend(order_at_sink(&history.effects));
    found.extend(log(history));
    found.extend(calls(history));
    found.extend(answers(&history.invocations));
    let stuck = history.progress.iter().filter(|progress| progress.answered_ms.is_none());
    found.extend(stuck.map(|progress| Violation::new(Property::Progress, &[progress])));
    found.extend(history.panics.iter().map(|line| Violation::new(Property::NoPanic, &[line])));
    found.extend(history.unverified.iter().map(|line| Violation::new(Property::LogVerifies, &[line])));
    found
}

fn owners(history: &History) -> Vec<Violation> {
    let effects = history.effects.iter().map(|it| (&it.group, it.term, &it.instance, it as &dyn Debug));
    let answers = history.invocations.iter().filter_map(|call| match &call.outcome {
        Outcome::Answered { term, instance } => Some((&call.group, *term, instance, call as &dyn Debug)),
        Outcome::NotDone { .. } | Outcome::Unknown | Outcome::Failed { .. } => None,
    });
    let mut first: HashMap<(&str, u64), (&str, &dyn Debug)> = HashMap::new();
    let mut found = Vec::new();
    for (group, term, instance, record) in effects.chain(answers) {
        let (owner, earlier) = *first.entry((group, term)).or_insert((instance, record));
        if owner != instance {
            found.push(Violation::new(Property::OneOwnerPerTerm, &[&earlier, &record]));
        }
    }
    found
}

fn order_at_sink(effects: &[Effect]) -> Vec<Violation> {
    let mut highest: HashMap<&str, &Effect> = HashMap::new();
    let mut found = Vec::new();
    for effect in effects {
        match highest.get(effect.group.as_str()) {
            Some(high) if high.term > effect.term => {
                found.push(Violation::new(Property::TermsOnlyGrow, &[high, effect]));
            }
            Some(_) | None => {
                highest.insert(&effect.group, effect);
            }
        }
    }
    found
}

fn log(history: &History) -> Vec<Violation> {
    let mut groups: BTreeMap<&str, Vec<&Tenure>> = BTreeMap::new();
    for tenure in &history.log {
        groups.entry(&tenure.group).or_default().push(tenure);
    }
    let mut found = Vec::new();
    for tenures in groups.values() {
        for (tenure, due) in tenures.iter().zip(1..) {
            if tenure.term != due {
                let said = format!("term {due} is due here");
                found.push(Violation::new(Property::EveryTermLogged, &[tenure, &said]));
                break;
            }
        }
    }
    let logged: HashMap<(&str, u64), &Tenure> =
        history.log.iter().map(|tenure| ((tenure.group.as_str(), tenure.term), tenure)).collect();
    for effect in &history.effects {
        match logged.get(&(effect.group.as_str(), effect.term)) {
            Some(tenure) if tenure.instance == effect.instance => {}
            Some(tenure) => found.push(Violation::new(Property::EveryTermLogged, &[tenure, effect])),
            None => found.push(Violation::new(Property::EveryTermLogged, &[effect, &"is not in the log"])),
        }
    }
    found
}

fn calls(history: &History) -> Vec<Violation> {
    let mut effects: HashMap<&str, &Effect> = HashMap::new();
    let mut found = Vec::new();
    for effect in &history.effects {
        if let Some(first) = effects.insert(&effect.request, effect) {
            found.push(Violation::new(Property::NothingTwice, &[first, effect]));
        }
    }
    for call in history.invocations.iter().filter(|call| call.method == Method::Append) {
        let effect = effects.get(call.request.as_str());
        match (&call.outcome, effect) {
            (Outcome::Answered { .. }, None) => {
                found.push(Violation::new(Property::NothingLost, &[call]));
            }
            (Outcome::NotDone { .. }, Some(effect)) => {
                found.push(Violation::new(Property::NotDoneMeansNot, &[call, effect]));
            }
            (Outcome::Answered { .. }, Some(_))
            | (Outcome::NotDone { .. }, None)
            | (Outcome::Unknown | Outcome::Failed { .. }, _) => {}
        }
    }
    found
}

fn answers(invocations: &[Invocation]) -> Vec<Violation> {
    let mut groups: BTreeMap<&str, Vec<(&Invocation, u64)>> = BTreeMap::new();
    for call in invocations {
        if let Outcome::Answered { term, .. } = call.outcome {
            groups.entry(&call.group).or_default().push((call, term));
        }
    }
    let mut found = Vec::new();
    for mut begun in groups.into_values() {
        let mut ended = begun.clone();
        begun.sort_by_key(|(call, _)| call.begun);
        ended.sort_by_key(|(call, _)| call.ended);
        let mut ended = ended.into_iter().peekable();
        // The highest term among the calls that had ended before this one began.
        let mut highest: Option<(&Invocation, u64)> = None;
        for (call, term) in begun {
            while let Some(before) = ended.next_if(|(before, _)| before.ended < call.begun) {
                if highest.is_none_or(|(_, high)| high < before.1) {
                    highest = Some(before);
                }
            }
            if let Some((before, high)) = highest
                && high > term
            {
                found.push(Violation::new(Property::NoStaleAnswer, &[before, call]));
            }
        }
    }
    found
}
