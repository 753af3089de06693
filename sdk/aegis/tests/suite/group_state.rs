//! What services keep in memory of the groups that they own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_sdk::{
    Builder, Call, CallError, Client, ConnectOptions, Connection, Fault, Owned, Released, Service,
    ServiceConfig, Target,
};
use aegis_testkit::{FaultProxy, NatsServer, try_wait_until, wait_until};

const PATIENCE: Duration = Duration::from_secs(20);

/// What happened, in order, in all instances.
type Story = Arc<Mutex<Vec<String>>>;

struct Desk {
    name: &'static str,
    story: Story,
    /// A load that fails this time.
    fails: Arc<Mutex<u32>>,
    /// How long letting go takes.
    lingers: Duration,
}

impl Desk {
    fn tell(&self, what: impl Into<String>) {
        self.story.lock().unwrap().push(format!("{} {}", self.name, what.into()));
    }

    async fn load(&self, owned: Owned) -> Result<(), Fault> {
        assert_eq!(owned.released, None);
        {
            let mut fails = self.fails.lock().unwrap();
            if *fails > 0 {
                *fails -= 1;
                return Err(Fault::new("DISK_BROKEN", "the disk is broken"));
            }
        }
        // Whoever calls meanwhile waits.
        tokio::task::yield_now().await;
        self.tell(format!("loads {} {}", owned.group, owned.term));
        Ok(())
    }

    async fn let_go(&self, owned: Owned) -> Result<(), Fault> {
        // While it lasts, nobody else loads the state of a group that is given up.
        if owned.released == Some(Released::GivenUp) && !self.lingers.is_zero() {
            let loaded = try_wait_until(self.lingers, async || {
                let told = self.story.lock().unwrap().join("; ");
                if told.contains("d-2 loads") { Ok(()) } else { Err(told) }
            });
            loaded.await.expect_err("the next owner waits for the release");
        }
        self.tell(format!("releases {} {} {:?}", owned.group, owned.term, owned.released.unwrap()));
        Ok(())
    }

    async fn who(&self, call: Call, (): ()) -> Result<&'static str, Fault> {
        let (group, term) = call.exclusive()?;
        self.tell(format!("answers {group} {term}"));
        Ok(self.name)
    }
}

fn builder(url: &str, desk: Desk) -> Builder<aegis_sdk::service::State<Desk>> {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(desk.name.parse().unwrap());
    config.nats_url = url.to_owned();
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.drain_ms = 3_000;
    Service::builder(config)
        .state(async |_: Connection| Ok::<_, Fault>(desk))
        .on_acquired(Desk::load)
        .on_released(Desk::let_go)
        .exclusive("who", Desk::who)
}

fn desk(name: &'static str, story: &Story) -> Desk {
    Desk { name, story: Arc::clone(story), fails: Arc::default(), lingers: Duration::ZERO }
}

async fn client(server: &NatsServer) -> Client {
    Client::new(&Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap())
}

async fn who(client: &Client) -> Result<String, CallError> {
    who_within(client, PATIENCE).await
}

async fn who_within(client: &Client, patience: Duration) -> Result<String, CallError> {
    let target = Target::owner("desk", "ACC-1").unwrap();
    client.call::<(), String>(&target, "who", &(), patience).await.map(|reply| reply.body)
}

