//! What nearly every service names: `use aegis_sdk::prelude::*;`.
//!
//! ```no_run
//! use aegis_sdk::prelude::*;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! Service::builder(ServiceConfig::new("greeter", "1.0.0")?)
//!     .rpc("greet", |_: Call, name: String| async move { Ok::<_, Fault>(format!("hello {name}")) })
//!     .start()
//!     .await?
//!     .run_until_signal()
//!     .await?;
//! # Ok(())
//! # }
//! ```

pub use crate::domain::{ErrorCode, GroupName, InstanceName, MethodName, ServiceName, Term};
pub use crate::{
    Call, CallError, CallOptions, Client, CommandContext, Commands, ConnectOptions, Connection, EventContext,
    Events, Fault, IntoFault, Journal, Logs, Owned, SendOptions, Service, ServiceConfig, Subscribe, Target,
};
