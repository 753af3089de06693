//! The views, each with the fold that makes it.

mod definition;
mod event;
pub mod flapping;
pub mod history;
mod installation;
mod instance;
mod leader;
pub mod lifeline;
pub mod maintenance;
pub mod term;
pub mod uptime;

pub use definition::DefinitionView;
pub use event::EventView;
pub(crate) use event::summary;
pub use installation::{InstallationView, Planner, SelfPreservation};
pub use instance::{InstanceStatus, InstanceView};
pub use leader::LeaderView;
