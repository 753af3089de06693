//! The state of the installation, and of this replica.

use std::sync::RwLockReadGuard;

use aegis_domain::{AggregateId, Recorded, Sequence};
use aegis_graphql::ports::{ChangeFeed, Failure, Health, Log, Problem, TaskFacts};
use aegis_projections::engine::Progress;
use aegis_projections::live::Contents;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::Adapter;
use crate::roundtrip::answers;

impl Adapter {
    /// While nothing of the log is in the registry: what is waited for. Readers would take it for an empty one.
    pub(crate) fn is_empty_yet(&self) -> Option<String> {
        let [(_, registry), _] = &self.progress;
        // The file is there a moment before memory.
        let empty = self.live.read().state.position == Sequence::ZERO && registry.head() > Sequence::ZERO;
        empty.then(|| {
            let (come, head) = (registry.rebuilding().unwrap_or_default(), registry.head());
            format!("the registry is made from the log, and is empty until then: {come} of {head}")
        })
    }
}

impl ChangeFeed for Adapter {
    fn contents(&self) -> RwLockReadGuard<'_, Contents> {
        self.live.read()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.live.changed()
    }

    fn position(&self) -> watch::Receiver<Sequence> {
        self.live.position()
    }
}

impl Log for Adapter {
    fn events(&self, aggregate: AggregateId) -> BoxFuture<'_, Result<Vec<Recorded>, Failure>> {
        Box::pin(async move {
            self.journal.events(&aggregate).await.map_err(|error| {
                tracing::warn!(%error, %aggregate, "the log cannot be read");
                Failure { code: error.code() }
            })
        })
    }
}

impl Health for Adapter {
    fn time(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn problems(&self) -> Vec<Problem> {
        let of = |(part, progress): &(&'static str, Progress)| {
            let part = *part;
            let problems = progress.problems().into_iter();
            problems.map(move |it| Problem {
                part,
                code: it.code.as_str(),
                message: it.message,
                since: it.since,
                unready: it.code.is_unready(),
            })
        };
        self.findings.unreadable_heartbeats(&self.visibility.left_out());
        self.progress.iter().flat_map(of).chain(self.findings.problems()).collect()
    }

    fn tasks(&self) -> Vec<TaskFacts> {
        self.background.facts()
    }

    fn answers(&self) -> BoxFuture<'_, bool> {
        Box::pin(answers(&self.connection))
    }

    fn head(&self) -> BoxFuture<'_, Sequence> {
        Box::pin(async {
            // Without an answer, the last thing known is what has been applied.
            self.journal.last_sequence().await.unwrap_or_else(|error| {
                tracing::debug!(%error, "the head of the log is not known now");
                *self.live.position().borrow()
            })
        })
    }

    fn sees_heartbeats(&self) -> bool {
        self.visibility.is_readable()
    }

    fn namespace(&self) -> String {
        self.connection.namespace().as_str().to_owned()
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }
}
