//! Fencing by term: a sink refuses writes of an owner whose term is over.
//!
//! The guard keeps an instance from acting past its lease. It cannot recall a write that has left the process: the
//! write may wait in a queue, or the process may be suspended between the guard and the write. So the sink that
//! the handler writes to checks the term, and refuses one that is over.
//!
//! - [`FencedLog`] has JetStream check it: one subject per group, each append with the sequence it expects.
//! - [`Gate`] is the rule itself, for any other sink: a database, an exchange, another service.
//!
//! ```no_run
//! # async fn example(config: aegis_sdk::ServiceConfig, connection: aegis_sdk::Connection)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use aegis_sdk::fencing::FencedLog;
//! use aegis_sdk::{Call, Fault, Service};
//!
//! // On a stream of its own, without an age: one that forgets its last message forgets the group's old terms with it.
//! let orders = FencedLog::new(&connection, |group| format!("orders.{group}"));
//! let orders = Arc::new(orders);
//! let service = Service::builder(config)
//!     .exclusive("buy", move |call: Call, volume: u32| {
//!         let orders = Arc::clone(&orders);
//!         async move {
//!             let (account, term) = call.exclusive()?;
//!             let body = format!("{{\"volume\":{volume}}}").into();
//!             // The request's id: a retry that a successor executes again writes nothing twice.
//!             let appended = orders.append(account, term, call.request_id(), body).await?;
//!             Ok::<_, Fault>(appended.sequence)
//!         }
//!     })
//!     .start()
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod error;
mod log;
mod token;
mod writer;

pub use aegis_domain::fencing::{Gate, NotAdmitted, StaleTerm};
pub use error::FenceError;
pub use log::FencedLog;
pub use token::{Token, TokenError};
pub use writer::Appended;
