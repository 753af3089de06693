//! What a document costs, before it is validated or run. Each fragment is looked at once, however often it is spread, and
//! sums never overflow.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::registry::{MetaField, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Positioned, Value, Variables};

/// What one look at everything costs: a pass over all instances, or a read of the file.
const LOOK: u64 = 50;
/// Fields that cost more than one, with what each costs by itself.
const DEAR: &[(&str, &str, u64)] = &[
    ("Query", "asOf", 2_000),
    // The counts of one kind of message are a few numbers beside the others of a point.
    ("MetricsPoint", "events", 0),
    ("MetricsPoint", "commands", 0),
    ("MessageCounts", "published", 0),
    ("MessageCounts", "consumed", 0),
    ("MessageCounts", "failed", 0),
    ("MessageCounts", "retried", 0),
    ("MessageCounts", "deadLettered", 0),
    ("Query", "__schema", 1_000),
    ("Query", "__type", 500),
    ("Query", "deadLetters", LOOK),
    ("Query", "definitions", LOOK),
    ("Query", "drainPreview", 4 * LOOK),
    ("Query", "deadLetterGroups", 100 * LOOK),
    ("Query", "consumer", 8 * LOOK),
    ("Query", "consumers", 20 * LOOK),
    ("Query", "event", 20 * LOOK),
    ("Query", "eventChange", 4_000),
    ("Query", "eventDensity", 40 * LOOK),
    ("Query", "events", LOOK),
    ("Query", "groupMembers", 8 * LOOK),
    ("Query", "instance", LOOK),
    ("Query", "instances", LOOK),
    ("Query", "journalEvents", 20 * LOOK),
    ("Query", "journals", 20 * LOOK),
    ("Query", "leaders", LOOK),
    ("Query", "leadershipSummary", 100 * LOOK),
    ("Query", "leases", 4 * LOOK),
    ("Query", "leaseStore", 20 * LOOK),
    ("Query", "lifeline", 20 * LOOK),
    ("Query", "methods", 100 * LOOK),
    ("Query", "metrics", 4 * LOOK),
    ("Query", "replicas", 20 * LOOK),
    ("Query", "service", 2 * LOOK),
    ("Query", "services", 2 * LOOK),
    ("Query", "serviceLifeline", 100 * LOOK),
    ("Query", "serviceSummaries", 2 * LOOK),
    ("Query", "sparklines", 160 * LOOK),
    ("Query", "stepDownPreview", 4 * LOOK),
    ("Query", "storage", 40 * LOOK),
    ("Query", "streams", 20 * LOOK),
    ("Query", "terms", 2 * LOOK),
    ("RegistryAsOf", "definitions", LOOK),
    ("RegistryAsOf", "instances", LOOK),
    ("RegistryAsOf", "leaders", LOOK),
    ("RegistryAsOf", "services", 2 * LOOK),
    ("RegistryAsOf", "serviceSummaries", 2 * LOOK),
    ("Definition", "history", 4 * LOOK),
];
/// What each mutation costs by itself.
const MUTATION: u64 = 100;
/// What each field of the system's state costs by itself: some ask NATS or the file.
const SYSTEM: u64 = 20;
/// The arguments by which a caller says how long a list may be.
const LENGTHS: [&str; 3] = ["first", "last", "points"];
/// How long a list is taken to be of which nothing says so.
const LIST: u64 = 5;
/// The lists of a page, whose length the field above has said.
const PAGED: [&str; 3] = ["edges", "nodes", "points"];
/// The same of those whose names other lists have, too.
const PAGED_IN: [(&str, &str); 7] = [
    ("InstanceDelta", "changed"),
    ("InstanceSnapshot", "instances"),
    ("LeaderDelta", "changed"),
    ("LeaderSnapshot", "leaders"),
    ("ServiceDelta", "changed"),
    ("ServicePage", "services"),
    ("ServiceSnapshot", "services"),
];

/// How deep selections of all kinds may nest: whoever walks them recurses so far.
pub(super) const LEVELS: u64 = 48;

/// What was found in one selection, or in all of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) cost: u64,
    /// Selections and directives, fragments counted at each place where they are spread.
    pub(super) selections: u64,
    /// Levels of fields.
    pub(super) depth: u64,
    /// Levels of selections of all kinds, fragments among them.
    levels: u64,
}

