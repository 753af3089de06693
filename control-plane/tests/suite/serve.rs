//! `aegis serve`: it answers from the first moment, waits for NATS, and ends when asked, whatever hangs.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aegis_testkit::{NatsServer, Proc, wait_until};
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::{PATIENCE, aegis};

/// The stated bound of a stop, and some room for a busy machine.
const STOP: Duration = Duration::from_secs(5 + 3);

/// A running `aegis serve`, from the moment that it listens.
pub(crate) struct Serve {
    pub(crate) process: Proc,
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) http: reqwest::Client,
}

impl Serve {
    pub(crate) async fn start(nats_url: &str, folder: &Path) -> Self {
        Self::start_with(nats_url, folder, "").await
    }

    /// With more tables in the configuration than that of the token.
    pub(crate) async fn start_with(nats_url: &str, folder: &Path, tables: &str) -> Self {
        Self::configured(nats_url, folder, |text| format!("{text}\n{tables}\n")).await
    }

    /// With settings before the first table.
    pub(crate) async fn start_after(nats_url: &str, folder: &Path, settings: &str) -> Self {
        Self::configured(nats_url, folder, |text| format!("{settings}\n{text}\n")).await
    }

    /// With settings before the first table, and with more tables.
    pub(crate) async fn start_configured(
        nats_url: &str,
        folder: &Path,
        settings: &str,
        tables: &str,
    ) -> Self {
        Self::configured(nats_url, folder, |text| format!("{settings}\n{text}\n{tables}\n")).await
    }

