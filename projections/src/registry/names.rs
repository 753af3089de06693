//! Texts that many events share, kept once. An id is given at the first mention in the log, so that the same
//! log gives the same ids.

use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Names {
    ids: HashMap<String, i64>,
}

impl Names {
    /// The id of a text; a new one goes to `new`, too.
    pub(super) fn id(&mut self, text: &str, new: &mut Vec<(i64, String)>) -> i64 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        // No process holds so many texts that they could not be counted.
        let id = i64::try_from(self.ids.len()).unwrap_or(i64::MAX - 1) + 1;
        self.ids.insert(text.to_owned(), id);
        new.push((id, text.to_owned()));
        id
    }
}

impl FromIterator<(String, i64)> for Names {
    fn from_iter<T: IntoIterator<Item = (String, i64)>>(names: T) -> Self {
        Self { ids: names.into_iter().collect() }
    }
}
