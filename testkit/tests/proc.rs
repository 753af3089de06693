//! The process harness against small shell scripts.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use aegis_testkit::{Proc, ProcBuilder, wait_until};

const LIMIT: Duration = Duration::from_secs(10);

fn sh(script: &str) -> ProcBuilder {
    Proc::builder("sh").arg("-c").arg(script)
}

#[tokio::test]
async fn both_outputs_and_the_environment_are_seen() {
    let proc = sh("echo out $WHO; echo err $WHO >&2").env("WHO", "me").spawn();
    assert_eq!(proc.wait_for_line(|line| line.starts_with("out"), LIMIT).await, "out me");
    assert_eq!(proc.wait_for_line(|line| line.starts_with("err"), LIMIT).await, "err me");
    assert!(proc.wait_exit(LIMIT).await.success());
}

#[tokio::test]
async fn a_program_reads_its_input_which_ends() {
    let cat = Proc::builder("cat").input("one\ntwo\n").spawn();
    assert!(cat.wait_exit(LIMIT).await.success());
    assert_eq!(cat.lines(), ["one", "two"]);
}

#[tokio::test]
async fn variables_of_the_test_are_kept_from_a_program_by_their_prefix() {
    // Cargo sets some for every test.
    let env = Proc::builder("env").without_env("CARGO_").env("CARGO_OF_ITS_OWN", "1").spawn();
    assert!(env.wait_exit(LIMIT).await.success());
    let seen: Vec<_> = env.lines().into_iter().filter(|line| line.starts_with("CARGO_")).collect();
    assert_eq!(seen, ["CARGO_OF_ITS_OWN=1"]);
}

#[tokio::test]
async fn terminate_reaches_the_process() {
    let proc = sh("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done").spawn();
    proc.wait_for_line(|line| line == "up", LIMIT).await;
    proc.terminate();
    proc.wait_for_line(|line| line == "bye", LIMIT).await;
    assert_eq!(proc.wait_exit(LIMIT).await.code(), Some(7));
}

#[tokio::test]
async fn kill_ends_even_a_paused_process() {
    let proc = Proc::builder("cat").arg("/dev/zero").spawn();
    proc.pause();
    proc.kill();
    assert_eq!(proc.exit_status().unwrap().signal(), Some(9));
}

#[tokio::test]
async fn a_paused_process_stands_still() {
    let proc = sh("while :; do echo tick; sleep 0.01; done").spawn();
    proc.wait_for_line(|line| line == "tick", LIMIT).await;
    proc.pause();
    let state = format!("/proc/{}/stat", proc.pid());
    wait_until("the stopped state", LIMIT, async || {
        let stat = std::fs::read_to_string(&state).map_err(|error| error.to_string())?;
        if stat.contains(") T ") { Ok(()) } else { Err(stat) }
    })
    .await;
    proc.resume();
    let before = proc.lines().len();
    wait_until("more ticks", LIMIT, async || {
        let now = proc.lines().len();
        if now > before + 3 { Ok(()) } else { Err(format!("{now} lines")) }
    })
    .await;
}

#[tokio::test]
async fn a_dropped_process_is_gone() {
    let proc = Proc::builder("cat").arg("/dev/zero").spawn();
    let entry = format!("/proc/{}", proc.pid());
    drop(proc);
    assert!(!std::path::Path::new(&entry).exists());
}

#[tokio::test]
#[should_panic(expected = "ended with exit status: 3")]
async fn waiting_for_a_line_ends_with_the_process() {
    sh("exit 3").spawn().wait_for_line(|line| line == "never", LIMIT).await;
}

#[tokio::test]
#[should_panic(expected = "still at 1")]
async fn a_wait_that_runs_out_names_its_last_status() {
    wait_until("two", Duration::from_millis(50), async || Err::<(), _>("still at 1".to_owned())).await;
}

#[tokio::test]
#[should_panic(expected = "the check was cut off")]
async fn a_hanging_check_is_cut_off() {
    wait_until("ever", Duration::from_millis(50), async || {
        std::future::pending::<()>().await;
        Ok(())
    })
    .await;
}
