//! Services whose handlers are methods of a state.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aegis_sdk::{
    Call, Client, CommandContext, CommandError, Connection, EventContext, Fault, SendOptions, Service,
    ServiceConfig, StartError, Target,
};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::{Stream, StreamExt as _};

const PATIENCE: Duration = Duration::from_secs(10);

struct Desk {
    client: Client,
    seen: AtomicU32,
    made: Arc<AtomicU32>,
}

impl Desk {
    async fn open(connection: Connection, made: Arc<AtomicU32>) -> Result<Self, Fault> {
        made.fetch_add(1, Ordering::SeqCst);
        Ok(Self { client: Client::new(&connection), seen: AtomicU32::new(0), made })
    }

    async fn seen(&self, _: Call, (): ()) -> Result<u32, Fault> {
        Ok(self.seen.load(Ordering::SeqCst))
    }

    /// Asks the service itself, over the client of the state.
    async fn place(&self, call: Call, volume: u32) -> Result<(u32, String), Fault> {
        let (group, _term) = call.exclusive()?;
        let desk = Target::any("desk")?;
        let seen: u32 = self.client.call(&desk, "seen", &(), call.remaining()).await?.body;
        Ok((seen + volume, group.to_string()))
    }

    async fn count(
        &self,
        _: Call,
        most: u32,
    ) -> Result<impl Stream<Item = Result<u32, Fault>> + use<>, Fault> {
        Ok(futures_util::stream::iter((0..most).map(Ok)))
    }

    async fn heard(&self, _: EventContext, number: u32) -> Result<(), Fault> {
        self.seen.fetch_add(number, Ordering::SeqCst);
        Ok(())
    }

    async fn build(&self, _: CommandContext, number: u32) -> Result<u32, Fault> {
        match number {
            0 => Err(Fault::new("NOTHING", "nothing to build").with_details(number).for_good()),
            number => Ok(number + self.made.load(Ordering::SeqCst)),
        }
    }
}

fn config(server: &NatsServer) -> ServiceConfig {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.nats_url = server.url();
    config.groups = vec!["ACC-1".parse().unwrap()];
    config
}

#[tokio::test]
async fn methods_of_one_state_handle_calls_streams_events_and_commands() {
    let server = NatsServer::start().await;
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let service = Service::builder(config(&server))
        .rpc("plain", |_: Call, (): ()| async { Ok::<_, Fault>("before the state") })
        .state(|connection| Desk::open(connection, count))
        .rpc("seen", Desk::seen)
        .rpc_stream("count", Desk::count)
        .exclusive("place", Desk::place)
        .one_at_a_time()
        .on_event("orders.>", Desk::heard)
        .command("build", Desk::build)
        .start()
        .await
        .unwrap();
    let (client, desk) = (service.client(), Target::any("desk").unwrap());
    assert_eq!(
        client.call::<_, String>(&desk, "plain", &(), PATIENCE).await.unwrap().body,
        "before the state"
    );
    service.events().publish("orders", "ACC-1.placed", &7).await.unwrap();
    wait_until("the event", PATIENCE, || async {
        match client.call::<_, u32>(&desk, "seen", &(), PATIENCE).await.unwrap().body {
            7 => Ok(()),
            seen => Err(format!("{seen}")),
        }
    })
    .await;
    let owner = Target::owner("desk", "ACC-1").unwrap();
    let placed: (u32, String) = client.call(&owner, "place", &3, PATIENCE).await.unwrap().body;
    assert_eq!(placed, (10, "ACC-1".to_owned()));
    let counted = client.stream::<_, u32>(&desk, "count", &4, PATIENCE).await.unwrap();
    assert_eq!(counted.map(Result::unwrap).collect::<Vec<_>>().await, [0, 1, 2, 3]);
    let commands = service.commands();
    let mut built = commands.send(service.name(), "build", &5, SendOptions::default()).await.unwrap();
    assert_eq!(built.result::<u32>().await.unwrap(), 6);
    let mut refused = commands.send(service.name(), "build", &0, SendOptions::default()).await.unwrap();
    let CommandError::Failed { code, message, details } = refused.result::<u32>().await.unwrap_err() else {
        panic!("another error");
    };
    assert_eq!((code.as_str(), message.as_str(), details), ("NOTHING", "nothing to build", Some(0.into())));
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_state_that_cannot_be_made_ends_the_start_and_says_why() {
    let server = NatsServer::start().await;
    let started = Service::builder(config(&server))
        .state(async |_| Err::<Desk, _>(std::io::Error::other("no book at /srv/book")))
        .rpc("seen", Desk::seen)
        .start()
        .await;
    let error = started.unwrap_err();
    assert!(matches!(error, StartError::State { .. }), "{error:?}");
    // Whoever starts the service reads this: it is no caller.
    assert_eq!(error.to_string(), "the state of the service could not be made: no book at /srv/book");
}
