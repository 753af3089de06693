//! What cannot be done over a URL says so by name; what goes wrong on the way says what to do.

use std::time::Duration;

use aegis_testkit::NatsServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Ran, by_nats, run};
use crate::audit::written;
use crate::rest::start;

/// Somebody who answers every request with this, and is no control plane.
async fn stranger(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![];
                let mut piece = [0; 1024];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut piece).await {
                        Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
                        Ok(_) | Err(_) => return,
                    }
                }
                if answer.is_empty() {
                    // Silent, and there.
                    std::future::pending::<()>().await;
                }
                let _gone = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    format!("http://{address}")
}

async fn ask(url: &str, token: &str, more: &[&str]) -> Ran {
    let args: Vec<_> = ["leaders", "--url", url].into_iter().chain(more.iter().copied()).collect();
    let ran = run(&args, &[("AEGIS_TOKEN", token)]).await;
    assert!(token.is_empty() || !ran.has(token), "the token is never printed: {ran:?}");
    ran
}

#[tokio::test]
async fn commands_that_go_over_nats_alone_refuse_a_url_by_name() {
    for (args, why) in [
        (&["verify"][..], "`aegis verify` does not take --url: it holds the stream"),
        (
            &["events", "export"],
            "`aegis events export` does not take --url: it writes each message as it is stored",
        ),
        (&["events", "import", "a.ndjson"], "`aegis events import` does not take --url"),
        (&["log", "desk", "desk-1", "debug"], "`aegis log` does not take --url: it asks the instance itself"),
        (&["consumers"], "`aegis consumers` does not take --url: it asks the servers of JetStream"),
        (
            &["events", "tail", "--journal", "ledger"],
            "`aegis events tail --journal` does not take --url: it reads the stream of the journal itself",
        ),
        (&["up"], "`aegis up` does not take --url"),
        (&["serve"], "`aegis serve` does not take --url"),
        (&["token", "--name", "alice"], "`aegis token` does not take --url"),
        (&["gen", "schema"], "`aegis gen` does not take --url"),
    ] {
        let args: Vec<_> = args.iter().copied().chain(["--url", "http://127.0.0.1:1"]).collect();
        let refused = run(&args, &[]).await;
        assert!(refused.code == 2 && refused.has(why), "{args:?}: {refused:?}");
    }
    // Whoever has a URL in the environment has it for the other commands.
    let nats = NatsServer::start().await;
    written(&nats).await;
    let verified = run(&["verify"], &[("NATS_URL", &nats.url()), ("AEGIS_URL", "http://127.0.0.1:1")]).await;
    assert!(verified.has("AEGIS_EVENTS up to 5"), "{verified:?}");
}

#[tokio::test]
async fn options_that_do_not_go_together_are_refused_before_anything_is_asked() {
    let url = "http://127.0.0.1:1";
    for (args, why) in [
        (&["leaders", "--url", url, "--nats-url", "nats://a"][..], "--url and --nats-url"),
        (&["leaders", "--url", url, "--as", "bob"], "the record names the owner of the token"),
        (&["leaders", "--token-file", "a"], "--token-file goes with a URL"),
        (&["leaders", "--ca", "a", "--nats-url", "nats://a"], "--ca and --nats-url"),
        (&["leaders", "--url", url], "set AEGIS_TOKEN"),
        (
            &["leaders", "--url", url, "--token-file", "/nonexistent"],
            "the token file /nonexistent cannot be read",
        ),
        (&["leaders", "--url", "floor.example"], "give one like https://floor.example/aegis"),
        (&["leaders", "--url", url, "--timeout", "0"], "--timeout"),
    ] {
        let token = if why.contains("https://") { "a" } else { "" };
        let refused = run(args, &[("AEGIS_TOKEN", token)]).await;
        assert!(refused.code != 0 && refused.has(why), "{args:?}: {refused:?}");
    }
}

#[tokio::test]
async fn a_wrong_token_and_a_wrong_namespace_are_told_with_the_remedy() {
    let (nats, _folder, control) = start().await;
    let refused = ask(&control.url, "5ec2e7", &[]).await;
    assert!(refused.code == 1 && refused.has("UNAUTHENTICATED: "), "{refused:?}");
    assert!(refused.has("--token-file") && refused.has("`aegis token`"), "{refused:?}");
    let other = ask(&control.url, &control.token, &["--namespace", "dev"]).await;
    assert!(other.code == 1 && other.has("serves the namespace aegis, not dev"), "{other:?}");
    assert_eq!(
        by_nats(&nats, &["leaders"]).await,
        ask(&control.url, &control.token, &["--namespace", "aegis"]).await
    );
}

#[tokio::test]
async fn an_unreachable_address_a_proxy_a_redirect_and_a_timeout_are_told_apart() {
    let token = "5ec2e7";
    let nobody = ask("http://127.0.0.1:1", token, &[]).await;
    assert!(nobody.code == 1 && nobody.has("http://127.0.0.1:1 cannot be reached"), "{nobody:?}");
    assert!(nobody.has("check the URL") && nobody.has("--nats-url"), "{nobody:?}");
    let unknown = ask("https://nobody.invalid", token, &[]).await;
    assert!(unknown.code == 1 && unknown.has("https://nobody.invalid cannot be reached"), "{unknown:?}");
    let page = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<html>\x1b]0;x</html";
    let proxy = ask(&stranger(page).await, token, &[]).await;
    assert!(
        proxy.code == 1 && proxy.has("answers 502 with text/html, which is no answer of a control plane"),
        "{proxy:?}"
    );
    let page =
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
    let proxy = ask(&stranger(page).await, token, &[]).await;
    assert!(proxy.code == 1 && proxy.has("answers 200") && proxy.has("lacks the base path"), "{proxy:?}");
    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: https://login.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let moved = ask(&stranger(elsewhere).await, token, &[]).await;
    assert!(
        moved.code == 1 && moved.has("sends to https://login.example/, which is not followed"),
        "{moved:?}"
    );
    let begun = std::time::Instant::now();
    let silent = ask(&stranger("").await, token, &["--timeout", "1"]).await;
    assert!(silent.code == 1 && silent.has("has not answered within 1 s"), "{silent:?}");
    assert!(silent.has("--timeout") && begun.elapsed() < Duration::from_secs(10), "{silent:?}");
}
