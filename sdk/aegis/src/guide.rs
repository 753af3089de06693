//! The pages whose examples are compiled with the tests of the documentation. `cargo xtask lint` fails when one
//! is missing here.

macro_rules! pages {
    ($($name:ident = $path:literal),+ $(,)?) => {$(
        #[doc = include_str!(concat!("../../../", $path))]
        struct $name;
    )+};
}

pages! {
    Readme = "README.md",
    Journal = "docs/journal.md",
    Leadership = "docs/leadership.md",
    Commands = "docs/guide/commands.md",
    Configuration = "docs/guide/configuration.md",
    Cookbook = "docs/guide/cookbook.md",
    Discovery = "docs/guide/discovery.md",
    Events = "docs/guide/events.md",
    Failover = "docs/guide/failover.md",
    FirstService = "docs/guide/first-service.md",
    Handlers = "docs/guide/handlers.md",
    Lifecycle = "docs/guide/lifecycle.md",
    Observability = "docs/guide/observability.md",
    Resilience = "docs/guide/resilience.md",
    Rpc = "docs/guide/rpc.md",
    Streams = "docs/guide/streams.md",
    Testing = "docs/guide/testing.md",
}
