//! The driver, on a clock that is paused while a task runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aegis_nats::supervise::panics;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::*;

const PERIOD: Duration = Duration::from_secs(10);

type Activation = BoxFuture<'static, anyhow::Result<String>>;

/// What the activations of a task do, by their number, and when they began.
struct Script {
    begun: Instant,
    starts: Mutex<Vec<Duration>>,
    made: AtomicUsize,
    signal: Notify,
    act: Box<dyn Fn(usize) -> Activation + Send + Sync>,
}

/// A task by a script.
struct Scripted<const SPREAD_MS: u64>(Arc<Script>);

impl<const SPREAD_MS: u64> Task for Scripted<SPREAD_MS> {
    const NAME: &'static str = "scripted";
    const PERIOD: Duration = PERIOD;
    const SPREAD: Duration = Duration::from_millis(SPREAD_MS);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let number = {
            let mut starts = self.0.starts.lock().unwrap();
            starts.push(self.0.begun.elapsed());
            starts.len()
        };
        (self.0.act)(number).await
    }

    async fn between(&mut self) {
        self.0.signal.notified().await;
    }
}

impl Script {
    fn new(act: impl Fn(usize) -> Activation + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            starts: Mutex::default(),
            made: AtomicUsize::new(0),
            signal: Notify::new(),
            act: Box::new(act),
        })
    }

    /// One whose activations take no time.
    fn quick() -> Arc<Self> {
        Self::new(|number| async move { Ok(format!("activation {number}")) }.boxed())
    }

    fn make<const SPREAD_MS: u64>(self: &Arc<Self>) -> impl FnMut() -> Scripted<SPREAD_MS> + Send + 'static {
        let script = Arc::clone(self);
        move || {
            script.made.fetch_add(1, Ordering::Relaxed);
            Scripted(Arc::clone(&script))
        }
    }

    fn starts_ms(&self) -> Vec<u128> {
        self.starts.lock().unwrap().iter().map(Duration::as_millis).collect()
    }
}

fn background() -> Background {
    Background::new(CancellationToken::new(), TaskTracker::new())
}

fn facts(background: &Background) -> TaskFacts {
    background.facts().remove(0)
}

