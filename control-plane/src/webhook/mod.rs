//! Tells a webhook what needs somebody, and what no longer does: for those who do not look at the page.
//!
//! Each replica looks for itself, and the one that has run longest tells. What was not taken is sent again, so a receiver may
//! get a message twice; its `id` says so. Nothing of it is stored: after a restart, what still needs somebody is told again.

mod notice;
mod post;
mod trouble;
mod watch;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aegis_graphql::needs;
use aegis_graphql::ports::Health as _;
use aegis_nats::ConnectionState;
use anyhow::bail;
use chrono::Utc;
use tokio::time::Instant;

use notice::Notice;
pub(crate) use post::{Settings, Target};
use trouble::Trouble;
use watch::Watch;

use crate::adapter::Adapter;
use crate::adapter::replicas;
use crate::background::Task;

/// So many messages wait at most; of more, the oldest are given up.
const WAITING: usize = 200;
/// A message that nobody takes for so long is given up.
const GIVE_UP: Duration = Duration::from_secs(30 * 60);
/// After a failure it is tried again after a second, then after twice as long each time, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where it is told.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) target: Arc<Target>,
    /// The address of the page in a browser, without a slash at the end, where it is known.
    pub(crate) page: Option<String>,
}

/// Looks, and tells.
#[derive(Debug)]
pub(crate) struct Webhook {
    adapter: Arc<Adapter>,
    place: Place,
    watch: Watch,
    waiting: VecDeque<Waiting>,
    told: u64,
    given_up: u64,
    /// Why the last try failed, how many there were in a row, and when the next one is due.
    failure: Option<(String, u32, Instant)>,
}

#[derive(Debug)]
struct Waiting {
    notice: Notice,
    since: Instant,
}

impl Webhook {
    pub(crate) fn new(adapter: &Arc<Adapter>, place: &Place) -> Self {
        Self {
            adapter: Arc::clone(adapter),
            place: place.clone(),
            watch: Watch::default(),
            waiting: VecDeque::new(),
            told: 0,
            given_up: 0,
            failure: None,
        }
    }

    /// What needs somebody now. Without NATS nothing is known of services, and what was known stands.
    fn look(&mut self) -> Vec<watch::Transition> {
        let now = Utc::now();
        let connected = match *self.adapter.connection.state().borrow() {
            ConnectionState::Connected => true,
            ConnectionState::Reconnecting | ConnectionState::Closed => false,
        };
        if !connected {
            return self.watch.look_at(&Trouble::nats(), now);
        }
        let mut troubles: Vec<_> = self.adapter.problems().iter().map(Trouble::of_problem).collect();
        if !self.adapter.sees_heartbeats() {
            troubles.push(Trouble::heartbeats());
        }
        let contents = self.adapter.live.read();
        troubles.extend(contents.state.installation.self_preservation.as_ref().map(Trouble::of_silence));
        troubles.extend(needs(&contents).into_iter().map(Trouble::of_service));
        drop(contents);
        self.watch.look(troubles, now)
    }

    async fn is_mine_to_tell(&self) -> bool {
        replicas::ask(&self.adapter).await.first().is_none_or(|first| first.mine)
    }

    fn enqueue(&mut self, transition: watch::Transition) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
            self.given_up += 1;
        }
        let notice =
            Notice::of(transition, &self.adapter.namespace(), self.place.page.as_deref(), Utc::now());
        self.waiting.push_back(Waiting { notice, since: Instant::now() });
    }

    /// Sends what waits, in its order, until one is not taken.
    async fn deliver(&mut self) -> anyhow::Result<()> {
        while let Some(first) = self.waiting.front() {
            if let Some((why, _, due)) = &self.failure
                && Instant::now() < *due
            {
                bail!("{why}; {} wait", self.waiting.len());
            }
            let sent = self.place.target.post(&first.notice).await;
            let Some(first) = self.waiting.front() else { break };
            match sent {
                Ok(()) => {
                    self.waiting.pop_front();
                    self.told += 1;
                    self.failure = None;
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    if first.since.elapsed() > GIVE_UP {
                        tracing::warn!(error = why, "a message to the webhook is given up");
                        self.waiting.pop_front();
                        self.given_up += 1;
                    }
                    let failures = self.failure.as_ref().map_or(0, |(_, failures, _)| *failures);
                    if failures == 0 {
                        tracing::warn!(error = why, "the webhook did not take a message; trying again");
                    }
                    self.failure = Some((why, failures.saturating_add(1), Instant::now() + pause(failures)));
                }
            }
        }
        Ok(())
    }
}

/// How long to wait after so many failures before this one.
fn pause(failures: u32) -> Duration {
    Duration::from_secs(1_u64 << failures.min(6)).min(LONGEST_PAUSE)
}

impl Task for Webhook {
    const NAME: &'static str = "webhook";
    const PERIOD: Duration = Duration::from_secs(2);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let transitions = self.look();
        if !transitions.is_empty() && self.is_mine_to_tell().await {
            for transition in transitions {
                self.enqueue(transition);
            }
        }
        self.deliver().await?;
        let (told, host) = (self.told, self.place.target.host());
        Ok(match self.given_up {
            0 => format!("{told} messages were taken by {host}"),
            given_up => format!("{told} messages were taken by {host}, {given_up} were given up"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let seconds: Vec<_> = (0..8).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
