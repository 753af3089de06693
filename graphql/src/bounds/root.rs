//! The root fields of a subscription. GraphQL demands exactly one (section 5.2.4.1, «Single root field»), and it is what
//! connections and principals are counted by: each root field is a stream of its own.

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};

/// Whether each subscription of the document has one root field, which is none of introspection. No fragment of it spreads
/// itself.
pub(super) fn is_single(document: &ExecutableDocument) -> bool {
    document.operations.iter().filter(|(_, operation)| operation.node.ty == OperationType::Subscription).all(
        |(_, operation)| {
            let mut names = Vec::new();
            collect(document, &operation.node.selection_set.node, &mut names);
            matches!(names[..], [only] if !only.starts_with("__"))
        },
    )
}

/// The names of the root fields, or of the first two.
fn collect<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, names: &mut Vec<&'a str>) {
    for selection in &set.items {
        if names.len() > 1 {
            return;
        }
        match &selection.node {
            Selection::Field(field) => names.push(&field.node.name.node),
            Selection::InlineFragment(inline) => collect(document, &inline.node.selection_set.node, names),
            Selection::FragmentSpread(spread) => {
                // One that is not there is refused by the validation.
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect(document, &fragment.node.selection_set.node, names);
                }
            }
        }
    }
}