/// Why a document is not looked at any further.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endless {
    /// This fragment spreads itself.
    Cycle(String),
    /// Selections nest too deep, which fragments may do without depth of fields.
    Levels,
}

struct Walk<'a> {
    registry: &'a Registry,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'a Variables,
    operation: &'a OperationDefinition,
    /// None while a fragment is being looked at.
    known: HashMap<&'a str, Option<Found>>,
    level: u64,
}

/// The dearest of the operations.
pub(super) fn of(
    registry: &Registry,
    document: &ExecutableDocument,
    variables: &Variables,
) -> Result<Found, Endless> {
    let mut most = Found::default();
    for (_, operation) in document.operations.iter() {
        let root = match operation.node.ty {
            OperationType::Query => Some(registry.query_type.as_str()),
            OperationType::Mutation => registry.mutation_type.as_deref(),
            OperationType::Subscription => registry.subscription_type.as_deref(),
        };
        let mut walk = Walk {
            registry,
            fragments: &document.fragments,
            variables,
            operation: &operation.node,
            known: HashMap::new(),
            level: 0,
        };
        let mut found = walk.selection_set(root, &operation.node.selection_set.node)?;
        // Those that nothing spreads are validated, too.
        for (name, fragment) in &document.fragments {
            if !walk.known.contains_key(name.as_str()) {
                found = found.and(walk.fragment(name, &fragment.node)?);
            }
        }
        most = Found {
            cost: most.cost.max(found.cost),
            selections: most.selections.saturating_add(found.selections),
            depth: most.depth.max(found.depth),
            levels: most.levels.max(found.levels),
        };
    }
    Ok(most)
}

impl Found {
    fn and(self, other: Self) -> Self {
        Self {
            cost: self.cost.saturating_add(other.cost),
            selections: self.selections.saturating_add(other.selections),
            depth: self.depth.max(other.depth),
            levels: self.levels.max(other.levels),
        }
    }
}

