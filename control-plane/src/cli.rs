//! The command line.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use aegis_sdk::logs;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::remote::Remote;
use crate::{
    audit, auth, consumers, dead_letters, definitions, generate, health, init, nats_server, operate, output,
    serve, up,
};

/// The Aegis control plane.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: a private NATS server and the control plane with its page. Asked to end (SIGINT,
    /// SIGTERM), it does within 15 s; asked a second time, at once.
    Up(up::Args),
    /// Run one replica of the control plane beside your NATS. It answers HTTP at once (`/healthz`, `/readyz` with what it
    /// waits for) and waits for NATS as long as it takes. Asked to end (SIGINT, SIGTERM), it does within 5 s, whatever
    /// hangs; asked a second time, at once.
    Serve(serve::Args),
    /// Write the secrets and files that an installation begins with: users of NATS with their passwords and permissions,
    /// the configuration of `serve`, and tokens.
    Init(init::Args),
    /// Ask a replica whether it lives, or with --ready whether it serves: exit code 0, or 1 and why. Needs no token. Without
    /// --url it asks the one of this machine, at port 8080.
    Health(health::Args),
    /// Draw a bearer token, and print it with the entry for the configuration of `serve`.
    Token(auth::token::Args),
    /// List who owns which group, as the lease store has it. Needs NATS, and no control plane; or one, with --url.
    Leaders(operate::LeadersArgs),
    /// Ask the owner of a group to hand it over. Needs NATS, and no control plane; or one, with --url.
    Stepdown(operate::StepdownArgs),
    /// Ask an instance to hand its groups over, finish its calls, and end. Needs NATS, and no control plane; or one, with
    /// --url.
    Drain(operate::DrainArgs),
    /// Take an ended instance out of the registry at once. Its history stays in the log.
    Forget(operate::DrainArgs),
    /// Stop the automatic failover of a service or of one of its groups for a time. Needs NATS, and no control plane.
    Maintenance(operate::plans::MaintenanceArgs),
    /// Plan to have a group handed over at a time. Needs NATS; a control plane that runs then carries it out.
    Switchover(operate::plans::SwitchoverArgs),
    /// Change what an instance logs, while it runs.
    Log(operate::LogArgs),
    /// What services are meant to be, as a file: apply, diff, export, list, history. Needs NATS, and no
    /// control plane; or one, with --url.
    Definitions(definitions::Args),
    /// Messages that nobody could process: list, show, redrive, discard. Needs NATS, and no control plane;
    /// or one, with --url.
    #[command(name = "deadletters")]
    DeadLetters(dead_letters::Args),
    /// List the durable consumers of streams, and what they hold: all, or those that nobody reads; show one, or delete it. Needs
    /// NATS, and no control plane.
    Consumers(consumers::Args),
    /// Hold the log to its chains, and KV entries, files and exported heads to the log. Exits with 1 when anything
    /// is not as it must be. Needs NATS, and no control plane.
    Verify(audit::VerifyArgs),
    /// Tell the registry as it stood at any time, folded from the log. Needs NATS, and no control plane; or one, with
    /// --url.
    Replay(audit::ReplayArgs),
    /// Print, export or import the log. Needs NATS, and no control plane.
    Events(audit::EventsArgs),
    /// Print a generated file: the GraphQL schema, or a page of the documentation.
    Gen {
        /// Which one.
        what: Generated,
    },
    /// Run a program that ends when this one does.
    #[command(hide = true)]
    Tied(nats_server::tied::Args),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Generated {
    Schema,
    Events,
    Errors,
    Openapi,
    NatsAuth,
}

