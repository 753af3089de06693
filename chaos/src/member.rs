//! One member of the service under test: the chaos program, started again as a process of its own, so
//! that it can be killed, suspended and cut off.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::{GroupName, Term};
use aegis_sdk::fencing::FencedLog;
use aegis_sdk::{Call, ConnectOptions, Connection, Fault, Policy, Service, ServiceConfig};
use clap::Parser;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first argument that makes the program a member.
pub const MEMBER: &str = "member";
/// The service.
pub(crate) const SERVICE: &str = "chaos";
/// How long an open sink waits between admission and effect, so that a suspension can fall in between.
const DAWDLE: Duration = Duration::from_millis(30);

/// How a member is started.
#[derive(Debug, Parser)]
pub struct Args {
    #[arg(long)]
    nats_url: String,
    #[arg(long)]
    instance: String,
    #[arg(long)]
    groups: usize,
    /// A lease of 4 s instead of 300 ms.
    #[arg(long)]
    long_lease: bool,
    /// Effects are published plainly, and late.
    #[arg(long)]
    open_sink: bool,
}

/// What both methods are asked.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Ask {
    pub(crate) request: String,
}

/// What both methods answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Answer {
    pub(crate) instance: String,
    pub(crate) term: u64,
}

/// The body of an effect.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) instance: String,
    pub(crate) request: String,
    pub(crate) term: u64,
}

/// Where effects go.
enum Sink {
    Fenced(FencedLog),
    /// Nothing looks at the term.
    Open(Box<Connection>),
}

impl Args {
    /// The arguments, if the program was started as a member.
    #[must_use]
    pub fn from_process() -> Option<Self> {
        let mut args = std::env::args().skip(1).peekable();
        (args.peek().map(String::as_str) == Some(MEMBER)).then(|| Self::parse_from(args))
    }

    /// Serves until told to end.
    ///
    /// # Errors
    /// When the service does not start, or does not end cleanly.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (log, _written_at_the_end) = aegis_sdk::logs::writer(std::io::stderr());
        tracing_subscriber::fmt().with_writer(log).with_ansi(false).init();
        let options = ConnectOptions::new(self.nats_url.clone(), format!("{SERVICE}/{} sink", self.instance));
        let connection = Connection::open(options).await?;
        let sink = Arc::new(if self.open_sink {
            Sink::Open(Box::new(connection))
        } else {
            Sink::Fenced(FencedLog::new(&connection, subject))
        });
        let me = self.instance.clone();
        let append = move |call: Call, ask: Ask| {
            let (sink, instance) = (Arc::clone(&sink), me.clone());
            async move {
                let (group, term) = call.exclusive()?;
                let body = Body { instance: instance.clone(), request: ask.request, term: term.get() };
                sink.append(group, term, call.request_id(), &body).await?;
                Ok::<_, Fault>(Answer { instance, term: term.get() })
            }
        };
        let me = self.instance.clone();
        let read = move |call: Call, _: Ask| {
            let instance = me.clone();
            async move { Ok::<_, Fault>(Answer { instance, term: call.exclusive()?.1.get() }) }
        };
        // One of the groups gets its owner only when it is first called.
        let on_demand = group(self.groups.saturating_sub(1));
        let service = Service::builder(self.config()?)
            .on_demand(move |group| group.as_str() == on_demand)
            .exclusive("append", append)
            .exclusive("read", read)
            .start()
            .await?;
        service.run_until_signal().await?;
        Ok(ExitCode::SUCCESS)
    }

    fn config(self) -> anyhow::Result<ServiceConfig> {
        let mut config = ServiceConfig::new(SERVICE, "1.0.0")?;
        config.instance = Some(self.instance.parse()?);
        config.nats_url = self.nats_url;
        config.groups =
            (0..self.groups.saturating_sub(1)).map(|index| group(index).parse()).collect::<Result<_, _>>()?;
        config.failover = if self.long_lease { Policy::CONSERVATIVE } else { Policy::AGGRESSIVE };
        config.drain_ms = 1_000;
        Ok(config)
    }
}

impl Sink {
    async fn append(&self, group: &GroupName, term: Term, id: &str, body: &Body) -> Result<(), Fault> {
        let body = serde_json::to_vec(body)?.into();
        match self {
            Self::Fenced(log) => {
                log.append(group, term, id, body).await?;
            }
            Self::Open(connection) => {
                tokio::time::sleep(DAWDLE).await;
                connection.jetstream().publish(subject(group), body).await?.await?;
            }
        }
        Ok(())
    }
}

/// The name of a group.
pub(crate) fn group(index: usize) -> String {
    format!("G-{}", index + 1)
}

/// The subject of a group's effects.
fn subject(group: &GroupName) -> String {
    format!("events.chaos.{group}")
}
