//! The fields of each event, as its type declares them: for the catalogue that people read.

use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value};

use crate::AggregateKind;
use crate::aggregate::definition::DefinitionEvent;
use crate::aggregate::event::Entry;
use crate::aggregate::installation::InstallationEvent;
use crate::aggregate::instance::InstanceEvent;
use crate::aggregate::leadership::LeadershipEvent;

/// One field of an event's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its form in JSON: `text`, `whole number`, `time (RFC 3339)`, `list of text`, and the like.
    pub form: String,
    /// Whether it may be absent or null.
    pub optional: bool,
    /// What it says.
    pub meaning: String,
}

/// The fields of an event of this line of the catalogue, in alphabetical order, as they stand in the body.
#[must_use]
pub fn fields(entry: &Entry) -> Vec<Field> {
    match entry.kind {
        AggregateKind::Definition => variant::<DefinitionEvent>(entry.name),
        AggregateKind::Instance => variant::<InstanceEvent>(entry.name),
        AggregateKind::Leadership => variant::<LeadershipEvent>(entry.name),
        AggregateKind::Installation => variant::<InstallationEvent>(entry.name),
    }
}

fn variant<T: JsonSchema>(name: &str) -> Vec<Field> {
    let schema = schema_for!(T).to_value();
    let empty = Map::new();
    let definitions = schema["$defs"].as_object().unwrap_or(&empty);
    let variants = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()).into_iter().flatten();
    let body = variants.filter_map(|variant| variant["properties"].get(name)).next();
    let mut fields = body.map(|body| of_object(body, definitions)).unwrap_or_default();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    fields
}

fn of_object(object: &Value, definitions: &Map<String, Value>) -> Vec<Field> {
    let object = resolve(object, definitions);
    let required: Vec<_> =
        object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = object["properties"].as_object().into_iter().flatten();
    let field = |(name, schema): (&String, &Value)| {
        let (form, nullable) = form(schema, definitions);
        let text = |schema: &Value| schema["description"].as_str().map(str::to_owned);
        let meaning = text(schema).or_else(|| text(resolve(schema, definitions))).unwrap_or_default();
        Field {
            name: name.clone(),
            form,
            optional: nullable || !required.contains(&name.as_str()),
            meaning: meaning.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    };
    properties.map(field).collect()
}

fn resolve<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    name.and_then(|name| definitions.get(name)).unwrap_or(schema)
}

/// The form of a value, and whether it may be null.
fn form(schema: &Value, definitions: &Map<String, Value>) -> (String, bool) {
    let schema = resolve(schema, definitions);
    if let Some(values) = words(schema) {
        return (values, false);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let is_null = |one: &&Value| one["type"] == "null";
        let some = any.iter().find(|one| !is_null(one));
        return (
            some.map(|one| form(one, definitions).0).unwrap_or_default(),
            any.iter().any(|one| is_null(&one)),
        );
    }
    let types: Vec<_> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return ("any JSON".to_owned(), false);
        }
    };
    let nullable = types.contains(&"null");
    let form = match (types.first().copied().unwrap_or_default(), schema["format"].as_str()) {
        ("string", Some("date-time")) => "time (RFC 3339)".to_owned(),
        ("string", Some("uuid")) => "UUID".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        ("array", _) => format!("list of {}", form(&schema["items"], definitions).0),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("map of text to {}", form(&schema["additionalProperties"], definitions).0)
        }
        ("object", _) => "object".to_owned(),
        (other, _) => other.to_owned(),
    };
    (form, nullable)
}

/// The words of an enumeration; a variant with fields is an object under its word.
fn words(schema: &Value) -> Option<String> {
    let one = |value: &Value| {
        let plain = value.get("const").and_then(Value::as_str).map(|word| vec![format!("`{word}`")]);
        let several = value["enum"]
            .as_array()
            .map(|words| words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect());
        let with_fields = || {
            let word = value["properties"].as_object()?.keys().next()?;
            Some(vec![format!("object with `{word}`")])
        };
        plain.or(several).or_else(with_fields)
    };
    let words = match schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        Some(variants) => variants.iter().map(one).collect::<Option<Vec<_>>>()?.concat(),
        None => schema["enum"].as_array().and_then(|_| one(schema))?,
    };
    Some(words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::event::CATALOGUE;

    #[test]
    fn every_field_has_a_form_and_a_meaning() {
        for entry in CATALOGUE {
            for field in fields(&entry) {
                let complete = !field.form.is_empty() && !field.meaning.is_empty();
                assert!(complete, "{}: {field:?}", entry.event_type());
            }
        }
    }

    #[test]
    fn the_fields_of_an_election_are_those_of_its_type() {
        let entry = Entry::find("leadership", "leader_elected").unwrap();
        let names: Vec<_> = fields(entry).into_iter().map(|field| (field.name, field.optional)).collect();
        let expected = [
            ("instance", false),
            ("previous", true),
            ("reason", false),
            ("session", false),
            ("term", false),
            ("vacancy_ms", true),
        ];
        assert_eq!(names, expected.map(|(name, optional)| (name.to_owned(), optional)));
    }
}
