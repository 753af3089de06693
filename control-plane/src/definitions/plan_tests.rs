//! The plan for each difference between the file and the current definitions.

use super::*;
use aegis_domain::aggregate::definition::DefinitionEvent;

const ONE: &str = "{service: echo, owner: desk, description: echoes, version: 1.0.0}";

fn file(entries: &[&str]) -> File {
    File::parse(&format!("definitions: [{}]", entries.join(", "))).unwrap()
}

fn service() -> ServiceName {
    ServiceName::new("echo").unwrap()
}

/// Echo as it stands after these commands.
fn standing(commands: Vec<Command>) -> BTreeMap<ServiceName, Definition> {
    let mut state = Definition::default();
    for command in commands {
        for event in state.decide(command).unwrap() {
            state.evolve(&event);
        }
    }
    [(service(), state)].into()
}

fn defined() -> Vec<Command> {
    let content = file(&[ONE]).definitions.remove(0).content();
    vec![Command::Define { service: service(), content, reason: None }]
}

fn retired() -> Vec<Command> {
    let retire = Command::Retire { expected: AggregateVersion(1), reason: "replaced".into() };
    defined().into_iter().chain([retire]).collect()
}

/// The only step, and what the service is after it.
fn step(entries: &[&str], before: &BTreeMap<ServiceName, Definition>, prune: bool) -> (Step, Definition) {
    let mut steps = plan(file(entries), before, prune, None).unwrap();
    assert_eq!(steps.len(), 1, "{steps:?}");
    let step = steps.remove(0);
    let mut after = before.get(&step.service).cloned().unwrap_or_default();
    for command in step.commands.clone() {
        let events: Vec<DefinitionEvent> = after.decide(command).unwrap();
        events.iter().for_each(|event| after.evolve(event));
    }
    (step, after)
}

#[test]
fn what_is_new_is_defined() {
    let (step, after) = step(&[ONE], &BTreeMap::new(), false);
    assert_eq!((step.action, after.version.get()), (Action::Define, 1));
    assert!(after.active().is_some() && step.changes.iter().any(|change| change.field == "owner"));
}

#[test]
fn what_is_the_same_is_left_alone() {
    let (step, after) = step(&[ONE], &standing(defined()), true);
    assert_eq!((step.action, after.version.get(), step.changes.len()), (Action::Unchanged, 1, 0));
}

#[test]
fn what_differs_is_amended_at_the_revision_that_was_seen() {
    let other = ONE.replace("desk", "night");
    let (step, after) = step(&[&other], &standing(defined()), false);
    assert_eq!((step.action, step.changes.len(), after.version.get()), (Action::Amend, 1, 2));
    assert!(matches!(step.commands[0], Command::Amend { expected: AggregateVersion(1), .. }));
}

#[test]
fn what_the_file_leaves_out_is_taken_away() {
    let ranged = ONE.replace('}', ", minInstances: 2, failover: aggressive, labels: {a: b}}");
    let content = file(&[&ranged]).definitions.remove(0).content();
    let before = standing(vec![Command::Define { service: service(), content, reason: None }]);
    let (step, after) = step(&[ONE], &before, false);
    assert_eq!(after.content, standing(defined())[&service()].content);
    assert_eq!((step.action, step.changes.len()), (Action::Amend, 3));
}

#[test]
fn what_is_retired_is_reinstated_and_amended_where_it_differs() {
    let (same, after) = step(&[ONE], &standing(retired()), false);
    assert_eq!((same.action, same.commands.len()), (Action::Reinstate, 1));
    assert!(after.active().is_some());
    let (other, after) = step(&[&ONE.replace("desk", "night")], &standing(retired()), false);
    assert_eq!((other.action, other.commands.len()), (Action::Reinstate, 2));
    assert_eq!(after.active().unwrap().owner, "night");
}

#[test]
fn what_is_not_in_the_file_is_retired_only_when_asked_and_once() {
    assert_eq!(plan(file(&[]), &standing(defined()), false, None), Ok(vec![]));
    let (step, after) = step(&[], &standing(defined()), true);
    assert_eq!((step.action, after.retired), (Action::Retire, true));
    assert_eq!(plan(file(&[]), &standing(retired()), true, None), Ok(vec![]));
}

#[test]
fn what_breaks_a_rule_is_refused_before_anything_is_done() {
    let bad = ONE.replace("desk", "' '");
    let name = ONE.replace("echo,", "Echo,");
    let refused = plan(file(&[&bad, &name]), &BTreeMap::new(), false, None).unwrap_err();
    let fields: Vec<_> = refused
        .iter()
        .map(|refused| match &refused.rejection {
            Rejection::Invalid { field, .. } => *field,
            Rejection::AlreadyDefined
            | Rejection::NotDefined
            | Rejection::NotRetired
            | Rejection::Conflict { .. } => "another refusal",
        })
        .collect();
    assert_eq!(fields, ["service", "owner"]);
}
