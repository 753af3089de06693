//! The state of the replica, each second and at each change.

use std::time::Duration;

use aegis_domain::Sequence;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::ports::{Feed, Status};
use crate::query::System;

const EVERY: Duration = Duration::from_secs(1);
/// How often what tells of no change itself is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Follows it.
pub(super) struct Systems {
    feed: Feed,
    status: Status,
    position: watch::Receiver<Sequence>,
    ticks: Interval,
    told: Option<(Flags, Instant)>,
}

/// What is told of at once.
#[derive(Debug, PartialEq, Eq)]
struct Flags {
    sees_heartbeats: bool,
    self_preservation: bool,
    problems: Vec<&'static str>,
}

impl Systems {
    pub(super) fn new(feed: Feed, status: Status) -> Self {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { position: feed.position(), feed, status, ticks, told: None }
    }

    pub(super) async fn next(&mut self) -> Option<System> {
        loop {
            self.ticks.tick().await;
            // The replica stops.
            self.position.has_changed().ok()?;
            let flags = self.flags();
            let is_due = self
                .told
                .as_ref()
                .is_none_or(|(before, at)| *before != flags || at.elapsed() + LOOK / 2 >= EVERY);
            if is_due {
                self.told = Some((flags, Instant::now()));
                return Some(System::default());
            }
        }
    }

    fn flags(&self) -> Flags {
        Flags {
            sees_heartbeats: self.status.sees_heartbeats(),
            self_preservation: self.feed.contents().state.installation.self_preservation.is_some(),
            problems: self.status.problems().iter().map(|problem| problem.code).collect(),
        }
    }
}
