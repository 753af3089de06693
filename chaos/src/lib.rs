//! Runs the real SDK under seeded schedules of faults, records what callers and the sink saw, and judges the
//! history. What is judged, and why no correct run can fail it, stands in the folder's README.

pub mod campaign;
pub mod checker;
pub mod history;
pub mod load;
pub mod member;
pub mod run;
pub mod sabotage;
pub mod schedule;

mod caller;
mod disk;
mod fault;
mod sink;
mod stage;
