//! `cargo xtask chaos leadership | load`: runs the SDK under faults, and judges the histories.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use aegis_chaos::campaign::Campaign;
use aegis_chaos::load::Load;
use aegis_chaos::member;
use aegis_chaos::sabotage::Sabotage;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask chaos", bin_name = "cargo xtask chaos", arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    task: Task,
    /// Where the history of a run with a violation is kept
    #[arg(long, global = true, default_value = "target/chaos")]
    keep: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Play seeded schedules of faults, and check the histories of calls, effects and terms
    Leadership {
        /// How many
        #[arg(long, default_value_t = 20)]
        seeds: u64,
        /// The first of them; the others are the numbers that follow
        #[arg(long, default_value_t = 1)]
        first_seed: u64,
        /// How many are played side by side
        #[arg(long, default_value_t = 3)]
        lanes: usize,
        /// Say a line about every schedule, not only where something is wrong
        #[arg(long)]
        verbose: bool,
        /// Break the protocol on purpose: it is a failure then when the checker notices nothing
        #[arg(long)]
        sabotage: Option<Sabotage>,
    },
    /// Put load on, kill owners, and count what was lost or done twice
    Load {
        /// For how long
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// How many callers
        #[arg(long, default_value_t = 100)]
        callers: usize,
        /// How many owners are killed
        #[arg(long, default_value_t = 10)]
        kills: u32,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    if let Some(member) = member::Args::from_process() {
        return member.run().await;
    }
    let Args { task, keep } = Args::parse();
    let program = std::env::current_exe()?;
    let good = match task {
        Task::Leadership { seeds, first_seed, lanes, verbose, sabotage } => {
            let lanes = lanes.max(1);
            let campaign = Campaign { program, first_seed, seeds, lanes, sabotage, verbose, keep };
            let verdict = campaign.run().await?;
            write!(std::io::stdout(), "{}", verdict.summary())?;
            if let Some(sabotage) = sabotage {
                let noticed = verdict.violations.len();
                let name = sabotage.name();
                writeln!(
                    std::io::stdout(),
                    "{name}: noticed in {noticed} of {} schedules",
                    verdict.schedules
                )?;
                noticed > 0
            } else {
                verdict.violations.is_empty() && verdict.errors.is_empty()
            }
        }
        Task::Load { seconds, callers, kills } => {
            let time = Duration::from_secs(seconds);
            let tally = Load { program, time, callers, kills, keep }.run().await?;
            write!(std::io::stdout(), "{}", tally.summary())?;
            tally.violations.is_empty()
        }
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
