//! Failover as a caller sees it: from its last answer by the old owner to its first by the new one.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aegis_domain::Actor;
use aegis_sdk::{CallOptions, Client, ConnectOptions, Connection, Operator, Target};
use aegis_testkit::{FaultProxy, NatsServer, Proc, wait_until};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::many;
use crate::measure::Latencies;
use crate::member::{GROUP, SERVICE, member, name};
use crate::report::{Bar, Row};

const MEMBERS: usize = 3;
const CALLERS: usize = 4;
/// Between two calls of a caller that is not measured.
const PAUSE: Duration = Duration::from_millis(2);
/// How long one call goes on trying.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the stage may take to be set again.
const SETTLE: Duration = Duration::from_secs(30);

/// How others replace a lost leader by default, for scale.
const PEERS: &str = "for scale, how long others take to replace a lost leader by default: \
Kubernetes leader election 15 s (client-go LeaseDuration), Consul 25 s (session TTL 10 s and lock delay 15 s), \
etcd 60 s (TTL of a concurrency session); the promise that this product began with was 2 s (NFR3)";

/// What befalls the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Kill,
    Suspend,
    CutOff,
    Terminate,
    Drain,
    StepDown,
}

impl Blow {
    const ALL: [Self; 6] =
        [Self::Kill, Self::Suspend, Self::CutOff, Self::Terminate, Self::Drain, Self::StepDown];

    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Suspend => "SIGSTOP",
            Self::CutOff => "cut off",
            Self::Terminate => "SIGTERM",
            Self::Drain => "drain",
            Self::StepDown => "step-down",
        }
    }

    /// Whether the owner can say goodbye: then no call may fail.
    fn is_clean(self) -> bool {
        match self {
            Self::Kill | Self::Suspend | Self::CutOff => false,
            Self::Terminate | Self::Drain | Self::StepDown => true,
        }
    }

    /// The limit, in milliseconds.
    fn limit(self, aggressive: bool) -> f64 {
        match (self.is_clean(), aggressive) {
            (true, _) => 20.0,
            (false, true) => 400.0,
            (false, false) => 1_150.0,
        }
    }
}

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let trials = if quick { 3 } else { 50 };
    let mut rows = Vec::new();
    for (policy, aggressive) in [("aggressive", true), ("balanced", false)] {
        for blow in Blow::ALL {
            let stage = Stage::set(aggressive, blow).await?;
            let mut gaps = Latencies::default();
            for _ in 0..trials {
                gaps.record(stage.trial(blow).await?);
            }
            for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
                let metric = format!("{} {name}, {policy}", blow.name());
                let values = (gaps.micros(quantile) / 1000.0, blow.limit(aggressive));
                rows.push(Row::new(metric, "gap", values, "ms", Bar::AtMost(1.0), trials));
            }
            if blow.is_clean() {
                let metric = format!("{}, {policy}", blow.name());
                let failed = f64::from(stage.failed.load(Ordering::Relaxed));
                rows.push(Row::new(metric, "failed calls", (failed, 0.0), "calls", Bar::Zero, trials));
            }
        }
        rows.push(many::row(policy, aggressive, trials).await?);
    }
    writeln!(std::io::stdout(), "{PEERS}\n")?;
    Ok(rows)
}

/// A server, three members each behind a proxy of its own, and callers that never stop. The first of them is
/// measured.
struct Stage {
    server: NatsServer,
    members: Vec<tokio::sync::Mutex<Member>>,
    aggressive: bool,
    answers: watch::Receiver<Answer>,
    /// Ended with the stage.
    _calls: JoinSet<()>,
    /// Calls that failed, of all callers.
    failed: Arc<AtomicU32>,
    operator: Operator,
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
    async fn set(aggressive: bool, blow: Blow) -> anyhow::Result<Self> {
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
        let (failed, mut calls) = (Arc::new(AtomicU32::new(0)), JoinSet::new());
        // An owner that says goodbye answers what it has taken, so nothing needs to be sent twice. One that
        // is lost does not: without leave to repeat it, a call that it had taken would wait in vain.
        let options = CallOptions::within(PATIENCE);
        let options = if blow.is_clean() { options } else { options.idempotent() };
        for caller in 0..CALLERS {
            let answers = (caller == 0).then(|| sender.clone());
            let failed = Arc::clone(&failed);
            calls.spawn(call_for_ever(Client::new(&connection), options, answers, failed));
        }
        let operator = Operator::new(&connection, Actor::user("bench"));
        Ok(Self { server, members, aggressive, answers, _calls: calls, failed, operator })
    }

    /// Strikes the owner, and answers how long the caller went without an answer.
    async fn trial(&self, blow: Blow) -> anyhow::Result<Duration> {
        let owner = self.settled().await;
        let index: usize = owner.rsplit('-').next().unwrap_or_default().parse()?;
        let mut member = self.members[index].lock().await;
        let service = SERVICE.parse()?;
        match blow {
            Blow::Kill => member.process.kill(),
            Blow::Suspend => member.process.pause(),
            Blow::CutOff => member.proxy.cut(),
            Blow::Terminate => member.process.terminate(),
            Blow::Drain => drop(self.operator.drain(&service, &owner.parse()?, "bench").await?),
            Blow::StepDown => {
                self.operator.step_down(&service, &GROUP.parse()?, None, "bench").await?;
            }
        }
        let mut answers = self.answers.clone();
        let next = answers.wait_for(|answer| answer.owner != owner);
        let gap = tokio::time::timeout(SETTLE, next).await??.gap;
        match blow {
            Blow::Kill | Blow::Terminate | Blow::Drain => {
                member.process.wait_exit(SETTLE).await;
                member.process = self::member(index, &member.proxy.url(), self.aggressive, 1)?;
            }
            Blow::Suspend => member.process.resume(),
            Blow::CutOff => member.proxy.pass(),
            Blow::StepDown => {}
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

/// Calls without a pause, and tells the answers if anybody is to know them; the others pause a little, so
/// that the one that is measured has the processor when it needs it.
async fn call_for_ever(
    client: Client,
    options: CallOptions,
    answers: Option<watch::Sender<Answer>>,
    failed: Arc<AtomicU32>,
) {
    let Ok(target) = Target::owner(SERVICE, GROUP) else { return };
    let mut last = Instant::now();
    loop {
        let Ok(reply) = client.call::<_, String>(&target, "who", &(), options).await else {
            failed.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let gap = last.elapsed();
        last = Instant::now();
        let Some(answers) = &answers else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        answers.send_modify(|answer| {
            answer.count += 1;
            if answer.owner != reply.body {
                (answer.owner, answer.gap) = (reply.body, gap);
            }
        });
    }
}
