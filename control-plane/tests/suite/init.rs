//! What `aegis init` writes is an installation in which everybody can do their work, and nothing of anybody else's.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use aegis_sdk::{
    Call, CommandContext, Commands, ConnectError, ConnectOptions, Connection, EventContext, Events, Fault,
    SendOptions, Service, ServiceConfig, Subscribe, Target,
};
use aegis_testkit::{NatsServer, Proc, free_port, nats_server_path, wait_until};

use crate::serve::Serve;
use crate::support::{PATIENCE, aegis};

const ACCESS: &str = r#"
[[service]]
name = "desk"
events = ["orders"]

[[service]]
name = "risk"
calls = ["desk"]
commands = ["desk"]

[[client]]
name = "screen"
calls = ["risk"]
"#;

/// The files of an installation, and a server that runs with them.
struct Installation {
    folder: tempfile::TempDir,
    port: u16,
    server: Proc,
}

fn init(folder: &Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
    command.arg("init").arg(folder).args(args).stdin(Stdio::null()).output().unwrap()
}

impl Installation {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let access = folder.path().join("access.toml");
        std::fs::write(&access, ACCESS).unwrap();
        let port = free_port();
        let host = format!("127.0.0.1:{port}");
        let files = folder.path().join("files");
        let written = init(&files, &["--access", access.to_str().unwrap(), "--nats-host", &host]);
        assert!(written.status.success(), "{written:?}");
        let config = files.join("server.conf");
        let text = format!(
            "listen: \"{host}\"\nhttp: \"127.0.0.1:{}\"\njetstream {{ store_dir: {:?} }}\ninclude ./auth.conf\n",
            free_port(),
            folder.path().join("store")
        );
        std::fs::write(&config, text).unwrap();
        let server = Proc::builder(nats_server_path().unwrap()).args([Path::new("-c"), &config]);
        let passwords = std::fs::read_to_string(files.join("nats.env")).unwrap();
        let server = passwords
            .lines()
            .filter_map(|line| line.split_once('='))
            .fold(server, |server, (name, value)| server.env(name, value));
        let server = server.spawn();
        server.wait_for_line(|line| line.contains("Server is ready"), PATIENCE).await;
        Self { folder, port, server }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    fn url(&self, user: &str) -> String {
        let text = std::fs::read_to_string(self.file(&format!("{user}.env"))).unwrap();
        text.trim().strip_prefix("NATS_URL=").unwrap().to_owned()
    }

    async fn control_plane(&self) -> Serve {
        let token = std::fs::read_to_string(self.file("admin.token")).unwrap().trim().to_owned();
        let process = aegis()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args([Path::new("--config"), &self.file("aegis.toml")])
            .args([Path::new("--data-dir"), &self.folder.path().join("data")])
            .env("NATS_URL", self.url("control-plane"))
            .spawn();
        Serve::of(process, token).await
    }

    async fn connect(&self, user: &str) -> Connection {
        Connection::open(ConnectOptions::new(self.url(user), user)).await.unwrap()
    }

    /// Runs a command as a user of NATS, to its end.
    async fn run(&self, user: &str, args: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
        command.args(args).env("NATS_URL", self.url(user)).env("USER", "alice").stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }

    async fn succeeds(&self, user: &str, args: &[&str]) -> String {
        let (succeeded, text) = self.run(user, args).await;
        assert!(succeeded, "{user}: {args:?}: {text}");
        text
    }

    /// What the server has denied so far.
    fn denied(&self) -> Vec<String> {
        self.server.lines().into_iter().filter(|line| line.contains("iolation")).collect()
    }
}

fn config(service: &str, url: String) -> ServiceConfig {
    let mut config = ServiceConfig::new(service, "1.0.0").unwrap();
    config.instance = Some(format!("{service}-1").parse().unwrap());
    config.nats_url = url;
    config
}

async fn desk(url: String, instance: &str) -> Service {
    let mut config = config("desk", url);
    config.instance = Some(instance.parse().unwrap());
    config.groups = vec!["ACC-1".parse().unwrap()];
    Service::builder(config)
        .rpc("quote", |_: Call, (): ()| std::future::ready(Ok::<_, Fault>(1)))
        .exclusive("buy", |_: Call, volume: u32| std::future::ready(Ok::<_, Fault>(volume)))
        .command("report", |_: CommandContext, n: u32| std::future::ready(Ok::<_, Fault>(n + 1)))
        .start()
        .await
        .unwrap()
}