    async fn configured(nats_url: &str, folder: &Path, change: impl Fn(String) -> String) -> Self {
        let (config, token) = configuration(folder).await;
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, change(text)).unwrap();
        let process = aegis()
            .args(["serve", "--listen", "127.0.0.1:0", "--nats-url", nats_url])
            .args([Path::new("--config"), &config, Path::new("--data-dir"), &folder.join("data")])
            .spawn();
        Self::of(process, token).await
    }

    /// The one that this process becomes.
    pub(crate) async fn of(process: Proc, token: String) -> Self {
        let line = process.wait_for_line(|line| line.starts_with("aegis serves at "), PATIENCE).await;
        let address = line.rsplit("://").next().unwrap().to_owned();
        Self { process, address, token, http: reqwest::Client::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = self.http.get(format!("http://{}{path}", self.address)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    pub(crate) async fn readiness(&self) -> (u16, Value) {
        let (status, body) = self.get("/readyz").await;
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Waits until its log says so.
    pub(crate) async fn says(&self, text: &str) {
        self.process.wait_for_line(|line| line.contains(text), PATIENCE).await;
    }

    pub(crate) async fn ready(&self) {
        wait_until("readiness", PATIENCE, || async {
            match self.readiness().await {
                (200, _) => Ok(()),
                (status, body) => Err(format!("{status} {body}")),
            }
        })
        .await;
    }

    async fn ask(&self, token: &str) -> (u16, Value) {
        self.query(token, "{ viewer { name role } }").await
    }

    /// What it answers to whoever it was configured for.
    pub(crate) async fn answer(&self, query: &str) -> (u16, Value) {
        self.query(&self.token, query).await
    }

    async fn query(&self, token: &str, query: &str) -> (u16, Value) {
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(token);
        let response = request.json(&json!({ "query": query })).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// How long it takes to end after SIGTERM.
    pub(crate) async fn stop(&self) -> Duration {
        let begun = Instant::now();
        self.process.terminate();
        let status = self.process.wait_exit(PATIENCE).await;
        assert!(status.success(), "{status}: {:?}", self.process.lines());
        begun.elapsed()
    }
}

/// What a replica says that does not start with this table in its configuration.
pub(crate) async fn refused_start(table: &str) -> String {
    let (nats, folder) = (NatsServer::start().await, tempfile::tempdir().unwrap());
    let (config, _token) = configuration(folder.path()).await;
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\n{table}\n")).unwrap();
    let process = crate::support::aegis()
        .args(["serve", "--listen", "127.0.0.1:0", "--nats-url", &nats.url()])
        .args([Path::new("--config"), &config, Path::new("--data-dir"), folder.path()])
        .spawn();
    assert!(!process.wait_exit(PATIENCE).await.success());
    process.lines().join("\n")
}

/// A configuration with one token, as `aegis token` prints it.
pub(crate) async fn configuration(folder: &Path) -> (std::path::PathBuf, String) {
    let printer = aegis().args(["token", "--name", "alice", "--role", "admin"]).spawn();
    assert!(printer.wait_exit(PATIENCE).await.success());
    let lines = printer.lines();
    let token = lines[1].trim_start_matches("# ").to_owned();
    let path = folder.join("aegis.toml");
    std::fs::write(&path, lines.join("\n")).unwrap();
    (path, token)
}

#[tokio::test]
async fn a_replica_serves_beside_a_nats_of_yours_and_ends_when_asked() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&nats.url(), folder.path()).await;
    serve.ready().await;
    let (status, answer) = serve.ask(&serve.token).await;
    assert_eq!((status, &answer["data"]["viewer"]), (200, &json!({ "name": "alice", "role": "ADMIN" })));
    let took = serve.stop().await;
    assert!(took < STOP, "{took:?}");
}

#[tokio::test]
async fn while_nats_is_away_a_replica_answers_says_so_and_goes_on_trying() {
    let nats = NatsServer::start().await;
    nats.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&nats.url(), folder.path()).await;
    assert_eq!(serve.get("/healthz").await, (200, "ok\n".to_owned()));
    let (status, body) = wait_until("the reason", PATIENCE, || async {
        let (status, body) = serve.readiness().await;
        let reason = body["reasons"][0].as_str().unwrap_or_default();
        if reason.starts_with("NATS is away since ") { Ok((status, body)) } else { Err(body.to_string()) }
    })
    .await;
    assert_eq!((status, &body["ready"]), (503, &json!(false)), "{body}");
    // Who signs in is known, and is told what is waited for; who does not is told nothing.
    assert_eq!(serve.ask("wrong").await.0, 401);
    let (status, answer) = serve.ask(&serve.token).await;
    assert_eq!((status, &answer["error"]["code"]), (503, &json!("UNAVAILABLE")), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("NATS is away since"), "{answer}");
    let session = serve.http.post(format!("http://{}/api/session", serve.address));
    let session = session.json(&json!({ "token": serve.token })).send().await.unwrap();
    assert_eq!(session.status(), 204);
    // One attempt is over, and it did not end the process.
    serve.process.wait_for_line(|line| line.contains("trying again"), Duration::from_secs(40)).await;
    nats.restart().await;
    serve.ready().await;
    assert_eq!(serve.ask(&serve.token).await.0, 200);
    // And when NATS goes later.
    nats.stop().await;
    wait_until("the reason", PATIENCE, || async {
        let (status, body) = serve.readiness().await;
        let reason = body["reasons"][0].as_str().unwrap_or_default().to_owned();
        if status == 503 && reason.starts_with("NATS is away since ") {
            Ok(())
        } else {
            Err(body.to_string())
        }
    })
    .await;
}

#[tokio::test]
async fn a_stop_during_a_start_is_heeded_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = format!("nats://127.0.0.1:{}", aegis_testkit::free_port());
    let serve = Serve::start(&nobody, folder.path()).await;
    let took = serve.stop().await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    let up = folder.path().join("up");
    let process = aegis()
        .args(["up", "--port", "0", "--nats-url", &nobody])
        .args([Path::new("--data-dir"), &up])
        .spawn();
    wait_until("the lock", PATIENCE, || async {
        std::fs::read_to_string(up.join("admin-token")).map(drop).map_err(|e| e.to_string())
    })
    .await;
    let begun = Instant::now();
    process.terminate();
    process.wait_exit(PATIENCE).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_second_replica_on_one_data_folder_is_refused_by_the_name_of_the_first() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&nats.url(), folder.path()).await;
    let data = folder.path().join("data").display().to_string();
    let config = folder.path().join("aegis.toml").display().to_string();
    let serve_too = ["serve", "--listen", "127.0.0.1:0", "--config", &config];
    for command in [&serve_too[..], &["up", "--port", "0"]] {
        let second = aegis().args(command).args(["--nats-url", &nats.url(), "--data-dir", &data]).spawn();
        assert_eq!(second.wait_exit(PATIENCE).await.code(), Some(1));
        let words = second.lines().join("\n");
        let process = format!("process {}", serve.process.pid());
        assert!(words.contains("another aegis") && words.contains(&process), "{words}");
    }
    serve.ready().await;
}

