//! One member of the measured service: this very program, started again as a process of its own, so that
//! it can be killed.

use std::process::ExitCode;

use aegis_sdk::{Fault, Policy, Service, ServiceConfig};
use aegis_testkit::Proc;
use clap::Parser;

/// The first argument that makes the program a member.
const MEMBER: &str = "member";
/// The service, and its first group.
pub(crate) const SERVICE: &str = "measured";
pub(crate) const GROUP: &str = "G-1";

/// The instance name of the member with this index.
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

#[derive(Debug, Parser)]
pub(crate) struct Args {
    #[arg(long)]
    nats_url: String,
    #[arg(long)]
    instance: String,
    #[arg(long)]
    aggressive: bool,
    /// How many groups there are.
    #[arg(long, default_value_t = 1)]
    groups: usize,
}

impl Args {
    /// The arguments, if the program was started as a member.
    pub(crate) fn from_process() -> Option<Self> {
        let mut args = std::env::args().skip(1).peekable();
        (args.peek().map(String::as_str) == Some(MEMBER)).then(|| Self::parse_from(args))
    }

    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut config = ServiceConfig::new(SERVICE, "1.0.0")?;
        config.instance = Some(self.instance.parse()?);
        config.nats_url = self.nats_url;
        config.groups = (1..=self.groups).map(|n| format!("G-{n}").parse()).collect::<Result<_, _>>()?;
        config.failover = if self.aggressive { Policy::AGGRESSIVE } else { Policy::BALANCED };
        let me = self.instance;
        let service = Service::builder(config)
            .exclusive("who", move |_call, (): ()| {
                let me = me.clone();
                async move { Ok::<_, Fault>(me) }
            })
            .start()
            .await?;
        service.run_until_signal().await?;
        Ok(ExitCode::SUCCESS)
    }
}