async fn told(story: &Story, line: &str) {
    wait_until(line, PATIENCE, async || {
        let told = story.lock().unwrap();
        if told.iter().any(|told| told == line) { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
}

fn place(story: &Story, line: &str) -> usize {
    let story = story.lock().unwrap().clone();
    story.iter().position(|told| told == line).ok_or(story).expect(line)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_is_there_before_the_first_call_and_let_go_of_before_the_next_owner_loads() {
    let (server, story) = (NatsServer::start().await, Story::default());
    let lingering = Desk { lingers: Duration::from_millis(150), ..desk("d-1", &story) };
    let first = builder(&server.url(), lingering).start().await.unwrap();
    let client = client(&server).await;
    assert_eq!(who(&client).await.unwrap(), "d-1");
    assert_eq!(*story.lock().unwrap(), ["d-1 loads ACC-1 1", "d-1 answers ACC-1 1"]);
    let second = builder(&server.url(), desk("d-2", &story)).start().await.unwrap();
    wait_until("a hand-over", PATIENCE, async || {
        first.step_down(&"ACC-1".parse().unwrap(), None, "a test").await.map_err(|fault| fault.to_string())
    })
    .await;
    assert_eq!(who(&client).await.unwrap(), "d-2");
    assert!(place(&story, "d-1 releases ACC-1 1 GivenUp") < place(&story, "d-2 loads ACC-1 2"));
    assert!(place(&story, "d-2 loads ACC-1 2") < place(&story, "d-2 answers ACC-1 2"));
    // A clean stop lets go as well, and returns after that.
    Box::pin(second.stop("the test ends")).await.unwrap();
    assert!(place(&story, "d-2 releases ACC-1 2 GivenUp") > 0);
    Box::pin(first.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_group_is_let_go_of_and_a_crash_runs_nothing() {
    let (server, story) = (NatsServer::start().await, Story::default());
    let proxy = FaultProxy::start(&server.url()).await;
    let first = builder(&proxy.url(), desk("d-1", &story)).start().await.unwrap();
    let client = client(&server).await;
    assert_eq!(who(&client).await.unwrap(), "d-1");
    let second = builder(&server.url(), desk("d-2", &story)).start().await.unwrap();
    proxy.cut();
    told(&story, "d-1 releases ACC-1 1 Lost").await;
    told(&story, "d-2 loads ACC-1 2").await;
    assert_eq!(who(&client).await.unwrap(), "d-2");
    proxy.pass();
    drop(second);
    told(&story, "d-1 loads ACC-1 3").await;
    assert!(!story.lock().unwrap().iter().any(|line| line.starts_with("d-2 releases")));
    Box::pin(first.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_loaded_is_told_tried_again_and_offered_to_another_instance() {
    let (server, story) = (NatsServer::start().await, Story::default());
    let broken = desk("d-1", &story);
    let fails = Arc::clone(&broken.fails);
    *fails.lock().unwrap() = 2;
    let first = builder(&server.url(), broken).start().await.unwrap();
    let client = client(&server).await;
    // By itself, after two tries that failed.
    told(&story, "d-1 loads ACC-1 1").await;
    assert_eq!(who(&client).await.unwrap(), "d-1");
    *fails.lock().unwrap() = u32::MAX;
    let second = builder(&server.url(), desk("d-2", &story)).start().await.unwrap();
    let group = "ACC-1".parse().unwrap();
    wait_until("a hand-over", PATIENCE, async || {
        first.step_down(&group, None, "a test").await.map_err(|fault| fault.to_string())
    })
    .await;
    told(&story, "d-2 loads ACC-1 2").await;
    second.step_down(&group, None, "a test").await.unwrap();
    // The first has it again, cannot load it, and gives it back.
    told(&story, "d-2 loads ACC-1 4").await;
    assert_eq!(who(&client).await.unwrap(), "d-2");
    // Nobody else is left: whoever calls is told so, and the next call is answered once the disk is mended.
    drop(second);
    // A call that began while the group had no owner goes on asking.
    let patience = Duration::from_secs(1);
    let refused = wait_until("a refusal", PATIENCE, async || match who_within(&client, patience).await {
        Err(error) if error.code() == "UNAVAILABLE" => Ok(error.to_string()),
        other => Err(format!("{other:?}")),
    });
    assert!(refused.await.contains("the state of the group cannot be loaded"));
    *fails.lock().unwrap() = 0;
    wait_until("an answer", PATIENCE, async || who(&client).await.map_err(|error| error.to_string())).await;
    Box::pin(first.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_group_is_let_go_of_in_memory_and_loaded_again_for_the_next_call() {
    let (server, story) = (NatsServer::start().await, Story::default());
    let idle = builder(&server.url(), desk("d-1", &story)).idle_release(Duration::from_millis(100));
    let service = idle.start().await.unwrap();
    let client = client(&server).await;
    told(&story, "d-1 releases ACC-1 1 Idle").await;
    story.lock().unwrap().clear();
    assert_eq!(who(&client).await.unwrap(), "d-1");
    assert_eq!(story.lock().unwrap()[..2], ["d-1 loads ACC-1 1", "d-1 answers ACC-1 1"]);
    assert!(service.guard().serving().contains_key(&"ACC-1".parse().unwrap()), "it is owned all the while");
    told(&story, "d-1 releases ACC-1 1 Idle").await;
    Box::pin(service.stop("the test ends")).await.unwrap();
    assert!(
        !story.lock().unwrap().iter().any(|line| line.ends_with("GivenUp")),
        "there was nothing to let go of"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_panics_ends_nothing_but_its_try() {
    let server = NatsServer::start().await;
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.nats_url = server.url();
    config.groups = vec!["ACC-1".parse().unwrap()];
    let tries = Arc::new(Mutex::new(0));
    let count = Arc::clone(&tries);
    let service = Service::builder(config)
        .on_acquired(move |_: Owned| {
            let count = Arc::clone(&count);
            async move {
                let mut tries = count.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                *tries += 1;
                assert!(*tries > 1, "the first try panics");
                Ok::<_, Fault>(())
            }
        })
        .on_released(async |owned: Owned| {
            assert_ne!(owned.released, Some(Released::GivenUp), "this one, too");
            Ok::<_, Fault>(())
        })
        .exclusive("who", async |_: Call, (): ()| Ok::<_, Fault>("d-1".to_owned()))
        .start()
        .await
        .unwrap();
    let client = client(&server).await;
    let answer =
        wait_until("an answer", PATIENCE, async || who(&client).await.map_err(|error| error.to_string()));
    assert_eq!(answer.await, "d-1");
    Box::pin(service.stop("the test ends")).await.unwrap();
}
