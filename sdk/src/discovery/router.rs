//! Calls to an instance of the caller's choosing.

use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::directory::Directory;
use super::strategy::Strategy;
use crate::{CallError, CallOptions, Client, Reply, Target};

/// Calls the instances of one service by a strategy. Cheap to clone.
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
    /// then on, and the next one is called: nothing has happened there. When nobody is left, or nobody was ever known,
    /// NATS chooses.
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
        while let Ok(pick) = self.directory.select(&self.strategy).await {
            let sent = Instant::now();
            let once = options.less(begun.elapsed()).once();
            match self.client.call(&pick.target(), method, request, once).await {
                Err(CallError::NoResponders { .. }) => self.directory.evict(&pick.instance),
                outcome => {
                    if outcome.is_ok() {
                        pick.answered(sent.elapsed());
                    }
                    return outcome;
                }
            }
        }
        let any = Target::Any(self.directory.service().clone());
        self.client.call(&any, method, request, options.less(begun.elapsed())).await
    }
}
