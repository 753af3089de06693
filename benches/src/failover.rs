//! Failover as a caller sees it: from its last answer by the old owner to its first by the new one.

use std::time::{Duration, Instant};

use aegis_sdk::{CallOptions, Client, ConnectOptions, Connection, Target};
use aegis_testkit::{FaultProxy, NatsServer, Proc, wait_until};
use tokio::sync::watch;

use crate::many;
use crate::measure::Latencies;
use crate::member::{GROUP, MEMBER, SERVICE};
use crate::report::{Bar, Row};

const MEMBERS: usize = 3;
/// How long one call goes on trying.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the stage may take to be set again.
const SETTLE: Duration = Duration::from_secs(30);

/// What befalls the owner.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill,
    Suspend,
    CutOff,
    Terminate,
}

impl Blow {
    const ALL: [Self; 4] = [Self::Kill, Self::Suspend, Self::CutOff, Self::Terminate];

    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Suspend => "SIGSTOP",
            Self::CutOff => "cut off",
            Self::Terminate => "SIGTERM",
        }
    }

    /// The limit, in milliseconds.
    fn limit(self, aggressive: bool) -> f64 {
        match (self, aggressive) {
            (Self::Terminate, _) => 20.0,
            (Self::Kill | Self::Suspend | Self::CutOff, true) => 400.0,
            (Self::Kill | Self::Suspend | Self::CutOff, false) => 1_150.0,
        }
    }
}

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let trials = if quick { 3 } else { 50 };
    let mut rows = Vec::new();
    for (policy, aggressive) in [("aggressive", true), ("balanced", false)] {
        for blow in Blow::ALL {
            let stage = Stage::set(aggressive).await?;
            let mut gaps = Latencies::default();
            for _ in 0..trials {
                gaps.record(stage.trial(blow).await?);
            }
            for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
                let metric = format!("{} {name}, {policy}", blow.name());
                let values = (gaps.micros(quantile) / 1000.0, blow.limit(aggressive));
                rows.push(Row::new(metric, "gap", values, "ms", Bar::AtMost(1.0), trials));
            }
        }
        rows.push(many::row(policy, aggressive, trials).await?);
    }
    Ok(rows)
}

/// A server, three members each behind a proxy of its own, and a caller that never stops.
struct Stage {
    server: NatsServer,
    members: Vec<tokio::sync::Mutex<Member>>,
    aggressive: bool,
    answers: watch::Receiver<Answer>,
    calls: tokio::task::JoinHandle<()>,
}

struct Member {
    process: Proc,
    proxy: FaultProxy,
}

/// The last answer, and the longest time without one since `owner` took over.
#[derive(Debug, Clone)]
struct Answer {
    owner: String,
    /// How long before the first answer of this owner the one before it had given its last.
    gap: Duration,
    count: u64,
}

impl Stage {
    async fn set(aggressive: bool) -> anyhow::Result<Self> {
        let server = NatsServer::start().await;
        let mut members = Vec::new();
        for index in 0..MEMBERS {
            let proxy = FaultProxy::start(&server.url()).await;
            let process = member(index, &proxy.url(), aggressive, 1)?;
            members.push(tokio::sync::Mutex::new(Member { process, proxy }));
        }
        let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await?;
        let first = Answer { owner: String::new(), gap: Duration::ZERO, count: 0 };
        let (sender, answers) = watch::channel(first);
        let calls = tokio::spawn(call_for_ever(Client::new(&connection), sender));
        Ok(Self { server, members, aggressive, answers, calls })
    }

    /// Strikes the owner, and answers how long the caller went without an answer.
    async fn trial(&self, blow: Blow) -> anyhow::Result<Duration> {
        let owner = self.settled().await;
        let index: usize = owner.rsplit('-').next().unwrap_or_default().parse()?;
        let mut member = self.members[index].lock().await;
        match blow {
            Blow::Kill => member.process.kill(),
            Blow::Suspend => member.process.pause(),
            Blow::CutOff => member.proxy.cut(),
            Blow::Terminate => member.process.terminate(),
        }
        let mut answers = self.answers.clone();
        let next = answers.wait_for(|answer| answer.owner != owner);
        let gap = tokio::time::timeout(SETTLE, next).await??.gap;
        match blow {
            Blow::Kill | Blow::Terminate => {
                member.process.wait_exit(SETTLE).await;
                member.process = self::member(index, &member.proxy.url(), self.aggressive, 1)?;
            }
            Blow::Suspend => member.process.resume(),
            Blow::CutOff => member.proxy.pass(),
        }
        Ok(gap)
    }

    /// Waits until all members have a session, and one of them answers. Says which one.
    async fn settled(&self) -> String {
        let client = self.server.client().await;
        let jetstream = async_nats::jetstream::new(client);
        wait_until("all members", SETTLE, || async {
            let leases = jetstream.get_key_value("aegis_leases").await.map_err(|e| e.to_string())?;
            for index in 0..MEMBERS {
                let key = format!("session.{SERVICE}.{}", name(index));
                // A suspended one leaves none, and a returning one needs a moment.
                if leases.get(&key).await.map_err(|e| e.to_string())?.is_none() {
                    return Err(format!("{key} is missing"));
                }
            }
            Ok(())
        })
        .await;
        let (mut answers, seen) = (self.answers.clone(), self.answers.borrow().count);
        let next = answers.wait_for(|answer| answer.count > seen + 20);
        match tokio::time::timeout(SETTLE, next).await {
            Ok(Ok(answer)) => answer.owner.clone(),
            Ok(Err(_)) | Err(_) => String::new(),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.calls.abort();
    }
}

pub(crate) fn name(index: usize) -> String {
    format!("member-{index}")
}

/// Starts a member.
pub(crate) fn member(index: usize, url: &str, aggressive: bool, groups: usize) -> anyhow::Result<Proc> {
    let (name, groups) = (name(index), groups.to_string());
    let builder = Proc::builder(std::env::current_exe()?).name(name.clone());
    let builder = builder.args([MEMBER, "--nats-url", url, "--instance", &name, "--groups", &groups]);
    Ok(builder.args(aggressive.then_some("--aggressive")).spawn())
}

async fn call_for_ever(client: Client, answers: watch::Sender<Answer>) {
    let Ok(target) = Target::owner(SERVICE, GROUP) else { return };
    let mut last = Instant::now();
    loop {
        let options = CallOptions::within(PATIENCE).idempotent();
        let Ok(reply) = client.call::<_, String>(&target, "who", &(), options).await else { continue };
        let gap = last.elapsed();
        last = Instant::now();
        answers.send_modify(|answer| {
            answer.count += 1;
            if answer.owner != reply.body {
                (answer.owner, answer.gap) = (reply.body, gap);
            }
        });
    }
}
