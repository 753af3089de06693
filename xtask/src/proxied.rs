//! A second replica beside a stack, as one is deployed: behind nginx, with TLS, under a path.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    command::{capture, command},
    env_file::EnvFile,
    output::Log,
    part::{Part, Spec, TICK},
    tools::openssl,
    workspace::{make_private, root},
};

const READY: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(10);
/// The host of the public URL. The browser of the tests finds it here, whatever a name server says.
const HOST: &str = "floor.example";
/// A host that leads to the same replica, and that it does not know.
const ELSEWHERE: &str = "elsewhere.example";

/// What to run.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The binary `aegis`.
    pub(crate) aegis: PathBuf,
    pub(crate) nginx: PathBuf,
    pub(crate) nats_url: &'a str,
    pub(crate) folder: PathBuf,
}

/// It runs until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Proxied {
    nginx: Part,
    replica: Part,
    env: EnvFile,
}

/// On the loopback.
#[derive(Debug)]
struct Ports {
    replica: u16,
    /// That of the public URL.
    public: u16,
    /// Pages of another host.
    elsewhere: u16,
    /// The same, but the replica learns of the host only when it is asked for a websocket.
    halfway: u16,
}

impl Proxied {
    /// Call from the main thread, as for every part.
    pub(crate) fn start(plan: &Plan<'_>, log: &Log) -> Result<Self> {
        make_private(&plan.folder)?;
        let ports = Ports::free()?;
        certify(&plan.folder)?;
        let token = configure(plan, &ports)?;
        let mut replica = Part::start(&plan.replica(&ports), 0, log)?;
        wait_until_ready(&mut replica, ports.replica)?;
        fs::write(plan.folder.join("aegis.conf"), snippet(&plan.folder, &ports)?)?;
        fs::write(plan.folder.join("nginx.conf"), NGINX)?;
        let nginx = Part::start(&plan.nginx(), 0, log)?;
        let mut env = EnvFile::default();
        env.set("AEGIS_PROXY_TOKEN", token);
        env.set("AEGIS_PROXY_URL", format!("https://{HOST}:{}/aegis/", ports.public));
        env.set("AEGIS_PROXY_ELSEWHERE_URL", format!("https://{ELSEWHERE}:{}/aegis/", ports.elsewhere));
        env.set("AEGIS_PROXY_HALFWAY_URL", format!("https://{ELSEWHERE}:{}/aegis/", ports.halfway));
        Ok(Self { nginx, replica, env })
    }

    /// Where the tests find it.
    pub(crate) fn env(&self) -> &EnvFile {
        &self.env
    }

    pub(crate) fn stop(&mut self) {
        for part in [&mut self.nginx, &mut self.replica] {
            part.terminate();
            part.wait_or_kill(Instant::now() + GRACE, &|| false);
        }
    }
}

impl Plan<'_> {
    fn replica(&self, ports: &Ports) -> Spec {
        let file = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        let listen = format!("127.0.0.1:{}", ports.replica);
        let args = [
            ["serve", "--listen"].map(str::to_owned).to_vec(),
            vec![listen, "--nats-url".to_owned(), self.nats_url.to_owned()],
            vec!["--config".to_owned(), file("aegis.toml"), "--data-dir".to_owned(), file("data")],
        ];
        let program = self.aegis.clone();
        Spec { name: "aegis-proxied".to_owned(), program, args: args.concat(), envs: vec![] }
    }

    fn nginx(&self) -> Spec {
        let folder = self.folder.to_string_lossy().into_owned();
        let args = ["-p", &folder, "-e", "stderr", "-c", "nginx.conf"].map(str::to_owned).to_vec();
        Spec { name: "nginx".to_owned(), program: self.nginx.clone(), args, envs: vec![] }
    }
}