#[tokio::test]
async fn a_stop_ends_in_time_whatever_clients_leave_hanging() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&nats.url(), folder.path()).await;
    serve.ready().await;
    let mut hanging = Vec::new();
    for half in [
        "GET /healthz HTTP/1.1\r\nHost: a".to_owned(),
        "POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
            .to_owned(),
        format!(
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
            serve.token
        ),
        String::new(),
    ] {
        let mut stream = TcpStream::connect(&serve.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        hanging.push(stream);
    }
    // A websocket with a subscription, whose client reads nothing and answers nothing.
    let mut request = format!("ws://{}/graphql/ws", serve.address).into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    headers.insert("authorization", format!("Bearer {}", serve.token).parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    for message in [
        json!({ "type": "connection_init" }),
        json!({ "type": "subscribe", "id": "1", "payload": { "query": "subscription { instances { __typename } }" } }),
    ] {
        socket.send(message.to_string().into()).await.unwrap();
    }
    let took = serve.stop().await;
    assert!(took < STOP, "{took:?}: {:?}", serve.process.lines());
    drop((hanging, socket));
}

#[tokio::test]
async fn a_request_that_is_never_finished_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = format!("nats://127.0.0.1:{}", aegis_testkit::free_port());
    let serve = Serve::start(&nobody, folder.path()).await;
    let answer = |half: &'static str| {
        let address = serve.address.clone();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(half.as_bytes()).await.unwrap();
            let mut text = String::new();
            let read = stream.read_to_string(&mut text);
            tokio::time::timeout(Duration::from_secs(30), read).await.expect("it is cut off").unwrap();
            text
        }
    };
    let (headers, body) = tokio::join!(
        answer("GET /healthz HTTP/1.1\r\nHost: a"),
        answer(
            "POST /api/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: 100\r\n\r\n{"
        ),
    );
    assert!(headers.is_empty() || headers.starts_with("HTTP/1.1 408"), "{headers}");
    assert!(body.starts_with("HTTP/1.1 4") && body.contains("INVALID_INPUT"), "{body}");
}

#[tokio::test]
async fn a_replica_answers_and_stops_while_its_log_is_not_read() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (config, _) = configuration(folder.path()).await;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_aegis"))
        .args(["serve", "--listen", "127.0.0.1:0", "--nats-url", &nats.url()])
        .args([Path::new("--config"), &config, Path::new("--data-dir"), &folder.path().join("data")])
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = format!("http://{}/healthz", line.trim().rsplit("http://").next().unwrap());
    let http = reqwest::Client::new();
    // Each leaves some lines, and a pipe holds 64 kB.
    for number in 0..500 {
        let answer = http.get(&url).timeout(Duration::from_secs(10)).send().await;
        assert_eq!(answer.unwrap_or_else(|e| panic!("request {number}: {e}")).status(), 200);
    }
    let begun = Instant::now();
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .unwrap();
    let ended = wait_until("its end", PATIENCE, || {
        std::future::ready(child.try_wait().unwrap().ok_or_else(|| "it runs".to_owned()))
    })
    .await;
    assert!(ended.success() && begun.elapsed() < STOP, "{ended} after {:?}", begun.elapsed());
}

#[tokio::test]
async fn while_its_file_is_checked_a_replica_says_how_far_it_has_come() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = Serve::start(&nats.url(), folder.path()).await;
    first.ready().await;
    first.stop().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("data/projection.sqlite"));
    let mut file = options.connect().await.unwrap();
    for statement in [
        "CREATE TABLE large (n INTEGER PRIMARY KEY, filler BLOB)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
         INSERT INTO large SELECT i, zeroblob(300) FROM n",
    ] {
        sqlx::query(statement).execute(&mut file).await.unwrap();
    }
    file.close().await.unwrap();
    let serve = Serve::start(&nats.url(), folder.path()).await;
    let mut shown = Vec::new();
    loop {
        let (status, body) = serve.readiness().await;
        if status == 200 {
            break;
        }
        let reason = body["reasons"][0].as_str().unwrap_or_default();
        let percent = reason.strip_prefix("checking the file projection.sqlite: ");
        shown.extend(percent.map(|text| text.trim_end_matches(" %").parse::<u8>().unwrap()));
    }
    assert!(shown.is_sorted() && shown.last() > Some(&0), "{shown:?}");
}
