//! The examples of docs/api.md, as a reader would run them.

use std::collections::BTreeSet;
use std::process::Stdio;

use reqwest::Method;
use tokio::process::Command;

use super::document::operations;
use super::start;
use crate::consumers::without_reader;
use crate::dead_letters::put_aside;
use crate::fleet::{Member, connection};
use crate::forget::end;
use crate::operate::members;
use crate::support::PATIENCE;

const PAGE: &str = include_str!("../../../../docs/api.md");

/// The section, and the commands in it.
fn section() -> (&'static str, String) {
    let section = PAGE.split_once("\n## REST\n").unwrap().1;
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let blocks = section.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    (section, blocks.collect())
}

/// Method and path of a command, without its query.
fn asked(command: &str) -> Option<(Method, String)> {
    let path = command.split_once("$AEGIS_URL")?.1.split(['"', '?']).next()?.to_owned();
    let given = command.split_once("-X ").map(|(_, rest)| rest.split(' ').next().unwrap_or_default());
    let usual = if command.contains("--json") { "POST" } else { "GET" };
    Some((given.unwrap_or(usual).parse().ok()?, path))
}

fn is_of(path: &str, template: &str) -> bool {
    let (parts, names) = (path.split('/'), template.split('/'));
    path.split('/').count() == template.split('/').count()
        && parts.zip(names).all(|(part, name)| part == name || name.starts_with('{'))
}

#[test]
fn every_route_is_listed_and_shown_with_curl() {
    let (section, commands) = section();
    let commands = commands.replace("\\\n", " ");
    let asked: Vec<_> = commands.lines().filter_map(asked).collect();
    let mut routes = BTreeSet::new();
    for (method, path, _) in operations() {
        routes.insert(format!("`{method} {path}`"));
        // A template with a name must not stand in for a path of its own.
        let shown = asked.iter().any(|(by, at)| *by == method && is_of(at, &path));
        assert!(shown, "docs/api.md shows no curl for {method} {path}");
    }
    let listed = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: BTreeSet<_> = listed.map(|(route, _)| format!("`{route}`")).collect();
    let listed: BTreeSet<_> = listed.into_iter().filter(|route| route.contains(" /api")).collect();
    assert_eq!(listed, routes, "the table of routes in docs/api.md");
}

#[tokio::test]
async fn the_examples_of_the_documentation_work() {
    let (nats, _folder, control) = start().await;
    let _desk = members(&nats).await;
    let connection = connection(&nats).await;
    let gone = Member::start(&connection, "echo-1").await;
    gone.stop();
    end(&connection, "echo-1").await;
    for body in [b"first", b"other"] {
        put_aside(&nats, body).await;
    }
    without_reader(&connection, "booking-trades").await;
    aegis_testkit::wait_until("the registry", PATIENCE, || async {
        let leaders = super::get(&control, "/api/leaders?service=desk").await.body;
        let ended = super::get(&control, "/api/instances?statuses=STOPPED").await.body;
        if leaders["totalCount"] == 1 && ended["totalCount"] == 1 {
            Ok(())
        } else {
            Err(format!("{leaders} {ended}"))
        }
    })
    .await;
    let script = format!("set -euo pipefail\n{}", section().1);
    let run = Command::new("bash")
        .args(["-c", &script])
        .env("AEGIS_URL", &control.url)
        .env("AEGIS_TOKEN", &control.token)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(3 * PATIENCE, run).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}
