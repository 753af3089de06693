//! The commands and event subscriptions of a service, with the JSON schemas of their bodies.

use aegis_domain::wire::capability::Capability;
use aegis_domain::wire::micro::Takes;
use schemars::{JsonSchema, schema_for};

/// The commands and events of a service, in the order in which they were declared.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) commands: Vec<(Capability, Takes)>,
    pub(super) events: Vec<(Capability, Takes)>,
}

impl Declared {
    pub(super) fn command<T: JsonSchema, R: JsonSchema>(&mut self, name: &str) {
        let (request_schema, response_schema) = (schema_for!(T).to_value(), Some(schema_for!(R).to_value()));
        self.commands.push((Capability::command(name), Takes { request_schema, response_schema }));
    }

    /// Of two subscriptions to one pattern, the first tells what its events hold.
    pub(super) fn event<T: JsonSchema>(&mut self, pattern: &str) {
        let capability = Capability::event(pattern);
        if self.events.iter().all(|(known, _)| *known != capability) {
            let takes = Takes { request_schema: schema_for!(T).to_value(), response_schema: None };
            self.events.push((capability, takes));
        }
    }

    /// As the metadata of the service tells them.
    pub(super) fn metadata(&self) -> impl Iterator<Item = (String, String)> {
        let all = self.commands.iter().chain(&self.events);
        all.map(|(name, takes)| (name.to_string(), serde_json::to_string(takes).unwrap_or_default()))
    }
}
