//! The GraphQL schema and its resolvers. Commands and change feeds are reached through the traits of
//! [`ports`]; there is no NATS and no HTTP server in here.

mod bounds;
mod codes;
mod cursor;
mod error;
mod listing;
mod mutation;
pub mod ports;
mod query;
mod schema;
mod shared;
mod subscription;
mod types;

pub use bounds::{OwnDocument, Registered, is_change};
pub use codes::{RequestId, cut, with_request_id};
pub use ports::{Principal, Role};
pub use schema::{ApiSchema, build, sdl};
pub use shared::{data_json, write_response};
pub use types::{Need, needs};
