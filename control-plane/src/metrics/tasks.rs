//! The background tasks: how often each was activated, and when with success.

use std::fmt;
use std::time::Duration;

use aegis_graphql::ports::TaskFacts;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;

use super::services::tell;
use crate::background::Background;

/// Tells of each task.
#[derive(Debug)]
pub(super) struct Tasks(pub(super) Background);

impl Collector for Tasks {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let tasks = self.0.facts();
        count(
            &mut encoder,
            "task_runs",
            "Activations of the background task that have ended, since the start",
            &tasks,
            |task| task.runs,
        )?;
        count(
            &mut encoder,
            "task_failures",
            "Those of them that failed, and panics of the task",
            &tasks,
            |task| task.failures,
        )?;
        let mut seconds = |name: &str, help: &str, value: fn(&TaskFacts) -> Option<Duration>| {
            let rows =
                tasks.iter().map(|task| ([("task", task.name)], value(task).map(|it| it.as_secs_f64())));
            tell(&mut encoder, name, help, rows)
        };
        seconds(
            "task_period_seconds",
            "From the beginning of an activation to that of the next one",
            |task| Some(task.period),
        )?;
        seconds("task_last_run_seconds", "How long the last activation that has ended took", |task| {
            task.last_duration
        })?;
        seconds(
            "task_success_age_seconds",
            "How long ago an activation last succeeded, or since when there are any if none has",
            |task| task.without_success_for,
        )
    }
}

/// A family of counters, one for each task.
fn count(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    tasks: &[TaskFacts],
    value: impl Fn(&TaskFacts) -> u64,
) -> fmt::Result {
    if tasks.is_empty() {
        return Ok(());
    }
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for task in tasks {
        ConstCounter::new(value(task)).encode(metric.encode_family(&[("task", task.name)])?)?;
    }
    Ok(())
}
