//! The summary of a service: its instances and groups, and whether they match its definition.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aegis_domain::aggregate::policy::Percent;
use aegis_domain::{Sequence, ServiceName};
use aegis_projections::live::{self, Contents, Minute};
use aegis_projections::view::{DefinitionView, InstanceStatus as ViewStatus, InstanceView};
use async_graphql::{Enum, InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use super::figures::Figures;
use super::instance::InstanceStatus;
use super::instance_filter::{InstanceFilter, LabelFilter};
use super::policy::RegistrationPolicy;
use super::rank::{Rank, of_float};
use super::scalar::Long;
use super::team;

/// A service in one line. What its instances are is told of those that live, and of those whose life ended in the last ten
/// minutes.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub(crate) struct ServiceSummary {
    pub(crate) name: String,
    /// Null without a definition, or with a retired one.
    definition: Option<DefinitionBrief>,
    /// Instances by status.
    counts: Vec<InstanceCount>,
    /// Instances whose life goes on.
    instances: Long,
    /// The worst status there is, null without instances. One that ended cleanly is none as long as there are others; one that
    /// expired is none as long as the service has as many instances as it needs.
    pub(super) worst: Option<InstanceStatus>,
    /// Since when an instance has had it.
    pub(super) since: Option<DateTime<Utc>>,
    /// Why, where that instance says so.
    pub(super) reason: Option<String>,
    /// The instance with the worst status, the one that has had it longest.
    pub(super) instance: Option<String>,
    pub(super) flapping: Long,
    /// Whether fewer instances run than its definition asks for.
    pub(super) below_minimum: bool,
    /// Whether an instance runs another version than its definition says.
    version_drift: bool,
    /// Its groups.
    groups: Long,
    /// Those that nobody owns.
    pub(super) ownerless: Long,
    /// Versions of the instances that live, in order of name.
    versions: Vec<VersionCount>,
    /// Over all instances that are heard; null when none is.
    pub(super) minute: Option<Figures>,
    /// The services that its instances have called since they started, in order of name.
    depends_on: Vec<String>,
    /// The services whose instances have called it since they started, in order of name.
    used_by: Vec<String>,
    /// How bad it is: the place of the worst status, lowest first.
    #[graphql(skip)]
    severity: u8,
}

#[derive(Debug, Clone, PartialEq, SimpleObject)]
struct DefinitionBrief {
    owner: String,
    version: String,
    min_instances: Option<Long>,
    max_instances: Option<Long>,
    p99_limit_ms: Option<Long>,
    error_limit_percent: Option<f64>,
    registration: RegistrationPolicy,
    revision: Long,
}

#[derive(Debug, Clone, PartialEq, SimpleObject)]
struct InstanceCount {
    status: InstanceStatus,
    count: Long,
}

#[derive(Debug, Clone, PartialEq, SimpleObject)]
struct VersionCount {
    version: String,
    count: Long,
}

/// Which services a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub(crate) struct ServiceFilter {
    /// Part of the service's name, or of an instance's.
    #[graphql(validator(max_length = 200))]
    text: Option<String>,
    /// With an instance of one of these statuses.
    #[graphql(validator(max_items = 20))]
    statuses: Option<Vec<InstanceStatus>>,
    /// With an instance that has all of these labels: at most 10.
    #[graphql(validator(max_items = 10))]
    labels: Option<Vec<LabelFilter>>,
    /// With an instance of exactly this version.
    #[graphql(validator(max_length = 200))]
    version: Option<String>,
    /// Whose definition names this owner: the team or person who answers for them.
    #[graphql(validator(max_length = 200))]
    team: Option<String>,
    /// Only those that need somebody.
    attention: Option<bool>,
}

/// What a list of services is ordered by; those that are equal by it stand in order of name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Enum)]
pub(crate) enum ServiceOrderField {
    /// By the worst status, groups that nobody owns and too few instances counted in.
    #[default]
    Severity,
    Name,
    Instances,
    /// Like the next two, of the last minute.
    CallsPerSecond,
    P99,
    /// By the share of calls that failed.
    Errors,
}

/// The order of a list of services. Those that have no such figure come last in either direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, InputObject)]
pub(crate) struct ServiceOrder {
    field: ServiceOrderField,
    #[graphql(default)]
    descending: bool,
}

/// Places of severity.
const FINE: u8 = 11;
const GONE: u8 = 12;
const NEEDS_SOMEBODY: u8 = 6;

/// What is known of a service while it is summed up.
#[derive(Default)]
struct Sum<'a> {
    definition: Option<&'a DefinitionView>,
    instances: Vec<&'a InstanceView>,
    minutes: Vec<&'a Minute>,
    called: BTreeSet<&'a str>,
    callers: BTreeSet<&'a str>,
    groups: u64,
    ownerless: u64,
}

