//! The registry as text: one line of JSON per view, sorted. Two states are equal if and only if their texts are.

use std::borrow::Cow;

use aegis_domain::Sequence;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::State;
use crate::state::KEEP_ENDED;
use crate::view::{DefinitionView, InstallationView, InstanceView, LeaderView};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Position(Sequence),
    Time(DateTime<Utc>),
    Installation(Cow<'a, InstallationView>),
    Definition(Cow<'a, DefinitionView>),
    Instance(Cow<'a, InstanceView>),
    Leader(Cow<'a, LeaderView>),
}

impl State {
    /// The state as newline-delimited JSON: first the position, its time and the installation, then each definition,
    /// instance and leader, in order of their names. The same state gives the same bytes, on every machine.
    ///
    /// # Errors
    /// When a value has no JSON form, which none that was read from JSON lacks.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        let definitions = self.definitions.values().map(|view| Line::Definition(Cow::Borrowed(view)));
        let instances = self.instances.values().map(|view| Line::Instance(Cow::Borrowed(view)));
        let leaders = self.leaders.values().map(|view| Line::Leader(Cow::Borrowed(view)));
        let mut text = Vec::new();
        let lines = [
            Line::Position(self.position),
            Line::Time(self.time),
            Line::Installation(Cow::Borrowed(&self.installation)),
        ];
        for line in lines.into_iter().chain(definitions).chain(instances).chain(leaders) {
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        Ok(text)
    }

    /// Reads what [`Self::canonical`] wrote.
    ///
    /// # Errors
    /// When a line is none of this version.
    pub fn from_canonical(text: &[u8]) -> Result<Self, serde_json::Error> {
        let mut state = Self::default();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line)? {
                Line::Position(position) => state.position = position,
                Line::Time(time) => state.time = time,
                Line::Installation(view) => state.installation = view.into_owned(),
                Line::Definition(view) => {
                    state.definitions.insert(view.service.clone(), view.into_owned());
                }
                Line::Instance(view) => {
                    state.instances.insert((view.service.clone(), view.instance.clone()), view.into_owned());
                }
                Line::Leader(view) => {
                    state.leaders.insert((view.service.clone(), view.group.clone()), view.into_owned());
                }
            }
        }
        Ok(state.restored(KEEP_ENDED))
    }
}
