//! Starts that cannot succeed: each says what to do, and leaves nothing behind.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::{ControlPlane, PATIENCE, aegis};
use aegis_testkit::{NatsServer, nats_server_path, wait_until};

/// Runs `aegis` to its end, and answers its last words.
async fn fails(args: &[&str], env: &[(&str, &str)]) -> String {
    let mut builder = aegis().args(args);
    for (name, value) in env {
        builder = builder.env(name, value);
    }
    let process = builder.spawn();
    let status = process.wait_exit(PATIENCE).await;
    assert_eq!(status.code(), Some(1), "{:?}", process.lines());
    let lines = process.lines();
    let first =
        lines.iter().position(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{lines:?}"));
    lines[first..].join("\n")
}

fn script(folder: &Path, text: &str) -> String {
    let path = folder.join("nats-server");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_missing_or_old_nats_server_is_said_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let up = ["up", "--port", "0", "--data-dir", &data];
    let missing = fails(&up, &[("PATH", ""), ("AEGIS_NATS_SERVER", "/nowhere/nats-server")]).await;
    assert!(missing.contains("/nowhere/nats-server"), "{missing}");
    let old = script(folder.path(), "#!/bin/sh\necho 'nats-server: v2.9.10'\n");
    let too_old = fails(&up, &[("AEGIS_NATS_SERVER", &old)]).await;
    assert!(
        too_old.contains("2.9.10") && too_old.contains("2.12") && too_old.contains("upgrade"),
        "{too_old}"
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_said_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let plain = NatsServer::builder().jetstream(false).start().await;
    let disabled = fails(&["up", "--port", "0", "--data-dir", &data, "--nats-url", &plain.url()], &[]).await;
    assert!(disabled.contains("JetStream is disabled") && disabled.contains("-js"), "{disabled}");
    let nobody = format!("nats://127.0.0.1:{}", aegis_testkit::free_port());
    let unreachable = fails(&["up", "--port", "0", "--data-dir", &data, "--nats-url", &nobody], &[]).await;
    assert!(unreachable.contains(&nobody), "{unreachable}");
    let junk = fails(&["up", "--port", "0", "--data-dir", &data, "--nats-url", "not a url"], &[]).await;
    assert!(junk.contains("not a url"), "{junk}");
}

#[tokio::test]
async fn a_taken_port_is_said_before_anything_has_begun() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = fails(&["up", "--port", &port, "--data-dir", &data, "--nats-url", &nats.url()], &[]).await;
    assert!(error.contains(&port) && error.contains("port 0"), "{error}");
}

#[tokio::test]
async fn a_data_folder_in_use_is_not_shared() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let _first = ControlPlane::start(&nats, folder.path()).await;
    let data = folder.path().display().to_string();
    let error = fails(&["up", "--port", "0", "--data-dir", &data, "--nats-url", &nats.url()], &[]).await;
    assert!(error.contains("another aegis") && error.contains("--data-dir"), "{error}");
}

#[tokio::test]
async fn a_configuration_that_is_not_valid_is_said_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("aegis.toml");
    let path = file.display().to_string();
    for (text, says) in [
        ("listn = \"127.0.0.1:0\"", "listn"),
        ("listen = \"nowhere\"", "line 1, column 10: listen: "),
        ("[[token]]\nname = \"a\"\nrole = \"king\"\nsha256 = \"00\"", "role: unknown variant, expected "),
        ("[[token]]\nname = \"a\"\nrole = \"admin\"\nsha256 = \"00\"", "SHA-256"),
        ("", "aegis token"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = fails(&["serve", "--config", &path], &[]).await;
        assert!(error.contains(says), "{text:?} gave {error}");
    }
    std::fs::remove_file(&file).unwrap();
    assert!(fails(&["serve", "--config", &path], &[]).await.contains("cannot be read"));
}

#[tokio::test]
async fn the_private_server_ends_with_the_control_plane_however_that_ends() {
    let server = nats_server_path().unwrap().display().to_string();
    for signal in ["terminate", "kill"] {
        let folder = tempfile::tempdir().unwrap();
        let env_file = folder.path().join("env");
        let process = aegis()
            .args(["up", "--port", "0"])
            .args([Path::new("--data-dir"), folder.path(), Path::new("--env-file"), &env_file])
            .env("AEGIS_NATS_SERVER", &server)
            .spawn();
        let text = wait_until("readiness", PATIENCE, || async {
            std::fs::read_to_string(&env_file).map_err(|e| e.to_string())
        })
        .await;
        let pid = text.lines().find_map(|line| line.strip_prefix("NATS_PID=")).unwrap().to_owned();
        let status = format!("/proc/{pid}/status");
        assert!(Path::new(&status).exists());
        if signal == "kill" {
            process.kill()
        } else {
            process.terminate()
        }
        process.wait_exit(PATIENCE).await;
        wait_until("the end of nats-server", PATIENCE, || async {
            // Ended and not yet collected by the init process is ended, too.
            match std::fs::read_to_string(&status) {
                Ok(text) if !text.contains("State:\tZ") => Err(format!("{pid} runs after {signal}")),
                _ => Ok(()),
            }
        })
        .await;
    }
}

#[test]
fn a_release_without_the_page_is_refused_unless_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("build");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Command::new(rustc).args(["--edition", "2024", source, "-o"]).arg(&script).status().unwrap();
    assert!(built.success());
    std::fs::create_dir(folder.path().join("crate")).unwrap();
    let told = |profile: &str, without: bool| {
        let mut script = Command::new(&script);
        script
            .current_dir(folder.path().join("crate"))
            .env("PROFILE", profile)
            .env_remove("AEGIS_WITHOUT_PAGE");
        if without {
            script.env("AEGIS_WITHOUT_PAGE", "1");
        }
        String::from_utf8(script.output().unwrap().stdout).unwrap()
    };
    assert!(told("release", false).contains("cargo::error=the page is not built"));
    for (profile, without) in [("debug", false), ("release", true)] {
        let told = told(profile, without);
        assert!(
            told.contains("cargo::warning=the page is not built") && !told.contains("cargo::error"),
            "{told}"
        );
    }
    std::fs::create_dir_all(folder.path().join("web/dist")).unwrap();
    std::fs::write(folder.path().join("web/dist/index.html"), "").unwrap();
    assert!(!told("release", false).contains("the page is not built"));
}
