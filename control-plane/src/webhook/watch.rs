//! What is told of what is seen: only what stands, each once when it begins and once when it is over. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::trouble::Trouble;

/// What has come or gone has to stay so for this long before it is told: most of it heals by itself.
const STANDS: TimeDelta = TimeDelta::seconds(10);

/// All that was seen and is not over.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<String, Seen>);

/// Something has begun to need somebody, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) is_bad: bool,
    /// Since when it needed somebody.
    pub(super) since: DateTime<Utc>,
    pub(super) trouble: Trouble,
}

#[derive(Debug)]
struct Seen {
    trouble: Trouble,
    first: DateTime<Utc>,
    /// When it was first not seen any more.
    gone: Option<DateTime<Utc>>,
    /// What was said of its beginning when it was told.
    told: Option<DateTime<Utc>>,
}

impl Watch {
    /// These are all that there is now.
    pub(super) fn look(&mut self, troubles: Vec<Trouble>, now: DateTime<Utc>) -> Vec<Transition> {
        let mut before = std::mem::take(&mut self.0);
        for trouble in troubles {
            let (first, told) =
                before.remove(&trouble.key).map_or((now, None), |seen| (seen.first, seen.told));
            self.0.insert(trouble.key.clone(), Seen { trouble, first, gone: None, told });
        }
        // Of what is gone, what nobody was told of needs no telling.
        for (key, seen) in before.into_iter().filter(|(_, seen)| seen.told.is_some()) {
            let gone = seen.gone.or(Some(now));
            self.0.insert(key, Seen { gone, ..seen });
        }
        self.transitions(now)
    }

    /// This one is there, too, and of the others nothing is known now.
    pub(super) fn look_at(&mut self, trouble: &Trouble, now: DateTime<Utc>) -> Vec<Transition> {
        let new = || Seen { trouble: trouble.clone(), first: now, gone: None, told: None };
        self.0.entry(trouble.key.clone()).or_insert_with(new).gone = None;
        self.transitions(now)
    }

    fn transitions(&mut self, now: DateTime<Utc>) -> Vec<Transition> {
        let mut transitions = Vec::new();
        self.0.retain(|_, seen| match (seen.told, seen.gone) {
            (None, None) if now - seen.first >= STANDS => {
                let since = seen.trouble.since.unwrap_or(seen.first);
                seen.told = Some(since);
                transitions.push(Transition { is_bad: true, since, trouble: seen.trouble.clone() });
                true
            }
            (Some(since), Some(gone)) if now - gone >= STANDS => {
                transitions.push(Transition { is_bad: false, since, trouble: seen.trouble.clone() });
                false
            }
            (None | Some(_), None | Some(_)) => true,
        });
        transitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    fn trouble(key: &str) -> Trouble {
        Trouble {
            key: key.to_owned(),
            subject: key.to_owned(),
            text: "is not well".to_owned(),
            since: None,
            path: "/".to_owned(),
        }
    }

    fn told(transitions: &[Transition]) -> Vec<(&str, bool)> {
        transitions.iter().map(|transition| (transition.trouble.key.as_str(), transition.is_bad)).collect()
    }

    #[test]
    fn what_stands_is_told_once_and_its_end_once() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(vec![trouble("a")], at(0)), []);
        assert_eq!(watch.look(vec![trouble("a")], at(9)), []);
        let transitions = watch.look(vec![trouble("a")], at(10));
        assert_eq!((told(&transitions), transitions[0].since), (vec![("a", true)], at(0)));
        assert_eq!(watch.look(vec![trouble("a")], at(60)), []);
        assert_eq!(watch.look(vec![], at(70)), []);
        let transitions = watch.look(vec![], at(80));
        assert_eq!((told(&transitions), transitions[0].since), (vec![("a", false)], at(0)));
        assert_eq!(watch.look(vec![], at(90)), []);
    }

    #[test]
    fn what_heals_by_itself_is_not_told_and_what_comes_back_at_once_goes_on() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(vec![trouble("a")], at(0)), []);
        assert_eq!(watch.look(vec![], at(8)), []);
        assert_eq!(watch.look(vec![trouble("a")], at(12)), [], "it begins anew");
        assert_eq!(told(&watch.look(vec![trouble("a")], at(22))), [("a", true)]);
        assert_eq!(watch.look(vec![], at(30)), []);
        assert_eq!(watch.look(vec![trouble("a")], at(38)), [], "it was not over");
        assert_eq!(watch.look(vec![], at(40)), []);
        assert_eq!(told(&watch.look(vec![], at(50))), [("a", false)]);
    }

    #[test]
    fn while_nothing_is_known_of_the_others_they_stand() {
        let mut watch = Watch::default();
        watch.look(vec![trouble("a")], at(0));
        assert_eq!(told(&watch.look(vec![trouble("a")], at(10))), [("a", true)]);
        assert_eq!(watch.look_at(&trouble("nats"), at(12)), []);
        assert_eq!(told(&watch.look_at(&trouble("nats"), at(40))), [("nats", true)]);
        assert_eq!(watch.look(vec![trouble("a")], at(42)), []);
        assert_eq!(told(&watch.look(vec![trouble("a")], at(52))), [("nats", false)]);
    }
}
