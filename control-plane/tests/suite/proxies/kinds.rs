//! The proxies, each with the files of `deploy/proxy` as they are, but for addresses and places of files.

use std::path::Path;
use std::time::Duration;

use aegis_testkit::{Proc, ProcBuilder, proxy_path};

/// What `deploy/proxy` has for nginx and Envoy as the longest silence of a connection, and what it is here: longer than
/// the replica is silent, and shorter than the test.
const SILENCE: (&str, Duration) = ("90s", Duration::from_secs(17));

/// One of the proxies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
}

/// Where it is to stand.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// With `tls.crt` and `tls.key`.
    pub(super) folder: &'a Path,
    pub(super) port: u16,
    /// Address and port of the replica.
    pub(super) replica: &'a str,
}

impl Kind {
    pub(super) fn start(self, place: &Place<'_>) -> Proc {
        let name = match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
        };
        let builder = Proc::builder(proxy_path(name).unwrap()).name(name).current_dir(place.folder);
        match self {
            Self::Nginx => place.nginx(builder),
            Self::Caddy => place.caddy(builder),
            Self::Traefik => place.traefik(builder),
            Self::Envoy => place.envoy(builder),
        }
        .spawn()
    }
}

impl Place<'_> {
    fn nginx(&self, builder: ProcBuilder) -> ProcBuilder {
        let snippet = include_str!("../../../../deploy/proxy/nginx/aegis.conf");
        let listen = format!("listen 127.0.0.1:{} ssl", self.port);
        let changes = [("listen 443 ssl", listen.as_str()), (SILENCE.0, &silence()), (REPLICA, self.replica)];
        self.write("aegis.conf", snippet, &changes);
        // One process, so that nothing is left of it when it is killed.
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {what};\n"))
            .concat();
        let main = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\n\
             events {{ worker_connections 4096; }}\nhttp {{\naccess_log off;\n{temporary}include aegis.conf;\n}}\n"
        );
        std::fs::write(self.folder.join("nginx.conf"), main).unwrap();
        builder.arg("-p").arg(self.folder).args(["-e", "stderr", "-c", "nginx.conf"])
    }

    fn caddy(&self, builder: ProcBuilder) -> ProcBuilder {
        let snippet = include_str!("../../../../deploy/proxy/caddy/Caddyfile");
        let site = format!(
            "{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n\nhttps://floor.example:{} {{\n\tbind 127.0.0.1\n",
            self.port
        );
        self.write("Caddyfile", snippet, &[("floor.example {\n", &site), (REPLICA, self.replica)]);
        let homes = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];
        let builder = homes.into_iter().fold(builder, |builder, home| builder.env(home, self.folder));
        builder.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"])
    }

    fn traefik(&self, builder: ProcBuilder) -> ProcBuilder {
        let listen = format!("\"127.0.0.1:{}\"", self.port);
        let file = self.folder.join("aegis.yml");
        let file = file.to_str().unwrap();
        let statics = include_str!("../../../../deploy/proxy/traefik/traefik.yml");
        let statics = fill(statics, &[("\":443\"", &listen), ("/etc/traefik/aegis.yml", file)]);
        std::fs::write(self.folder.join("traefik.yml"), statics).unwrap();
        let snippet = include_str!("../../../../deploy/proxy/traefik/aegis.yml");
        self.write("aegis.yml", snippet, &[(REPLICA, self.replica)]);
        builder.args(["--configFile=traefik.yml"])
    }

    fn envoy(&self, builder: ProcBuilder) -> ProcBuilder {
        let snippet = include_str!("../../../../deploy/proxy/envoy/envoy.yaml");
        let listen = format!("address: 127.0.0.1, port_value: {}", self.port);
        let (address, port) = self.replica.split_once(':').unwrap();
        let replica = format!("address: {address}, port_value: {port}");
        let changes = [
            ("address: 0.0.0.0, port_value: 443", listen.as_str()),
            ("address: 127.0.0.1, port_value: 8080", &replica),
            (SILENCE.0, &silence()),
        ];
        self.write("envoy.yaml", snippet, &changes);
        builder.args(["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1"])
    }

    fn write(&self, name: &str, snippet: &str, changes: &[(&str, &str)]) {
        let at = |name: &str| self.folder.join(name).to_str().unwrap().to_owned();
        let (certificate, key) = (at("tls.crt"), at("tls.key"));
        let places = [("/etc/aegis/tls.crt", certificate.as_str()), ("/etc/aegis/tls.key", &key)];
        std::fs::write(self.folder.join(name), fill(&fill(snippet, changes), &places)).unwrap();
    }
}

/// Where the snippets expect the replica.
const REPLICA: &str = "127.0.0.1:8080";

fn silence() -> String {
    format!("{}s", SILENCE.1.as_secs())
}

/// What a snippet no longer has cannot be changed in it: then the test would try something else than it says.
fn fill(snippet: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(snippet.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the snippet has no {from}");
        text.replace(from, to)
    })
}
