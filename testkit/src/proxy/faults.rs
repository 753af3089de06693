use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Direction, rewrite::Rule};

/// What is wrong with which connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    /// By the text that a connection's name must contain; the empty one is part of all names, and of
    /// those that are not known.
    by_name: BTreeMap<String, Fault>,
    /// How often connections have been dropped.
    pub(super) generation: u64,
    /// Only ever added to.
    pub(super) rules: Vec<Arc<Rule>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fault {
    pub(super) cut_to_server: bool,
    pub(super) cut_to_client: bool,
    pub(super) delay: Duration,
    /// Connections of an older generation are closed.
    dropped: u64,
}

impl Fault {
    pub(super) fn heal(&mut self) {
        *self = Self { dropped: self.dropped, ..Self::default() };
    }
}

impl Faults {
    pub(super) fn entry(&mut self, text: &str) -> &mut Fault {
        self.by_name.entry(text.to_owned()).or_default()
    }

    pub(super) fn heal(&mut self) {
        self.by_name.values_mut().for_each(Fault::heal);
    }

    pub(super) fn drop_named(&mut self, text: &str) {
        self.generation += 1;
        self.entry(text).dropped = self.generation;
    }

    pub(super) fn cuts(&self, name: Option<&str>, direction: Direction) -> bool {
        self.of(name).any(|fault| match direction {
            Direction::ToServer => fault.cut_to_server,
            Direction::ToClient => fault.cut_to_client,
        })
    }

    pub(super) fn delay(&self, name: Option<&str>) -> Duration {
        self.of(name).map(|fault| fault.delay).max().unwrap_or_default()
    }

    /// Whether a connection that was made in this generation has been dropped since.
    pub(super) fn drops(&self, name: Option<&str>, born: u64) -> bool {
        self.of(name).any(|fault| fault.dropped > born)
    }

    fn of(&self, name: Option<&str>) -> impl Iterator<Item = &Fault> {
        let applies = move |text: &str| text.is_empty() || name.is_some_and(|name| name.contains(text));
        self.by_name.iter().filter(move |(text, _)| applies(text)).map(|(_, fault)| fault)
    }
}
