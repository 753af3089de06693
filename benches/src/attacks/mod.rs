//! What anybody can do to a replica, each attack with what it takes of the replica and what others notice of it.

mod documents;
mod replica;
mod sockets;
mod victims;

use std::io::Write as _;
use std::time::{Duration, Instant};

use aegis_testkit::NatsServer;
use serde_json::Value;

use crate::process;
use crate::report::{Bar, Row};
use documents::Document;
use replica::Replica;
use victims::{Victims, Worst};

/// Bars, in milliseconds: processor time of one document, the slowest health check, the slowest update of somebody else.
const PROCESSOR: f64 = 50.0;
const HEALTH: f64 = 50.0;
const UPDATE: f64 = 250.0;
/// How long the replica is looked at before the first attack.
const IDLE: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(60);
/// The attacks by connections.
const CONNECTIONS: usize = 4;

/// Runs all attacks on one replica.
struct Run {
    replica: Replica,
    victims: Victims,
    /// The share of a core that the replica takes for the others.
    idle: f64,
    /// What others noticed of the documents.
    worst: Worst,
    rows: Vec<Row>,
}

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (repeats, hold) = if quick { (5, 2) } else { (20, 10) };
    let hold = Duration::from_secs(hold);
    let (greedy, large) = (documents::greedy(), documents::large());
    let attackers = greedy.len() + large.len() + CONNECTIONS;
    let server = NatsServer::start().await;
    let folder = tempfile::tempdir()?;
    let replica = Replica::start(&server.url(), folder.path(), attackers).await?;
    let victims = Victims::start(&replica, &server.url()).await?;
    let mut run = Run { replica, victims, idle: 0.0, worst: Worst::default(), rows: vec![] };
    run.look().await?;
    for document in greedy.iter().chain(&large) {
        run.document(document, repeats).await?;
    }
    run.noticed("any document", run.worst);
    run.connections("1,000 unfinished requests", async |replica, _| sockets::slowloris(replica, hold).await)
        .await?;
    run.connections("600 websockets of one viewer", async |replica, token| {
        sockets::websockets(replica, token, hold).await
    })
    .await?;
    run.connections("a subscriber that takes nothing", sockets::slow_subscriber).await?;
    run.connections("a reader that takes nothing", sockets::slow_reader).await?;
    Ok(run.rows)
}

impl Run {
    /// What the replica takes without an attack.
    async fn look(&mut self) -> anyhow::Result<()> {
        // What is filled once is filled by the first of the others.
        tokio::time::sleep(IDLE).await;
        self.victims.take()?;
        let (before, begun) = (process::cpu_seconds(&self.replica.process)?, Instant::now());
        tokio::time::sleep(IDLE).await;
        self.idle = (process::cpu_seconds(&self.replica.process)? - before) / begun.elapsed().as_secs_f64();
        let header = ["attack", "answer ms", "cpu ms", "peak MiB", "healthz ms", "others ms", "outcome"];
        let [attack, figures @ .., outcome] = header;
        writeln!(
            std::io::stdout(),
            "{attack:34} {} {outcome}",
            figures.map(|figure| format!("{figure:>10}")).join(" ")
        )?;
        self.note("without an attack", 0.0, 0.0, "").map(drop)
    }

    async fn document(&mut self, document: &Document, repeats: u32) -> anyhow::Result<()> {
        let token = self.attacker()?;
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let (before, begun) = (process::cpu_seconds(&self.replica.process)?, Instant::now());
        let mut outcome = String::new();
        for repeat in 0..repeats {
            let request = client.post(format!("{}/graphql", self.replica.url)).bearer_auth(&token);
            let request = request.header("content-type", "application/json").body(document.body.clone());
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            let bytes = answer.bytes().await?;
            // Later ones may meet the end of the attacker's budget.
            if repeat == 0 {
                outcome = format!("{status} {}", code(&bytes));
            }
        }
        let (cpu, took) = self.spent(before, begun)?;
        let each = |of: f64| of * 1000.0 / f64::from(repeats);
        let worst = self.note(document.name, each(took), each(cpu), &outcome)?;
        self.worst = self.worst.max(worst);
        let cpu = (each(cpu), PROCESSOR);
        self.rows.push(Row::new(document.name, "processor", cpu, "ms", Bar::AtMost(1.0), repeats.into()));
        Ok(())
    }

    /// What others notice of an attack, or of the worst of several.
    fn noticed(&mut self, name: &str, worst: Worst) {
        let row = |subject, took: Duration, bar| {
            Row::new(name, subject, (took.as_secs_f64() * 1000.0, bar), "ms", Bar::AtMost(1.0), 1)
        };
        self.rows.extend([row("healthz", worst.health, HEALTH), row("others", worst.update, UPDATE)]);
    }

    async fn connections(
        &mut self,
        name: &str,
        attack: impl AsyncFnOnce(&Replica, &str) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        let token = self.attacker()?;
        let (before, begun) = (process::cpu_seconds(&self.replica.process)?, Instant::now());
        let outcome = attack(&self.replica, &token).await?;
        let (cpu, took) = self.spent(before, begun)?;
        let worst = self.note(name, took * 1000.0, cpu * 1000.0, &outcome)?;
        self.noticed(name, worst);
        Ok(())
    }

    fn attacker(&mut self) -> anyhow::Result<String> {
        process::forget_peak(&self.replica.process)?;
        self.victims.take()?;
        self.replica.attackers.pop().ok_or_else(|| anyhow::anyhow!("each attack has an attacker"))
    }

    /// Seconds of a core, and seconds, since then.
    fn spent(&self, before: f64, begun: Instant) -> anyhow::Result<(f64, f64)> {
        let took = begun.elapsed().as_secs_f64();
        let cpu = process::cpu_seconds(&self.replica.process)? - before;
        Ok(((cpu - self.idle * took).max(0.0), took))
    }

    /// Prints all that is known of an attack; answers what others noticed of it.
    fn note(&mut self, name: &str, took: f64, cpu: f64, outcome: &str) -> anyhow::Result<Worst> {
        let worst = self.victims.take()?;
        let [health, update] = [worst.health, worst.update].map(|worst| worst.as_secs_f64() * 1000.0);
        let memory = process::peak_bytes(&self.replica.process)? / (1024.0 * 1024.0);
        let figures = [took, cpu, memory, health, update].map(|figure| format!("{figure:>10.1}")).join(" ");
        writeln!(std::io::stdout(), "{name:34} {figures} {outcome}")?;
        Ok(worst)
    }
}

/// The code of the error in an answer.
fn code(answer: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let places = ["/errors/0/extensions/code", "/error/code"];
    let code = places.iter().find_map(|place| answer.pointer(place)?.as_str());
    code.unwrap_or(if answer.get("data").is_some() { "answered" } else { "no JSON" }).to_owned()
}
