//! What is exported of a service.

use std::sync::Arc;

use super::resource::Sender;
use crate::Connection;
use crate::stats::Stats;

/// What is exported.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) connection: Connection,
    pub(crate) stats: Arc<Stats>,
    pub(crate) sender: Sender,
}
