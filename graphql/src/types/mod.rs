//! The types of the schema, and how views become them.

mod consumer;
mod dead_letter;
mod definition;
mod event;
mod figures;
mod history;
mod instance;
mod instance_filter;
mod instance_order;
mod leader;
mod lifeline;
mod method;
mod metrics;
mod need;
mod operation;
mod page;
mod plan;
mod policy;
mod rank;
mod rejected;
mod scalar;
mod service;
mod service_summary;
mod task;
mod team;
mod term;
mod uptime;
mod verification;

pub(crate) use consumer::{ConsumerDeleted, DeleteConsumerInput, DeleteConsumerResult};
pub(crate) use dead_letter::{DeadLetter, DeadLetterDone, DeadLetterInput, DeadLetterResult};
pub(crate) use definition::{
    AmendInput, DefineInput, Definition, DefinitionChanged, DefinitionFilter, DefinitionResult,
    ReinstateInput, RetireInput, service as service_name,
};
pub(crate) use event::{Event, EventBucket, EventChange, EventFilter};
pub(crate) use instance::{ConsumerLag, Instance, InstanceStatus, id as instance_id};
pub(crate) use instance_filter::InstanceFilter;
pub(crate) use instance_order::{InstanceOrder, InstancePosition};
pub(crate) use leader::{Leader, LeaderFilter, LeaderOrder, LeaderPosition};
pub(crate) use lifeline::Lifeline;
pub(crate) use method::Method;
pub(crate) use metrics::{MetricsSeries, Sparkline};
pub use need::{Need, needs};
pub(crate) use operation::{
    DrainAsked, DrainInput, DrainResult, ForgetInput, ForgetResult, Forgotten, HandedOver, LogSet,
    SetLogInput, SetLogResult, StepDownInput, StepDownResult,
};
pub(crate) use page::{Page, connection, cursor_of_sequence};
pub(crate) use plan::{
    BeginMaintenanceInput, CancelSwitchoverInput, EndMaintenanceInput, Maintenance, PlanRecorded, PlanResult,
    ScheduleSwitchoverInput, Switchover,
};
pub(crate) use rejected::{Rejected, rejected};
pub(crate) use scalar::Long;
pub(crate) use service::{Members, Service};
pub(crate) use service_summary::{ServiceFilter, ServiceOrder, ServicePage, ServiceSummary};
pub(crate) use task::BackgroundTask;
pub(crate) use term::Terms;
pub(crate) use uptime::ServiceLifeline;
pub(crate) use verification::Verification;