impl ServiceSummary {
    /// All services that have a definition, or an instance worth showing; of those, the ones with an instance that the
    /// filter's labels, version and statuses take, if it has any.
    pub(crate) fn all(contents: &Contents, filter: &ServiceFilter) -> Vec<Self> {
        let (now, shown) = (contents.time(), InstanceFilter::default());
        let instances = filter.of_instances();
        let mut sums = BTreeMap::<&ServiceName, Sum<'_>>::new();
        let mut found = HashSet::new();
        let mut callers = HashMap::<&str, BTreeSet<&str>>::new();
        for (name, view) in &contents.state.definitions {
            sums.entry(name).or_default().definition = Some(view).filter(|view| !view.retired);
        }
        for (key, view) in &contents.state.instances {
            if !shown.takes(&contents.state, view, now) {
                continue;
            }
            let sum = sums.entry(&key.0).or_default();
            sum.instances.push(view);
            if let Some(beat) = contents.beats.get(key).filter(|_| is_heard(view)) {
                sum.minutes.push(&beat.minute);
                for called in &beat.heartbeat.metrics.called {
                    sum.called.insert(called);
                    callers.entry(called.as_str()).or_default().insert(key.0.as_str());
                }
            }
            let is_taken =
                || instances.as_ref().is_none_or(|it| it.takes_in_any_status(&contents.state, view));
            if filter.takes_status(view) && is_taken() {
                found.insert(&key.0);
            }
        }
        let mut groups = HashMap::<&ServiceName, (u64, u64)>::new();
        for leader in contents.state.leaders.values() {
            let (all, ownerless) = groups.entry(&leader.service).or_default();
            *all += 1;
            *ownerless += u64::from(leader.instance.is_none());
        }
        let by_instance = filter.is_by_instance();
        let wanted = sums.into_iter().filter(|(name, sum)| {
            let named = filter.text.as_ref().is_none_or(|text| name.as_str().contains(text.as_str()));
            let matches = (named && !by_instance && sum.is_worth_showing()) || found.contains(name);
            matches && team::answers_for(filter.team.as_ref(), &contents.state, name)
        });
        wanted
            .map(|(name, mut sum)| {
                (sum.groups, sum.ownerless) = groups.get(name).copied().unwrap_or_default();
                sum.callers = callers.remove(name.as_str()).unwrap_or_default();
                sum.told(name, now)
            })
            .collect()
    }
}

impl ServiceSummary {
    /// How many of its instances run.
    pub(super) fn running(&self) -> u64 {
        let running = self.counts.iter().find(|count| count.status == InstanceStatus::Running);
        running.map_or(0, |count| count.count.0)
    }

    /// How few its definition asks for, where it does.
    pub(super) fn needed(&self) -> Option<u64> {
        self.definition.as_ref()?.min_instances.map(|needed| needed.0)
    }

    /// What its definition allows: the 99th percentile in milliseconds, and the share of failed calls in percent.
    #[expect(clippy::cast_precision_loss, reason = "no limit is longer than a minute")]
    pub(super) fn limits(&self) -> (Option<f64>, Option<f64>) {
        let of = self.definition.as_ref();
        let p99 = of.and_then(|of| of.p99_limit_ms).map(|limit| limit.0 as f64);
        (p99, of.and_then(|of| of.error_limit_percent))
    }

    /// Whether its instances or groups need somebody.
    pub(super) fn is_in_need(&self) -> bool {
        self.severity < NEEDS_SOMEBODY
    }
}

/// A page of services.
#[derive(Debug, SimpleObject)]
pub(crate) struct ServicePage {
    /// In the order of the list.
    services: Vec<ServiceSummary>,
    /// How many services the list has, on all pages.
    total_count: Long,
    as_of_sequence: Long,
}

impl ServicePage {
    pub(crate) fn new(services: Vec<ServiceSummary>, total_count: u64, as_of: Sequence) -> Self {
        Self { services, total_count: total_count.into(), as_of_sequence: as_of.into() }
    }
}

