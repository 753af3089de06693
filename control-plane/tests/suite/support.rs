//! A control plane as its users meet it: the real binary, over HTTP.

use std::path::Path;
use std::time::Duration;

use aegis_testkit::{NatsServer, Proc, wait_until};
use serde_json::{Value, json};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct ControlPlane {
    pub(crate) process: Proc,
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) login: String,
    pub(crate) http: reqwest::Client,
}

impl ControlPlane {
    pub(crate) async fn start(nats: &NatsServer, folder: &Path) -> Self {
        let env_file = folder.join("env");
        let _absent = std::fs::remove_file(&env_file);
        let process = aegis()
            .args(["up", "--port", "0", "--nats-url", &nats.url()])
            .args([Path::new("--data-dir"), folder, Path::new("--env-file"), &env_file])
            .spawn();
        Self::of(process, &env_file).await
    }

    /// The one that this process becomes.
    pub(crate) async fn of(process: Proc, env_file: &Path) -> Self {
        let text = wait_until("the control plane", PATIENCE, || async {
            if let Some(status) = process.exit_status() {
                return Err(format!("it ended: {status}"));
            }
            std::fs::read_to_string(env_file).map_err(|e| e.to_string())
        })
        .await;
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
            line.unwrap().to_owned()
        };
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self {
            url: value("AEGIS_URL"),
            token: value("AEGIS_TOKEN"),
            login: value("AEGIS_LOGIN_URL"),
            http,
            process,
        }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The whole answer, errors too.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = self.http.post(self.at("/graphql")).bearer_auth(&self.token).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// The data of an answer without errors.
    pub(crate) async fn query(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"].clone()
    }
}

pub(crate) fn aegis() -> aegis_testkit::ProcBuilder {
    // Whoever runs the tests may have a control plane of their own; an empty variable says nothing.
    Proc::builder(env!("CARGO_BIN_EXE_aegis")).name("aegis").env("AEGIS_URL", "").env("AEGIS_TOKEN", "")
}
