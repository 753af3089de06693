//! Rows whose JSON is made once for each change, and not once for each subscriber: all that select the same of a row share
//! the text. In the answer a list of such rows is one value of bytes that are JSON already; [`write`] is what knows them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash as _, Hasher};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Error, OutputType, Positioned, Response, ServerResult, Value};
use bytes::Bytes;

/// Texts of so many bytes stay at least for those who want them, too; twice as many at most.
const KEPT: usize = 16 << 20;
/// What a text costs beside its bytes.
const BESIDE: usize = 64;

/// Rows of a list in an answer.
pub(crate) trait Rows: Send + Sync {
    /// What a row is shown as.
    type Node: OutputType;

    /// What tells each row, in its present state, from all others of its type. The same number never stands for anything else.
    fn numbers(&self) -> Vec<u64>;

    /// The nodes of these of them, each with its number now; none of a row that is gone.
    fn nodes(&self, wanted: &[usize]) -> Vec<Option<(u64, Self::Node)>>;
}

/// A list of rows, `[Node!]!` in the schema.
#[derive(Debug)]
pub(crate) struct Shared<R>(pub(crate) R);

impl<R: Rows> OutputType for Shared<R> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        Vec::<R::Node>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<R::Node>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<R::Node>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let shape = Shape::of(context, &R::Node::type_name());
        let texts = context.data::<Texts>().map_err(|e: Error| e.into_server_error(field.pos))?;
        let numbers = self.0.numbers();
        let mut rows: Vec<_> = match shape {
            Some(shape) => texts.find(shape, &numbers),
            None => vec![None; numbers.len()],
        };
        let missing: Vec<_> =
            rows.iter().enumerate().filter(|(_, text)| text.is_none()).map(|(index, _)| index).collect();
        for (index, node) in missing.iter().zip(self.0.nodes(&missing)) {
            let Some((number, node)) = node else { continue };
            let context = context.with_index(*index);
            let value = node.resolve(&context, field).await.map_err(|e| context.set_error_path(e))?;
            let mut text = Vec::new();
            write(&value, &mut text);
            let text = Bytes::from(text);
            if let Some(shape) = shape {
                texts.keep(shape, number, text.clone());
            }
            rows[*index] = Some(text);
        }
        let mut list =
            Vec::with_capacity(rows.iter().flatten().map(|text| text.len() + 1).sum::<usize>() + 2);
        list.push(b'[');
        for text in rows.iter().flatten() {
            if list.len() > 1 {
                list.push(b',');
            }
            list.extend_from_slice(text);
        }
        list.push(b']');
        Ok(Value::Binary(list.into()))
    }
}

/// What is selected of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape(u64);

/// No caller knows how shapes are told apart, so none can make two the same.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Shape {
    /// None where arguments or directives decide on it, too: such a text is not shared.
    fn of(context: &ContextSelectionSet<'_>, node: &str) -> Option<Self> {
        let mut hasher = HASHES.build_hasher();
        node.hash(&mut hasher);
        walk(context, &context.item.node, &mut hasher)?;
        Some(Self(hasher.finish()))
    }
}

fn walk(context: &ContextSelectionSet<'_>, set: &SelectionSet, hasher: &mut impl Hasher) -> Option<()> {
    set.items.len().hash(hasher);
    for selection in &set.items {
        let (directives, within) = match &selection.node {
            Selection::Field(field) => {
                if !field.node.arguments.is_empty() {
                    return None;
                }
                0_u8.hash(hasher);
                field.node.response_key().node.hash(hasher);
                field.node.name.node.hash(hasher);
                (&field.node.directives, &field.node.selection_set)
            }
            Selection::InlineFragment(inline) => {
                1_u8.hash(hasher);
                inline.node.type_condition.as_ref().map(|on| &on.node.on.node).hash(hasher);
                (&inline.node.directives, &inline.node.selection_set)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = context.query_env.fragments.get(&spread.node.fragment_name.node)?;
                if !fragment.node.directives.is_empty() {
                    return None;
                }
                2_u8.hash(hasher);
                fragment.node.type_condition.node.on.node.hash(hasher);
                (&spread.node.directives, &fragment.node.selection_set)
            }
        };
        if !directives.is_empty() {
            return None;
        }
        walk(context, &within.node, hasher)?;
    }
    Some(())
}

