//! The stage of a run: a server, and members each behind a proxy of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::{FaultProxy, NatsServer, Proc};

use crate::member::MEMBER;
use crate::sabotage::Sabotage;

/// How a stage is set.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The program that becomes a member when told so.
    pub program: PathBuf,
    /// How many groups there are.
    pub groups: usize,
    /// How many members.
    pub members: usize,
    /// What is taken away.
    pub sabotage: Option<Sabotage>,
    /// Whether the server syncs before it acknowledges.
    pub sync: bool,
}

pub(crate) struct Stage {
    pub(crate) server: NatsServer,
    /// Held by the fault that has the server end and begin again: one at a time.
    pub(crate) outage: tokio::sync::Mutex<()>,
    pub(crate) members: Vec<Member>,
    /// The controlling process's own way to the server: no fault but the server's befalls it.
    pub(crate) connection: Connection,
    setting: Setting,
}

pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) proxy: FaultProxy,
    /// All its lives; the last one is the present.
    lives: Mutex<Vec<Arc<Proc>>>,
}

impl Stage {
    pub(crate) async fn set(setting: Setting) -> anyhow::Result<Self> {
        let server = NatsServer::builder();
        let server = if setting.sync { server.jetstream_config("sync_interval: always") } else { server };
        let server = server.local().start().await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await?;
        provision(&connection).await?;
        let mut members = Vec::new();
        for index in 0..setting.members {
            let proxy = FaultProxy::start(&server.url()).await;
            if let Some(sabotage) = setting.sabotage {
                sabotage.tamper(&proxy);
            }
            let name = format!("member-{index}");
            members.push(Member { name, proxy, lives: Mutex::default() });
        }
        let stage = Self { server, outage: tokio::sync::Mutex::default(), members, connection, setting };
        stage.members.iter().for_each(|member| stage.start(member));
        Ok(stage)
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// Starts the member, unless it runs.
    pub(crate) fn start(&self, member: &Member) {
        let mut lives = member.lives.lock().unwrap_or_else(PoisonError::into_inner);
        if lives.last().is_some_and(|life| life.exit_status().is_none()) {
            return;
        }
        let groups = self.setting.groups.to_string();
        let url = member.proxy.url();
        let process = Proc::builder(&self.setting.program)
            .name(member.name.clone())
            .args([MEMBER, "--nats-url", &url, "--instance", &member.name, "--groups", &groups])
            .args(self.setting.sabotage.map(Sabotage::member_args).unwrap_or_default());
        lives.push(Arc::new(process.spawn()));
    }

    /// Takes every fault back, and starts whoever does not run.
    pub(crate) fn heal(&self) {
        for member in &self.members {
            member.proxy.pass();
            if let Some(process) = member.process() {
                process.resume();
            }
            self.start(member);
        }
    }

    /// What all members, in all their lives, have said.
    pub(crate) fn said(&self) -> Vec<String> {
        let lives = self.members.iter().flat_map(|member| {
            let lives = member.lives.lock().unwrap_or_else(PoisonError::into_inner).clone();
            lives.into_iter().map(|life| (member.name.clone(), life))
        });
        lives
            .flat_map(|(name, life)| life.lines().into_iter().map(move |line| format!("{name}: {line}")))
            .collect()
    }

    /// Ends all members at once.
    pub(crate) fn end(&self) {
        for member in &self.members {
            if let Some(process) = member.process() {
                process.kill();
            }
        }
    }
}

impl Member {
    /// Its present life, which may have ended.
    pub(crate) fn process(&self) -> Option<Arc<Proc>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    /// Waits until it has ended; after the grace it is killed.
    pub(crate) async fn ended(&self, grace: Duration) {
        let Some(process) = self.process() else { return };
        let ended = aegis_testkit::try_wait_until(grace, async || {
            process.exit_status().ok_or_else(|| "still running".to_owned())
        });
        if ended.await.is_err() {
            process.kill();
        }
    }
}