impl Ports {
    fn free() -> Result<Self> {
        // All held until all are known, so that none comes twice.
        let sockets = [0; 4].map(|_| TcpListener::bind("127.0.0.1:0"));
        let mut ports = sockets.iter().map(|socket| match socket {
            Ok(socket) => Ok(socket.local_addr()?.port()),
            Err(error) => bail!("no free port: {error}"),
        });
        let mut next = || ports.next().context("there are four")?;
        Ok(Self { replica: next()?, public: next()?, elsewhere: next()?, halfway: next()? })
    }
}

/// One process, so that nothing is left of it when it is killed.
const NGINX: &str = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\n\
    events { worker_connections 1024; }\nhttp {\naccess_log off;\nclient_body_temp_path client_body;\n\
    proxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n\
    include aegis.conf;\n}\n";

/// The snippet of deploy/proxy with addresses and files of this place, and two servers that are set up wrongly.
fn snippet(folder: &Path, ports: &Ports) -> Result<String> {
    let file = "deploy/proxy/nginx/aegis.conf";
    let mut text = fs::read_to_string(root().join(file)).with_context(|| format!("read {file}"))?;
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    for (from, to) in [
        ("listen 443 ssl", format!("listen 127.0.0.1:{} ssl", ports.public)),
        ("127.0.0.1:8080", format!("127.0.0.1:{}", ports.replica)),
        ("/etc/aegis/tls.crt", at("tls.crt")),
        ("/etc/aegis/tls.key", at("tls.key")),
    ] {
        ensure!(text.contains(from), "{file} has no {from}");
        text = text.replace(from, &to);
    }
    let pass = format!(
        "proxy_pass http://aegis;\nproxy_http_version 1.1;\nproxy_set_header Host {HOST}:{};\n\
         proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $aegis_connection;\n",
        ports.public
    );
    let hidden = format!("proxy_set_header Origin https://{HOST}:{};\n", ports.public);
    for (port, hidden) in [(ports.elsewhere, ""), (ports.halfway, hidden.as_str())] {
        text += &format!(
            "server {{\nlisten 127.0.0.1:{port} ssl;\nssl_certificate {};\nssl_certificate_key {};\n\
             location /aegis/ {{\n{pass}{hidden}}}\nlocation = /aegis/graphql/ws {{\n{pass}}}\n}}\n",
            at("tls.crt"),
            at("tls.key")
        );
    }
    Ok(text)
}

/// A certificate that nobody knows: the browser of the tests is told to take it.
fn certify(folder: &Path) -> Result<()> {
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let mut openssl = openssl()?;
    openssl.args(request).args(["-days", "2", "-subj", &format!("/CN={HOST}")]);
    openssl.arg("-keyout").arg(folder.join("tls.key")).arg("-out").arg(folder.join("tls.crt"));
    // It draws its progress.
    capture(&mut openssl).map(drop)
}

/// Writes the configuration; answers the token of an operator.
fn configure(plan: &Plan<'_>, ports: &Ports) -> Result<String> {
    let entry = capture(command(&plan.aegis).args(["token", "--name", "proxied", "--role", "operator"]))?;
    let token = entry.lines().nth(1).and_then(|line| line.strip_prefix("# "));
    let token = token.context("`aegis token` prints no token in its second line")?.to_owned();
    let text = format!(
        "public_url = \"https://{HOST}:{}/aegis\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n{entry}",
        ports.public
    );
    fs::write(plan.folder.join("aegis.toml"), text)?;
    Ok(token)
}

fn wait_until_ready(replica: &mut Part, port: u16) -> Result<()> {
    let deadline = Instant::now() + READY;
    while !is_ready(port).unwrap_or(false) {
        if let Some(status) = replica.poll() {
            let tail = replica.tail().join("\n");
            bail!("{} ended with {status}: {tail}", replica.name());
        }
        ensure!(Instant::now() < deadline, "{} is not ready after {READY:?}", replica.name());
        thread::sleep(TICK);
    }
    Ok(())
}

fn is_ready(port: u16) -> Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}
