//! Callers that send orders for one account without a pause, and remember every answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_sdk::{CallError, Client};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::floor::{desk, order};

#[derive(Default)]
pub(crate) struct Answers {
    /// Trade ids, and the highest term so far.
    pub(crate) acknowledged: BTreeSet<String>,
    pub(crate) term: u64,
    pub(crate) errors: Vec<CallError>,
}

pub(crate) struct Callers {
    answers: Arc<Mutex<Answers>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Callers {
    /// Several callers at once, so that whatever happens to the owner hits an order in flight.
    pub(crate) fn start(client: &Client, account: &'static str, timeout: Duration) -> Self {
        let mut callers = Self { answers: Arc::default(), stop: Arc::default(), tasks: JoinSet::new() };
        for _ in 0..3 {
            let (client, answers, stop) =
                (client.clone(), Arc::clone(&callers.answers), Arc::clone(&callers.stop));
            callers.tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let reply =
                        client.call::<_, Value>(&desk(account), "send_order", &order(), timeout).await;
                    let mut answers = answers.lock().unwrap();
                    match reply {
                        Ok(reply) => {
                            let term = reply.body["term"].as_u64().unwrap();
                            assert_eq!(reply.term.unwrap().get(), term);
                            answers.term = answers.term.max(term);
                            let trade = reply.body["trade_id"].as_str().unwrap().to_owned();
                            assert!(
                                answers.acknowledged.insert(trade),
                                "a trade id came twice: {}",
                                reply.body
                            );
                        }
                        Err(error) => answers.errors.push(error),
                    }
                }
            });
        }
        callers
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.answers.lock().unwrap().acknowledged.len()
    }

    pub(crate) fn term(&self) -> u64 {
        self.answers.lock().unwrap().term
    }

    pub(crate) async fn stop(mut self) -> Answers {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.answers.lock().unwrap())
    }
}