async fn until_ms(script: &Script, ms: u64) {
    tokio::time::sleep_until(script.begun + Duration::from_millis(ms)).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_activated_at_once_and_then_with_each_period() {
    let (background, script) = (background(), Script::quick());
    background.start(script.make::<0>());
    assert_eq!((facts(&background).runs, facts(&background).next_due_at), (0, None));
    until_ms(&script, 25_000).await;
    assert_eq!(script.starts_ms(), [0, 10_000, 20_000]);
    let facts = facts(&background);
    assert_eq!((facts.name, facts.period, facts.runs, facts.failures), ("scripted", PERIOD, 3, 0));
    assert_eq!(facts.status.as_deref(), Some("activation 3"));
    assert_eq!(facts.without_success_for, Some(Duration::from_secs(5)));
    let ahead = facts.next_due_at.unwrap() - chrono::Utc::now();
    assert!((4..=5).contains(&ahead.num_seconds()), "{ahead}");
}

#[tokio::test(start_paused = true)]
async fn activations_that_were_missed_during_a_long_one_are_left_out() {
    let background = background();
    let script = Script::new(|number| {
        let takes = Duration::from_secs(if number == 1 { 35 } else { 0 });
        sleep(takes).map(|()| Ok(String::new())).boxed()
    });
    background.start(script.make::<0>());
    until_ms(&script, 30_000).await;
    let during = facts(&background);
    assert_eq!((during.running, during.runs, during.last_duration), (true, 0, None));
    assert_eq!(during.without_success_for, Some(Duration::from_secs(30)), "since it may be activated");
    until_ms(&script, 60_000).await;
    assert_eq!(script.starts_ms(), [0, 35_000, 45_000, 55_000]);
    assert_eq!(facts(&background).last_duration, Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_signal_activates_early_within_bounds_and_does_not_move_the_period() {
    let (background, script) = (background(), Script::quick());
    background.start(script.make::<0>());
    for ms in [3_000, 3_020] {
        until_ms(&script, ms).await;
        script.signal.notify_one();
    }
    until_ms(&script, 25_000).await;
    assert_eq!(script.starts_ms(), [0, 3_000, 3_100, 10_000, 20_000]);
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_reaches_all_replicas_activates_them_at_random_and_periods_are_exact() {
    let mut starts = Vec::new();
    for _ in 0..20 {
        let (background, script) = (background(), Script::quick());
        background.start(script.make::<1_000>());
        until_ms(&script, 3_000).await;
        script.signal.notify_one();
        until_ms(&script, 15_000).await;
        let [0, early, 10_000] = script.starts_ms()[..] else { panic!("{:?}", script.starts_ms()) };
        assert!((3_000..=4_000).contains(&early), "{early}");
        starts.push(early);
    }
    starts.dedup();
    assert!(starts.len() > 1, "{starts:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_a_task_is_made_anew_and_activated_after_a_pause_that_grows() {
    let (background, before) = (background(), panics());
    let script = Script::new(|number| {
        async move {
            assert!(number > 9, "as it is meant");
            Ok("well".to_owned())
        }
        .boxed()
    });
    background.start(script.make::<0>());
    until_ms(&script, 1).await;
    let first = facts(&background);
    assert_eq!((first.runs, first.failures, first.running, first.next_due_at), (1, 1, false, None));
    assert!(!first.last_error.unwrap().contains("meant"), "what is of the inside stays there");
    until_ms(&script, 30_000).await;
    assert!(panics() >= before + 9);
    assert_eq!(script.made.load(Ordering::Relaxed), 10);
    let starts = script.starts_ms();
    let pauses: Vec<_> = starts.windows(2).map(|two| two[1] - two[0]).take(9).collect();
    // Each is drawn at random below a bound that grows.
    assert!(pauses[2..].iter().max() > pauses.first(), "{pauses:?}");
    let last = facts(&background);
    assert_eq!((last.failures, last.last_error, last.status), (9, None, Some("well".into())));
}

#[tokio::test(start_paused = true)]
async fn a_panic_between_activations_is_one_of_the_task_too() {
    struct Panics;
    impl Task for Panics {
        const NAME: &'static str = "panics";
        const PERIOD: Duration = PERIOD;
        async fn activate(&mut self) -> anyhow::Result<String> {
            Ok(String::new())
        }
        async fn between(&mut self) {
            sleep(Duration::from_secs(7)).await;
            panic!("as it is meant");
        }
    }
    let background = background();
    background.start(|| Panics);
    sleep(Duration::from_secs(9)).await;
    let facts = facts(&background);
    assert_eq!((facts.failures, facts.runs), (1, 2), "it was activated at once when it was made anew");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_task_in_an_activation_before_the_first_one_and_between_two() {
    struct Ended(Arc<AtomicUsize>);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (stop, running, ended) =
        (CancellationToken::new(), TaskTracker::new(), Arc::<AtomicUsize>::default());
    let background = Background::new(stop.clone(), running.clone());
    let of = Arc::clone(&ended);
    let hangs = Script::new(move |_| {
        let guard = Ended(Arc::clone(&of));
        async move {
            let _guard = guard;
            std::future::pending().await
        }
        .boxed()
    });
    let (waits, idle) = (Script::quick(), Script::quick());
    background.start(hangs.make::<0>());
    background.start(idle.make::<0>());
    background.start_after(std::future::pending(), waits.make::<0>());
    until_ms(&hangs, 5_000).await;
    assert_eq!(ended.load(Ordering::Relaxed), 0);
    stop.cancel();
    running.close();
    let begun = Instant::now();
    running.wait().await;
    assert_eq!((begun.elapsed(), ended.load(Ordering::Relaxed)), (Duration::ZERO, 1));
    assert_eq!((hangs.starts_ms(), idle.starts_ms(), waits.starts_ms()), (vec![0], vec![0], vec![]));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_kept_until_an_activation_succeeds_and_the_last_status_meanwhile() {
    let background = background();
    let script = Script::new(|number| {
        async move {
            match number {
                2 | 3 => Err(anyhow::anyhow!("inner\nline").context(format!("failure {number}"))),
                _ => Ok(format!("status {number}")),
            }
        }
        .boxed()
    });
    background.start(script.make::<0>());
    let mut seen = Vec::new();
    for n in 0..4 {
        until_ms(&script, n * 10_000 + 1_000).await;
        let TaskFacts { runs, failures, last_error, status, without_success_for, .. } = facts(&background);
        let since = without_success_for.unwrap().as_secs();
        seen.push((runs, failures, last_error, status.unwrap(), since));
    }
    let error = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen,
        [
            (1, 0, None, "status 1".to_owned(), 1),
            (2, 1, error("failure 2: inner line"), "status 1".to_owned(), 11),
            (3, 2, error("failure 3: inner line"), "status 1".to_owned(), 21),
            (4, 2, None, "status 4".to_owned(), 1),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_behind_a_gate_is_listed_and_is_late_from_its_opening_on_only() {
    let (background, gate) = (background(), CancellationToken::new());
    let script = Script::new(|_| async { anyhow::bail!("not yet") }.boxed());
    background.start_after(gate.clone().cancelled_owned(), script.make::<0>());
    until_ms(&script, 60_000).await;
    let closed = facts(&background);
    assert_eq!((closed.runs, closed.without_success_for), (0, None));
    gate.cancel();
    until_ms(&script, 65_000).await;
    let open = facts(&background);
    assert_eq!((open.runs, open.without_success_for), (1, Some(Duration::from_secs(5))));
}
