//! Ending a subscription without losing what is on its way.

use std::time::Duration;

use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;

/// How long one lot of fillers may take to come back, and how many lots are sent at most.
const ROUND: Duration = Duration::from_millis(50);
const ROUNDS: usize = 20;

/// Ends the subscription, of which `taken` messages have been taken, and hands what still arrives to
/// `take`. `filler` is a subject that the subscription covers, and `margin` is more than the server can have
/// sent that has not yet arrived here.
///
/// NOTE: not `Subscriber::drain`. Up to 0.51, async-nats forgets a draining subscription as soon as its
/// connection next has anything to do, whether or not the server has seen the UNSUB, and drops what
/// arrives after that: a caller then waits in vain. Instead, both sides are told to end after the same
/// number of messages, which each of them counts, and messages without a reply fill that number up.
pub(super) async fn close(
    mut subscription: Subscriber,
    taken: u64,
    margin: u64,
    client: &Client,
    filler: &str,
    mut take: impl FnMut(Message),
) {
    if let Err(error) = subscription.unsubscribe_after(taken + margin).await {
        tracing::debug!(%error, "a subscription could not be closed");
        return;
    }
    // In a queue group the other members get some of the fillers, hence several rounds.
    for _ in 0..ROUNDS {
        for _ in 0..margin {
            if let Err(error) = client.publish(filler.to_owned(), Bytes::new()).await {
                tracing::debug!(%error, "a subscription could not be closed");
                return;
            }
        }
        loop {
            match tokio::time::timeout(ROUND, subscription.next()).await {
                Ok(Some(message)) => take(message),
                Ok(None) => return,
                Err(_elapsed) => break,
            }
        }
    }
    // The two counts differ: the server began anew when the connection was last lost.
    tracing::debug!(filler, "a subscription was closed without waiting for what is on its way");
}