impl Sum<'_> {
    fn is_worth_showing(&self) -> bool {
        self.definition.is_some() || !self.instances.is_empty()
    }

    fn told(self, name: &ServiceName, now: DateTime<Utc>) -> ServiceSummary {
        let living = || self.instances.iter().filter(|view| view.state.is_alive());
        let alive = living().count() as u64;
        let (mut counts, mut versions) = (BTreeMap::<InstanceStatus, u64>::new(), BTreeMap::new());
        for view in &self.instances {
            *counts.entry(view.status.into()).or_default() += 1;
        }
        for registration in living().filter_map(|view| view.state.registration.as_ref()) {
            *versions.entry(registration.version.as_str()).or_insert(0_u64) += 1;
        }
        let content = self.definition.map(|view| &view.content);
        let needed = content.and_then(|content| content.min_instances);
        let below_minimum = needed.is_some_and(|needed| alive < u64::from(needed));
        let declared = content.map(|content| content.version.as_str());
        let version_drift = declared.is_some_and(|declared| versions.keys().any(|found| *found != declared));
        let lacking = below_minimum || alive == 0;
        let worst = self
            .instances
            .iter()
            .map(|view| (place(view, lacking, now), view.status_since, view))
            .min_by(|(a, b, x), (c, d, y)| (a, b, &x.instance).cmp(&(c, d, &y.instance)));
        let flapping = living().filter(|view| view.is_flapping(now)).count() as u64;
        let mut severity = worst.map_or(if needed.unwrap_or(0) > 0 { 5 } else { GONE }, |(place, ..)| place);
        if self.ownerless > 0 {
            severity = severity.min(1);
        }
        if below_minimum {
            severity = severity.min(5);
        }
        let minute = (!self.minutes.is_empty())
            .then(|| live::MinuteMetrics::of(self.minutes.iter().copied(), now.timestamp()));
        let worst = worst.map(|(_, _, view)| *view);
        ServiceSummary {
            name: name.to_string(),
            definition: self.definition.map(DefinitionBrief::from),
            counts: counts
                .into_iter()
                .map(|(status, count)| InstanceCount { status, count: count.into() })
                .collect(),
            instances: alive.into(),
            worst: worst.map(|view| view.status.into()),
            since: worst.map(|view| view.status_since),
            reason: worst.and_then(|view| view.reason.clone()),
            instance: worst.map(|view| view.instance.to_string()),
            flapping: flapping.into(),
            below_minimum,
            version_drift,
            groups: self.groups.into(),
            ownerless: self.ownerless.into(),
            versions: versions
                .into_iter()
                .map(|(version, count)| VersionCount { version: version.to_owned(), count: count.into() })
                .collect(),
            minute: minute.as_ref().map(Figures::from),
            depends_on: self.called.into_iter().map(str::to_owned).collect(),
            used_by: self.callers.into_iter().map(str::to_owned).collect(),
            severity,
        }
    }
}

/// Where an instance's state stands among those of its service, the worst first.
fn place(view: &InstanceView, lacking: bool, now: DateTime<Utc>) -> u8 {
    match view.status {
        ViewStatus::Failed => 0,
        ViewStatus::Expired if lacking => 1,
        ViewStatus::Unhealthy => 2,
        ViewStatus::Unknown => 3,
        ViewStatus::Running if view.is_flapping(now) => 4,
        ViewStatus::Stopping => 7,
        ViewStatus::Draining => 8,
        ViewStatus::Starting => 9,
        ViewStatus::Init => 10,
        ViewStatus::Running => FINE,
        ViewStatus::Expired | ViewStatus::Stopped => GONE,
    }
}

fn is_heard(view: &InstanceView) -> bool {
    view.state.is_alive() && view.status != ViewStatus::Unhealthy
}

impl From<&DefinitionView> for DefinitionBrief {
    fn from(view: &DefinitionView) -> Self {
        let content = &view.content;
        Self {
            owner: content.owner.clone(),
            version: content.version.to_string(),
            min_instances: content.min_instances.map(Into::into),
            max_instances: content.max_instances.map(Into::into),
            p99_limit_ms: content.p99_limit_ms.map(Into::into),
            error_limit_percent: content.error_limit_percent.map(Percent::get),
            registration: content.registration.into(),
            revision: view.revision.into(),
        }
    }
}

impl ServiceFilter {
    /// Whether the service, of which an instance was found, belongs to the answer.
    pub(crate) fn takes(&self, summary: &ServiceSummary) -> bool {
        self.attention != Some(true) || summary.is_in_need()
    }

    fn is_by_instance(&self) -> bool {
        self.statuses.is_some() || self.labels.is_some() || self.version.is_some()
    }

    /// Which instances make a service belong to the answer, their statuses aside; none if any does.
    fn of_instances(&self) -> Option<InstanceFilter> {
        let is_any = self.text.is_none() && !self.is_by_instance();
        (!is_any).then(|| InstanceFilter::of(self.text.clone(), self.labels.clone(), self.version.clone()))
    }

    fn takes_status(&self, view: &InstanceView) -> bool {
        self.statuses.as_ref().is_none_or(|statuses| statuses.contains(&view.status.into()))
    }
}

impl ServiceOrder {
    pub(crate) fn rank(self, summary: &ServiceSummary) -> Rank {
        let minute = summary.minute.as_ref();
        let number = match self.field {
            ServiceOrderField::Severity => {
                return Rank::of_class(summary.severity, GONE, self.descending);
            }
            ServiceOrderField::Name => return Rank::of_text(&summary.name, self.descending),
            ServiceOrderField::Instances => Some(summary.instances.0),
            ServiceOrderField::CallsPerSecond => minute.map(|minute| of_float(minute.calls_per_second)),
            ServiceOrderField::P99 => minute.and_then(|minute| minute.p99_ms).map(of_float),
            ServiceOrderField::Errors => minute.and_then(|minute| minute.error_percent).map(of_float),
        };
        Rank::of_number(number, self.descending)
    }
}