impl Cli {
    /// Refuses a URL for commands that only go over NATS, or connect to nothing. `AEGIS_URL` alone is for those that can.
    pub(crate) fn checked(self) -> Result<Self, clap::Error> {
        match (self.command.needs_nats(), self.remote.given()) {
            (Some((name, why)), Some(option)) => {
                let message = format!("`aegis {name}` does not take {option}: {why}");
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
            (Some(_), None) | (None, _) => Ok(self),
        }
    }

    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let remote = self.remote;
        let done = match self.command {
            Command::Definitions(args) => return block_on("warn", definitions::run(args, remote)),
            Command::Up(args) => block_on("info", up::run(args)),
            Command::Serve(args) => block_on("info", serve::run(args)),
            Command::Init(args) => args.run(),
            Command::Health(args) => block_on("warn", health::run(args, remote)),
            Command::Token(args) => {
                output::say(&args.draw());
                Ok(())
            }
            Command::Leaders(args) => block_on("warn", operate::leaders(args, remote)),
            Command::Stepdown(args) => block_on("warn", operate::stepdown(args, remote)),
            Command::Drain(args) => block_on("warn", operate::drain(args, remote)),
            Command::Forget(args) => block_on("warn", operate::forget(args, remote)),
            Command::Maintenance(args) => block_on("warn", operate::plans::maintenance(args)),
            Command::Switchover(args) => block_on("warn", operate::plans::switchover(args)),
            Command::Log(args) => block_on("warn", operate::log(args)),
            Command::DeadLetters(args) => block_on("warn", dead_letters::run(args, remote)),
            Command::Consumers(args) => block_on("warn", consumers::run(args)),
            Command::Verify(args) => block_on("error", audit::verify(args)),
            Command::Replay(args) => block_on("error", audit::replay(args, remote)),
            Command::Events(args) => block_on("error", audit::events(args, remote)),
            Command::Gen { what } => {
                let text = match what {
                    Generated::Schema => aegis_graphql::sdl(),
                    Generated::Events => generate::events(),
                    Generated::Errors => generate::errors(),
                    Generated::Openapi => crate::http::openapi(),
                    Generated::NatsAuth => init::auth_conf()?,
                };
                output::say(text.trim_end());
                Ok(())
            }
            Command::Tied(args) => args.exec(),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

impl Command {
    /// The name of a command that does not go over the API, and why.
    fn needs_nats(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Up(_) => Some(("up", "it runs a control plane itself")),
            Self::Serve(_) => Some(("serve", "it is the control plane; give --nats-url")),
            Self::Init(_) => Some(("init", "it writes files, and asks nobody")),
            Self::Token(_) => Some(("token", "it draws a token for a configuration, and asks nobody")),
            Self::Maintenance(_) => Some(("maintenance", "it goes over NATS alone; give --nats-url")),
            Self::Switchover(_) => Some(("switchover", "it goes over NATS alone; give --nats-url")),
            Self::Log(_) => Some(("log", "it asks the instance itself over NATS; give --nats-url")),
            Self::Consumers(_) => Some(("consumers", "it asks the servers of JetStream; give --nats-url")),
            Self::Verify(_) => Some((
                "verify",
                "it holds the stream and the files themselves to the chains, and trusts no control plane; give --nats-url",
            )),
            Self::Events(args) => args.needs_nats(),
            Self::Gen { .. } => Some(("gen", "it prints what the program has in it, and asks nobody")),
            Self::Tied(_) => Some(("tied", "it runs a program, and asks nobody")),
            Self::Health(_)
            | Self::Leaders(_)
            | Self::Stepdown(_)
            | Self::Drain(_)
            | Self::Forget(_)
            | Self::Definitions(_)
            | Self::DeadLetters(_)
            | Self::Replay(_) => None,
        }
    }
}

/// What the parser of the command line has to say: help and version, or what is wrong.
pub(crate) fn tell(told: &clap::Error) -> anyhow::Result<ExitCode> {
    let text = told.render();
    if told.use_stderr() {
        output::print_error(text.to_string().trim_end());
        // As of all programs that use this parser.
        return Ok(ExitCode::from(2));
    }
    output::say(text.to_string().trim_end());
    Ok(ExitCode::SUCCESS)
}

/// `level` is what is logged unless the environment says otherwise.
fn block_on<T>(level: &str, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_unset| EnvFilter::new(format!("{level},async_nats=warn")));
    // A replica does not block when its log is not read.
    let (writer, guard) = logs::writer(std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .fmt_fields(logs::fields())
        .with_writer(writer)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .compact()
        .init();
    logs::log_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    // Not waiting for threads that hang in the system, looking up a name for example.
    runtime.shutdown_background();
    // What is logged is written, as far as somebody reads it.
    drop(guard);
    outcome
}
