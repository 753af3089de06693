//! The router: chooses an instance for each call.

use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::candidate::Candidate;
use super::directory::Directory;
use super::strategy::Strategy;
use crate::client::in_time;
use crate::legacy::Wire;
use crate::{CallError, CallOptions, Client, Reply, Target};

/// Calls the instances of one service by a strategy. Cheap to clone.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: aegis_sdk::Connection, client: aegis_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::discovery::{Directory, Freshness, Router, Strategy};
///
/// let directory = Directory::open(&connection, "pricing".parse()?, Freshness::Watched).await?;
/// let router = Router::new(&client, &directory, Strategy::LeastLoaded);
/// let quote: f64 = router.call("quote", &"EURUSD", client.default_options()).await?.body;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Router {
    client: Client,
    directory: Directory,
    strategy: Strategy,
}

impl Router {
    /// Calls by this client, to the instances of this directory, chosen so.
    #[must_use]
    pub fn new(client: &Client, directory: &Directory, strategy: Strategy) -> Self {
        Self { client: client.clone(), directory: directory.clone(), strategy }
    }

    /// Calls a balanced method of the instance that the strategy chooses. One that does not answer is left out from
    /// then on, and the next one is called: nothing has happened there. When none is left, or none was ever known,
    /// NATS chooses.
    ///
    /// With a client that has [`crate::Resilience`], instances whose breaker is open are left out of the choice; the call is
    /// refused as `CIRCUIT_OPEN` only when all are.
    ///
    /// An instance of the Python SDK, as its record says, is called in the envelope of that SDK, in MessagePack unless
    /// [`CallOptions::codec`] says otherwise. It has no subject of its own, so such a call goes to any instance of the
    /// service; native ones answer it likewise.
    ///
    /// # Errors
    /// See [`CallError`]; each says whether anything has happened.
    ///
    /// # Cancel safety
    /// As [`Client::call`].
    pub async fn call<Req, Res>(
        &self,
        method: &str,
        request: &Req,
        options: impl Into<CallOptions> + Send,
    ) -> Result<Reply<Res>, CallError>
    where
        Req: Serialize + Sync,
        Res: DeserializeOwned,
    {
        let (options, begun) = (options.into(), Instant::now());
        let would_send = |one: &Candidate| self.client.would_send(&one.target());
        loop {
            // A registry that does not answer leaves half of the time for the call.
            let patience = options.less(begun.elapsed()).timeout / 2;
            let selected = in_time(patience, self.directory.select_among(&self.strategy, would_send)).await;
            let Some(Ok((pick, sends))) = selected else { break };
            let sent = Instant::now();
            let once = options.less(begun.elapsed()).once();
            let once = once.spoken(Wire::of(pick.legacy));
            match self.client.call(&pick.target(), method, request, once).await {
                Err(CallError::NoResponders { .. }) => self.directory.evict(&pick.instance),
                // Another call took the one place that there was, to see whether the instance is back.
                Err(CallError::CircuitOpen { .. }) if sends => {}
                outcome => {
                    match &outcome {
                        Ok(_) => pick.answered(sent.elapsed()),
                        Err(_) => pick.failed(sent.elapsed()),
                    }
                    return outcome;
                }
            }
        }
        let any = Target::Any(self.directory.service().clone());
        let rest = options.less(begun.elapsed());
        let rest = rest.spoken(Wire::of(self.directory.is_legacy()));
        self.client.call(&any, method, request, rest).await
    }
}
