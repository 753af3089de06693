use std::{fmt::Write, path::Path};

/// Ports of one server; `None` lets the server choose.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ports {
    pub(crate) client: Option<u16>,
    pub(crate) monitor: Option<u16>,
}

/// Membership of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) route_port: u16,
    pub(crate) all_routes: Vec<u16>,
}

/// Everything that goes into a server's configuration file.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) jetstream: bool,
    pub(crate) jetstream_lines: Vec<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) member: Option<Member>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { jetstream: true, jetstream_lines: Vec::new(), lines: Vec::new(), member: None }
    }
}

impl Settings {
    /// Renders the file. `host` is where to listen, `data` where JetStream stores.
    pub(crate) fn render(&self, host: &str, ports: Ports, data: &Path) -> String {
        let port = |port: Option<u16>| port.map_or("-1".to_owned(), |port| port.to_string());
        let (client, monitor) = (port(ports.client), port(ports.monitor));
        let mut text = format!("host: \"{host}\"\nport: {client}\nhttp: \"{host}:{monitor}\"\n");
        if self.jetstream {
            let store = data.join("jetstream");
            let lines = self.jetstream_lines.join("\n  ");
            append(&mut text, format_args!("jetstream {{\n  store_dir: {store:?}\n  {lines}\n}}\n"));
        }
        if let Some(member) = &self.member {
            let Member { name, route_port, all_routes } = member;
            let routes: Vec<String> =
                all_routes.iter().map(|port| format!("nats-route://{host}:{port}")).collect();
            append(
                &mut text,
                format_args!(
                    "server_name: {name}\nserver_tags: [\"node:{name}\"]\n\
                     cluster {{\n  name: aegis\n  listen: \"{host}:{route_port}\"\n  routes: {routes:?}\n}}\n"
                ),
            );
        }
        for line in &self.lines {
            append(&mut text, format_args!("{line}\n"));
        }
        text
    }
}

fn append(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Member, Ports, Settings};

    #[test]
    fn unset_ports_are_left_to_the_server() {
        let text = Settings::default().render("127.0.0.1", Ports::default(), Path::new("/d"));
        assert!(text.contains("port: -1") && text.contains("http: \"127.0.0.1:-1\""), "{text}");
    }

    #[test]
    fn a_member_carries_its_tag_and_every_route() {
        let member = Member { name: "n2".into(), route_port: 7, all_routes: vec![6, 7] };
        let settings = Settings { member: Some(member), ..Settings::default() };
        let text = settings.render("127.0.0.1", Ports::default(), Path::new("/d"));
        assert!(text.contains("server_tags: [\"node:n2\"]"), "{text}");
        assert!(text.contains("[\"nats-route://127.0.0.1:6\", \"nats-route://127.0.0.1:7\"]"), "{text}");
    }
}
