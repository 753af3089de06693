//! What the metrics tell of services, of failovers and of the servers.

use std::time::Duration;

use aegis_sdk::{Fault, Service, ServiceConfig};
use aegis_testkit::{NatsServer, wait_until};

use crate::serve::Serve;
use crate::support::PATIENCE;

async fn desk(nats: &NatsServer, instance: &str) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(instance.parse().unwrap());
    config.nats_url = nats.url();
    config.failover = aegis_sdk::Policy::AGGRESSIVE;
    config.groups = vec!["ACC-1".parse().unwrap()];
    Service::builder(config)
        .rpc("quote", |_: aegis_sdk::Call, (): ()| std::future::ready(Ok::<_, Fault>(1)))
        .start()
        .await
        .unwrap()
}

async fn scrape(serve: &Serve) -> Result<String, String> {
    let asked = serve.http.get(format!("http://{}/metrics", serve.address)).bearer_auth(&serve.token);
    let answer = asked.send().await.map_err(|e| e.to_string())?;
    if answer.status() != 200 {
        return Err(answer.status().to_string());
    }
    answer.text().await.map_err(|e| e.to_string())
}

/// Waits until each of these lines stands there.
async fn tells(serve: &Serve, what: &str, wanted: &[&str]) -> String {
    wait_until(what, PATIENCE, || async {
        let text = scrape(serve).await?;
        let missing: Vec<_> = wanted.iter().filter(|line| !text.lines().any(|each| each == **line)).collect();
        if missing.is_empty() { Ok(text) } else { Err(format!("{missing:?} of {text}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn services_failovers_and_servers_are_told() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(&nats.url(), folder.path()).await;
    let first = desk(&nats, "desk-1").await;
    let text = tells(
        &serve,
        "a service with a group",
        &[
            "aegis_service_groups{service=\"desk\"} 1.0",
            "aegis_service_groups_vacant{service=\"desk\"} 0.0",
            "aegis_service_vacancy_longest_seconds{service=\"desk\"} 0.0",
            "aegis_service_instances{service=\"desk\",health=\"healthy\"} 1.0",
            "aegis_service_instances{service=\"desk\",health=\"unhealthy\"} 0.0",
            "aegis_failovers_slow_total{service=\"desk\"} 0",
            "aegis_lease_store_readable 1.0",
            "aegis_stream_replicas{stream=\"AEGIS_EVENTS\"} 1.0",
            "aegis_stream_replicas_current{stream=\"AEGIS_EVENTS\"} 1.0",
            "aegis_dead_letters_undecided 0.0",
            "aegis_services_untold 0.0",
        ],
    )
    .await;
    assert!(!text.contains("aegis_token_not_after_seconds"), "no token ends: {text}");
    assert!(!text.contains("aegis_service_error_ratio{"), "nothing was called: {text}");
    for name in ["process_resident_memory_bytes ", "process_cpu_seconds_total ", "aegis_storage_used_bytes "]
    {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} of {text}");
    }
    assert!(text.contains("# TYPE aegis_panics_total counter") && !text.contains("# EOF"), "{text}");
    let wanted = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let asked = serve.http.get(format!("http://{}/metrics", serve.address)).bearer_auth(&serve.token);
    let told = asked.header("accept", wanted).send().await.unwrap();
    let kind = told.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let open_metrics = told.text().await.unwrap();
    assert!(open_metrics.contains("# TYPE aegis_panics counter"), "{open_metrics}");
    assert_eq!(open_metrics.matches("# EOF").count(), 1);

    // The owner is gone without a word, and another one takes over.
    let second = desk(&nats, "desk-2").await;
    wait_until("the second member to be heard", PATIENCE, || async {
        let text = scrape(&serve).await?;
        let heard = text.contains("aegis_service_instances{service=\"desk\",health=\"healthy\"} 2.0");
        if heard { Ok(()) } else { Err(text) }
    })
    .await;
    drop(first);
    tells(&serve, "the failover", &["aegis_failover_seconds_count{service=\"desk\"} 1"]).await;

    second.stop("the test ends").await.unwrap();
    let waits = |text: String| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("aegis_service_vacancy_longest_seconds{service=\"desk\"} "));
        line.and_then(|value| value.parse::<f64>().ok()).unwrap_or_default()
    };
    wait_until("a group that waits", Duration::from_secs(30), || async {
        let text = scrape(&serve).await?;
        let vacant = text.contains("aegis_service_groups_vacant{service=\"desk\"} 1.0");
        if vacant && waits(text.clone()) > 0.5 { Ok(()) } else { Err(text) }
    })
    .await;
    // During a maintenance, no instance may take the group over.
    let begin = serve
        .http
        .post(format!("http://{}/api/services/desk/maintenance", serve.address))
        .bearer_auth(&serve.token)
        .json(&serde_json::json!({ "until": "2999-01-01T00:00:00Z", "reason": "a test" }))
        .send()
        .await
        .unwrap();
    assert!(begin.status().is_client_error(), "it ends too late: {}", begin.status());
    let until = chrono::Utc::now() + chrono::TimeDelta::minutes(5);
    let begin = serve
        .http
        .post(format!("http://{}/api/services/desk/maintenance", serve.address))
        .bearer_auth(&serve.token)
        .json(&serde_json::json!({ "until": until, "reason": "a test" }))
        .send()
        .await
        .unwrap();
    assert!(begin.status().is_success(), "{}", begin.text().await.unwrap());
    tells(
        &serve,
        "a group in maintenance",
        &[
            "aegis_service_groups_vacant{service=\"desk\"} 0.0",
            "aegis_service_vacancy_longest_seconds{service=\"desk\"} 0.0",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_token_that_ends_is_told_by_name() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let sha256 = "ab".repeat(32);
    let table = format!(
        "[[token]]\nname = \"night\"\nrole = \"viewer\"\nsha256 = \"{sha256}\"\nexpires = \"2030-01-01T00:00:00Z\"\n"
    );
    let serve = Serve::start_with(&nats.url(), folder.path(), &table).await;
    tells(&serve, "the token", &["aegis_token_not_after_seconds{name=\"night\"} 1893456000.0"]).await;
}