/// The texts of rows that somebody was shown lately. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts(Arc<Mutex<Kept>>);

/// When the newer ones are too many, they become the older ones, and those before them go.
#[derive(Debug, Default)]
struct Kept {
    newer: HashMap<(Shape, u64), Bytes>,
    older: HashMap<(Shape, u64), Bytes>,
    bytes: usize,
}

impl Texts {
    fn find(&self, shape: Shape, numbers: &[u64]) -> Vec<Option<Bytes>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.iter().map(|number| kept.find((shape, *number))).collect()
    }

    fn keep(&self, shape: Shape, number: u64, text: Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep((shape, number), text);
    }
}

impl Kept {
    fn find(&mut self, key: (Shape, u64)) -> Option<Bytes> {
        if let Some(text) = self.newer.get(&key) {
            return Some(text.clone());
        }
        // What is still wanted stays.
        let text = self.older.remove(&key)?;
        self.keep(key, text.clone());
        Some(text)
    }

    fn keep(&mut self, key: (Shape, u64), text: Bytes) {
        self.bytes += text.len() + BESIDE;
        self.newer.insert(key, text);
        if self.bytes > KEPT {
            self.older = std::mem::take(&mut self.newer);
            self.bytes = 0;
        }
    }
}

/// Writes a value of an answer as JSON. Bytes in it are JSON already.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Binary(json) => out.extend_from_slice(json),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (name, field)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                leaf(name.as_str(), out);
                out.push(b':');
                write(field, out);
            }
            out.push(b'}');
        }
        Value::Null | Value::Number(_) | Value::String(_) | Value::Boolean(_) | Value::Enum(_) => {
            leaf(value, out);
        }
    }
}

fn leaf(value: &(impl serde::Serialize + ?Sized), out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("texts, numbers and truth values are JSON, and a Vec takes all");
}

/// The data of an answer of a subscription as JSON.
#[must_use]
pub fn data_json(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    write(&response.data, &mut out);
    out
}

/// Appends an answer of a subscription as JSON.
pub fn write_response(response: &Response, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"data":"#);
    write(&response.data, out);
    if !response.errors.is_empty() {
        out.extend_from_slice(br#","errors":"#);
        leaf(&response.errors, out);
    }
    if !response.extensions.is_empty() {
        out.extend_from_slice(br#","extensions":"#);
        leaf(&response.extensions, out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> (Shape, u64) {
        (Shape(0), number)
    }

    #[test]
    fn texts_stay_while_they_are_wanted_and_are_bounded() {
        let mut kept = Kept::default();
        let text = Bytes::from(vec![b'x'; 1 << 20]);
        for number in 0..100 {
            kept.keep(key(number), text.clone());
            assert!(kept.find(key(0)).is_some(), "{number}");
            assert!(kept.newer.len() + kept.older.len() <= 2 * (KEPT >> 20) + 2, "{number}");
        }
        assert_eq!(kept.find(key(1)), None);
    }

    #[test]
    fn what_is_json_already_stands_in_an_answer_as_it_is() {
        let json = r#"{"a":[{"b":"\"ü\n"},1.5,null,true],"c":{}}"#;
        let mut value = Value::from_json(serde_json::from_str(json).unwrap()).unwrap();
        let mut out = Vec::new();
        write(&value, &mut out);
        assert_eq!(out, json.as_bytes());
        if let Value::Object(fields) = &mut value {
            fields.insert(async_graphql::Name::new("a"), Value::Binary(Bytes::from_static(b"[1,2]")));
        }
        out.clear();
        write(&value, &mut out);
        assert_eq!(out, br#"{"a":[1,2],"c":{}}"#);
    }
}