async fn ready(serve: &Serve) {
    let url = format!("http://{}", serve.address);
    wait_until("a replica that is ready", PATIENCE, || async {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
        command.args(["health", "--ready", "--url", &url]).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        if output.status.success() { Ok(()) } else { Err(format!("{output:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_does_their_work_and_nothing_is_denied() {
    let installation = Installation::start().await;
    let serve = installation.control_plane().await;
    ready(&serve).await;
    let first = desk(installation.url("desk"), "desk-1").await;
    let second = desk(installation.url("desk"), "desk-2").await;
    let heard = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let hears = std::sync::Arc::clone(&heard);
    let risk = Service::builder(config("risk", installation.url("risk")))
        .on_event(Subscribe::to("orders.>").named("limits"), move |_: EventContext, _: u32| {
            hears.add_permits(1);
            std::future::ready(Ok::<_, Fault>(()))
        })
        .rpc("check", |call: Call, volume: u32| async move {
            let owner =
                Target::owner("desk", "ACC-1").map_err(|error| Fault::new("TARGET", error.to_string()))?;
            let bought = call.client().call::<_, u32>(&owner, "buy", &volume, PATIENCE).await;
            bought.map(|reply| reply.body).map_err(|error| Fault::new("DESK", error.to_string()))
        })
        .start()
        .await
        .unwrap();
    let screen = aegis_sdk::Client::new(&installation.connect("screen").await);
    let checked = screen.call::<_, u32>(&Target::any("risk").unwrap(), "check", &7_u32, PATIENCE).await;
    assert_eq!(checked.unwrap().body, 7);
    Events::new(first.connection()).publish("orders", "one.placed", &1_u32).await.unwrap();
    tokio::time::timeout(PATIENCE, heard.acquire()).await.unwrap().unwrap().forget();
    let commands = Commands::new(risk.connection());
    let service = "desk".parse().unwrap();
    let mut sent = commands.send(&service, "report", &1_u32, SendOptions::default()).await.unwrap();
    assert_eq!(sent.result::<u32>().await.unwrap(), 2);

    installation.succeeds("operator", &["leaders"]).await;
    wait_until("the other member to be seen, and to take it", PATIENCE, || async {
        let done = installation.run("operator", &["stepdown", "desk", "ACC-1", "--reason", "a test"]).await;
        if done.0 { Ok(()) } else { Err(done.1) }
    })
    .await;
    installation
        .succeeds("operator", &["maintenance", "begin", "desk", "--for", "1m", "--reason", "a test"])
        .await;
    installation.succeeds("operator", &["maintenance", "end", "desk"]).await;
    let definitions = installation.file("definitions.yaml");
    let text = "definitions: [{service: desk, owner: o, description: d, version: 1.0.0}]";
    std::fs::write(&definitions, text).unwrap();
    installation
        .succeeds("admin", &["definitions", "apply", "--yes", "-f", definitions.to_str().unwrap()])
        .await;
    let log = installation.file("log.ndjson");
    installation.succeeds("auditor", &["events", "export", "-o", log.to_str().unwrap()]).await;
    installation.succeeds("auditor", &["verify"]).await;
    installation.succeeds("auditor", &["replay", "--at", "1"]).await;
    installation.succeeds("operator", &["deadletters", "list"]).await;
    installation.succeeds("auditor", &["consumers"]).await;
    installation.succeeds("operator", &["drain", "desk", "desk-2", "--reason", "a test"]).await;

    for service in [first, second, risk] {
        service.stop("the test ends").await.unwrap();
    }
    // One that comes back reads what it was.
    desk(installation.url("desk"), "desk-1").await.stop("the test ends").await.unwrap();
    assert_eq!(installation.denied(), Vec::<String>::new());
    assert!(!std::fs::read_to_string(installation.file("auth.conf")).unwrap().contains("password: \"p"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_user_of_a_service_writes_nothing_of_others() {
    let installation = Installation::start().await;
    let serve = installation.control_plane().await;
    ready(&serve).await;
    let _desk = desk(installation.url("desk"), "desk-1").await;
    let url = installation.url("risk");
    let (user, host) = url.strip_prefix("nats://").unwrap().split_once('@').unwrap();
    let (user, password) = user.split_once(':').unwrap();
    let login = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
    let stolen = login.connect(host).await.unwrap();
    let subjects = [
        "rpc.screen.anything",
        "aegis.heartbeat.desk.desk-1",
        "aegis.event.instance.desk.desk-1",
        "aegis.event.leadership.desk.ACC-1",
        "aegis.event.definition.desk",
        "aegis.event.installation",
        "aegis.control.desk.desk-1",
        "$KV.aegis_leases.owner.desk.ACC-1",
        "$KV.aegis_leases.session.desk.desk-1",
        "$KV.aegis_leases.pauses.desk.all",
        "$KV.aegis_instances.desk.desk-1",
        "$KV.aegis_definitions.desk",
        "events.orders.forged",
        "commands.risky.pay",
        "$JS.API.STREAM.DELETE.AEGIS_EVENTS",
        "$JS.API.STREAM.PURGE.AEGIS_EVENTS",
        "$JS.API.STREAM.MSG.DELETE.AEGIS_EVENTS",
        "$JS.API.STREAM.UPDATE.AEGIS_EVENTS",
        "$JS.API.CONSUMER.DELETE.AEGIS_HEARTBEATS.anything",
        "$SYS.REQ.SERVER.PING",
    ];
    for subject in subjects {
        stolen.publish(subject, "forged".into()).await.unwrap();
    }
    for subject in ["rpc.desk.>", "aegis.control.desk.*", "$SYS.>", ">"] {
        stolen.subscribe(subject).await.unwrap();
    }
    stolen.flush().await.unwrap();
    wait_until("everything to be denied", PATIENCE, || async {
        let denied = installation.denied();
        let missing: Vec<_> = subjects
            .iter()
            .filter(|subject| !denied.iter().any(|line| line.contains(&format!("\"{subject}\""))))
            .collect();
        if missing.is_empty() && denied.iter().filter(|line| line.contains("Subscription")).count() == 4 {
            Ok(())
        } else {
            Err(format!("not denied: {missing:?} of {denied:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_without_a_user_is_refused() {
    let installation = Installation::start().await;
    let url = format!("nats://127.0.0.1:{}", installation.port);
    let refused = Connection::open(ConnectOptions::new(url, "nobody")).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Refused { .. }), "{refused:?}");
}

#[test]
fn secrets_are_for_one_user_and_drawn_once() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    let first = init(&files, &[]);
    assert!(first.status.success(), "{first:?}");
    let mut names = vec![];
    for entry in std::fs::read_dir(&files).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort_unstable();
    let wanted = [
        "admin.env",
        "admin.token",
        "aegis.toml",
        "auditor.env",
        "auth.conf",
        "control-plane.env",
        "metrics.token",
        "nats.env",
        "operator.env",
        "sys.env",
    ];
    assert_eq!(names, wanted);
    let before = std::fs::read(files.join("nats.env")).unwrap();
    let second = init(&files, &[]);
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(told.contains("auth.conf is there: nothing was written"), "{told}");
    assert_eq!(std::fs::read(files.join("nats.env")).unwrap(), before);
    let token = std::fs::read_to_string(files.join("admin.token")).unwrap();
    let printed = String::from_utf8([first.stdout, first.stderr].concat()).unwrap();
    assert!(!printed.contains(token.trim()) && !printed.contains("NATS_PASSWORD_ADMIN="), "{printed}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    for (args, told) in [
        (&["--nats-host", "nats://u:p@h:4222"][..], "nothing else"),
        (&["--nats-host", "h:99999"], "no port"),
        (&["--access", "/nowhere/access.toml"], "/nowhere/access.toml"),
        (&["--namespace", "Aegis"], "lower-case"),
    ] {
        let refused = init(&files, args);
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && text.contains(told), "{args:?}: {text}");
        assert!(!files.exists(), "{args:?}");
    }
}

#[tokio::test]
async fn health_says_what_is_not_well() {
    let health = |args: Vec<String>| async move {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
        command.arg("health").args(args).env_remove("AEGIS_URL").stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let (code, text) = health(vec!["--url".into(), nobody.clone()]).await;
    assert!(code == Some(1) && text.contains(&nobody), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let nats = NatsServer::start().await;
    let serve = Serve::start(&nats.url(), folder.path()).await;
    ready(&serve).await;
    let url = format!("http://{}", serve.address);
    assert_eq!(health(vec!["--url".into(), url.clone()]).await, (Some(0), "alive\n".to_owned()));
    nats.pause();
    wait_until("a replica that is not ready", Duration::from_secs(30), || async {
        let (code, text) = health(vec!["--ready".into(), "--url".into(), url.clone()]).await;
        if code == Some(1) && text.contains("not ready: ") { Ok(()) } else { Err(text) }
    })
    .await;
    assert_eq!(health(vec!["--url".into(), url]).await.0, Some(0));
    nats.resume();
}
