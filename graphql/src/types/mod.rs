//! The types of the schema, and how views become them.

mod dead_letter;
mod definition;
mod event;
mod history;
mod instance;
mod instance_filter;
mod instance_order;
mod leader;
mod metrics;
mod operation;
mod page;
mod policy;
mod scalar;
mod service;

pub(crate) use dead_letter::{DeadLetter, DeadLetterDone, DeadLetterInput, DeadLetterResult};
pub(crate) use definition::{
    AmendInput, DefineInput, Definition, DefinitionChanged, DefinitionFilter, DefinitionResult,
    ReinstateInput, Rejected, RetireInput, rejected, service as service_name,
};
pub(crate) use event::{Event, EventFilter};
pub(crate) use instance::{ConsumerLag, Instance, InstanceStatus, id as instance_id};
pub(crate) use instance_filter::InstanceFilter;
pub(crate) use instance_order::{InstanceOrder, InstancePosition};
pub(crate) use leader::{Leader, LeaderFilter, LeaderPosition};
pub(crate) use metrics::MetricsSeries;
pub(crate) use operation::{
    DrainAsked, DrainInput, DrainResult, ForgetInput, ForgetResult, Forgotten, HandedOver, StepDownInput,
    StepDownResult,
};
pub(crate) use page::{Page, connection, cursor_of_sequence};
pub(crate) use scalar::Long;
pub(crate) use service::{Members, Service};
