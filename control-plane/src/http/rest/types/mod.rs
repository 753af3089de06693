//! What the bodies are: the data of the schema, as the documents of the routes select them.

mod consumer;
mod definition;
mod event;
mod instance;
mod leader;
mod letter;
mod metrics;
mod plan;
mod registry;
mod system;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use consumer::{ConsumerDeleted, DeleteConsumer};
pub(super) use definition::{
    Change, Content, Definition, DefinitionRevision, New, definition_fields, revision_fields,
};
pub(super) use event::{AggregateKind, Event, event_fields};
pub(super) use instance::{
    Instance, InstanceOrderField, InstanceStatus, LiveInstance, LogSet, SetLog, instance_fields,
    metrics_fields, minute_fields,
};
pub(super) use leader::{HandedOver, Leader, StepDown, leader_fields};
pub(super) use letter::{DeadLetter, DeadLetterDone, Decision, letter_fields};
pub(super) use metrics::{Series, SeriesData, series_fields};
pub(super) use plan::{BeginMaintenance, EndMaintenance, PlanRecorded, Plans, PlansData, ScheduleSwitchover};
pub(super) use registry::{Registry, RegistryData};
pub(super) use system::{Rebuilt, System, Verification, Viewer, system_fields, verification_fields};

/// One page of a list of the schema.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection<T> {
    nodes: Vec<T>,
    page_info: PageInfo,
    total_count: Option<u64>,
    as_of_sequence: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// How many there are on all pages.
    pub(super) total_count: u64,
    /// Where the next page begins (`after`); null on the last one. The header `Link` has the whole address.
    pub(super) next_cursor: Option<String>,
    /// Sequence of the last event that the answer contains.
    pub(super) as_of_sequence: u64,
}

impl<T> Connection<T> {
    /// The cursor of the last item, if there is one.
    pub(super) fn end(&self) -> Option<String> {
        self.page_info.end_cursor.clone()
    }

    /// The page, as of this sequence where the list itself does not say.
    pub(super) fn page(self, as_of_sequence: u64) -> Page<T> {
        let PageInfo { has_next_page, end_cursor } = self.page_info;
        Page {
            items: self.nodes,
            total_count: self.total_count.unwrap_or_default(),
            next_cursor: end_cursor.filter(|_| has_next_page),
            as_of_sequence: self.as_of_sequence.unwrap_or(as_of_sequence),
        }
    }
}

/// How far the registry is, where an answer does not say so itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AsOf {
    pub(super) as_of_sequence: u64,
}

/// An expected refusal of the schema.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Rejected {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) field: Option<String>,
    pub(super) current_revision: Option<u64>,
}

/// What a mutation answers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Outcome<T> {
    Rejected(Rejected),
    Done(T),
}

/// The data of a document with one field.
#[derive(Debug, Deserialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

/// What a change of something that runs is for.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) reason: String,
}

/// An instance that is asked for, or that was.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(super) struct Named {
    pub(super) service: String,
    pub(super) instance: String,
    /// Sequence of the record in the log; null when it was there already.
    sequence: Option<u64>,
}

macro_rules! rejected_fields {
    () => {
        " __typename ... on Rejected { code message field currentRevision } "
    };
}
macro_rules! page_fields {
    () => {
        " pageInfo { hasNextPage endCursor } totalCount asOfSequence "
    };
}
pub(super) use {page_fields, rejected_fields};
