//! Reading what a run has left behind: the effects, and the log of terms.

use std::time::Duration;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::{Aggregate, AggregateId};
use aegis_sdk::nats::follow::{Followed, Follower, From};
use aegis_sdk::{Connection, Journal};
use anyhow::Context as _;

use crate::history::{Effect, Tenure};
use crate::member::{self, Body, SERVICE};

const STREAM: &str = "EVENTS";
/// How long all of it may take to be read.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every effect, in the order of the stream.
pub(crate) async fn effects(connection: &Connection) -> anyhow::Result<Vec<Effect>> {
    let stream = connection.jetstream().get_stream(STREAM).await?;
    let last = stream.cached_info().state.last_sequence;
    let mut effects = Vec::new();
    if last == 0 {
        return Ok(effects);
    }
    let mut follower = Follower::start(connection, STREAM.to_owned(), From::Sequence(1));
    let reading = async {
        loop {
            let Followed::Message(message) = follower.next().await else { continue };
            let group = message.subject.rsplit('.').next().unwrap_or_default().to_owned();
            let Body { instance, request, term } = serde_json::from_slice(&message.body)
                .with_context(|| format!("message {} at the sink", message.sequence))?;
            effects.push(Effect { sequence: message.sequence, group, instance, term, request });
            if message.sequence >= last {
                return Ok(effects);
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.context("the sink cannot be read to its end")?
}

/// The terms in the log, group by group, each in the log's order.
pub(crate) async fn log(connection: &Connection, groups: usize) -> anyhow::Result<Vec<Tenure>> {
    let journal = Journal::new(connection);
    let mut tenures = Vec::new();
    for index in 0..groups {
        let group = member::group(index);
        let id = AggregateId::Leadership(SERVICE.parse()?, group.parse()?);
        for recorded in journal.events(&id).await? {
            let Some(LeadershipEvent::LeaderElected { term, instance, .. }) =
                Leadership::event(&recorded.envelope.event)
            else {
                continue;
            };
            let (term, instance) = (term.get(), instance.to_string());
            tenures.push(Tenure { group: group.clone(), term, instance });
        }
    }
    Ok(tenures)
}
