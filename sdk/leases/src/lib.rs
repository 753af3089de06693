//! Leader election: sessions, elections, the guard of each group, the history of terms, and fencing by terms.

pub mod fencing;
pub mod leadership;