impl<'a> Walk<'a> {
    fn selection_set(&mut self, parent: Option<&'a str>, set: &'a SelectionSet) -> Result<Found, Endless> {
        if self.level >= LEVELS {
            return Err(Endless::Levels);
        }
        self.level += 1;
        let mut sum = Found::default();
        // An answer is one member of a union, so what is selected of the others costs nothing.
        let is_union = parent.is_some_and(|parent| self.is_union(parent));
        let mut members = HashMap::<&str, u64>::new();
        for selection in &set.items {
            let (mut found, directives) = match &selection.node {
                Selection::Field(field) => (self.field(parent, &field.node)?, field.node.directives.len()),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref();
                    let parent = on.map(|on| on.node.on.node.as_str()).or(parent);
                    let found = self.selection_set(parent, &inline.node.selection_set.node)?;
                    (found, inline.node.directives.len())
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let found = match self.fragments.get(name) {
                        Some(fragment) => self.fragment(name, &fragment.node)?,
                        // The validation says so.
                        None => Found::default(),
                    };
                    (found, spread.node.directives.len())
                }
            };
            if is_union && let Some(member) = self.member(&selection.node) {
                let cost = members.entry(member).or_default();
                *cost = cost.saturating_add(std::mem::take(&mut found.cost));
            }
            sum = sum.and(found);
            sum.selections = sum.selections.saturating_add(1 + directives as u64);
        }
        self.level -= 1;
        sum.cost = sum.cost.saturating_add(members.values().copied().max().unwrap_or_default());
        sum.levels += 1;
        // A fragment that was looked at nearer to the root.
        if self.level + sum.levels > LEVELS {
            return Err(Endless::Levels);
        }
        Ok(sum)
    }

    fn fragment(&mut self, name: &'a str, fragment: &'a FragmentDefinition) -> Result<Found, Endless> {
        match self.known.get(name) {
            Some(Some(found)) => return Ok(*found),
            Some(None) => return Err(Endless::Cycle(name.to_owned())),
            None => {}
        }
        self.known.insert(name, None);
        let on = fragment.type_condition.node.on.node.as_str();
        let found = self.selection_set(Some(on), &fragment.selection_set.node)?;
        self.known.insert(name, Some(found));
        Ok(found)
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Field) -> Result<Found, Endless> {
        let name = field.name.node.as_str();
        let meta = parent.and_then(|parent| self.registry.types.get(parent)?.field_by_name(name));
        let of = match name {
            "__schema" => Some("__Schema"),
            "__type" => Some("__Type"),
            _ => meta.map(|meta| MetaTypeName::concrete_typename(&meta.ty)),
        };
        let within = self.selection_set(of, &field.selection_set.node)?;
        let times = meta.map_or(1, |meta| self.times((parent, name), meta, field));
        Ok(Found {
            cost: self.itself(parent, name).saturating_add(within.cost.saturating_mul(times)),
            selections: within.selections,
            depth: within.depth.saturating_add(1),
            levels: within.levels,
        })
    }

    fn itself(&self, parent: Option<&str>, name: &str) -> u64 {
        let Some(parent) = parent else { return 1 };
        if self.registry.mutation_type.as_deref() == Some(parent) {
            return MUTATION;
        }
        if parent == "System" {
            return SYSTEM;
        }
        let dear = DEAR.iter().find(|(of, field, _)| (*of, *field) == (parent, name));
        dear.map_or(1, |(_, _, cost)| *cost)
    }

    /// How often what the field selects is answered at most.
    fn times(&self, (parent, name): (Option<&str>, &str), meta: &MetaField, field: &Field) -> u64 {
        let lengths = LENGTHS.iter().filter(|length| meta.args.contains_key(**length));
        let asked = lengths.clone().filter_map(|length| {
            let value = field.get_argument(length)?.node.clone();
            length_of(value.into_const_with(|name| self.variable(&name)).ok()?)
        });
        if let Some(most) = asked.max() {
            return most.max(1);
        }
        let default = lengths.clone().find_map(|length| {
            let default = meta.args.get(*length)?.default_value.as_deref()?;
            default.parse().ok()
        });
        match default {
            Some(default) => default,
            None if lengths.count() > 0 => 50,
            None if PAGED.contains(&name) || name.starts_with("__") => 1,
            None if parent.is_some_and(|parent| PAGED_IN.contains(&(parent, name))) => 1,
            None if is_list(&meta.ty) && self.is_composite(&meta.ty) => LIST,
            None => 1,
        }
    }

    /// What a variable stands for; nothing if it is not given.
    fn variable(&self, name: &Name) -> Result<Value, ()> {
        if let Some(given) = self.variables.get(name) {
            return Ok(given.clone());
        }
        let mut defined = self.operation.variable_definitions.iter();
        let defined = defined.find(|variable| variable.node.name.node == *name);
        defined.and_then(|variable| Some(variable.node.default_value.as_ref()?.node.clone())).ok_or(())
    }

    fn is_union(&self, ty: &str) -> bool {
        matches!(self.registry.types.get(ty), Some(MetaType::Union { .. }))
    }

    /// The object type that a selection is of, if it is of one alone.
    fn member(&self, selection: &'a Selection) -> Option<&'a str> {
        let on = match selection {
            Selection::Field(_) => return None,
            Selection::InlineFragment(inline) => &inline.node.type_condition.as_ref()?.node.on.node,
            Selection::FragmentSpread(spread) => {
                &self.fragments.get(&spread.node.fragment_name.node)?.node.type_condition.node.on.node
            }
        };
        let ty = self.registry.types.get(on.as_str());
        matches!(ty, Some(MetaType::Object { .. })).then_some(on.as_str())
    }

    fn is_composite(&self, ty: &str) -> bool {
        self.registry.concrete_type_by_name(ty).is_some_and(MetaType::is_composite)
    }
}

/// The number that an argument is; none if it is null. What is no length is refused later.
fn length_of(value: Value) -> Option<u64> {
    if let Value::Number(number) = value { number.as_u64() } else { None }
}

fn is_list(ty: &str) -> bool {
    match MetaTypeName::create(ty) {
        MetaTypeName::List(_) => true,
        MetaTypeName::NonNull(ty) => is_list(ty),
        MetaTypeName::Named(_) => false,
    }
}
