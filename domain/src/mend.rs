//! Reading what another version wrote: as much of it as this one can, and the names of the rest.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// So many attempts at most to find out what of a message can be read: it is whoever sends it who says how long it is.
const ATTEMPTS: usize = 256;
/// Down to this depth objects are read field by field.
const DEPTH: usize = 2;
/// The most parts that are named.
const NAMED: usize = 16;

/// The value that `least` stands for, with as much as can be read of what was said, and the names of the parts that
/// could not; none if even `least` cannot be read.
pub(crate) fn mend<T: DeserializeOwned>(
    least: Value,
    said: impl IntoIterator<Item = (String, Value)>,
) -> Option<(T, Vec<String>)> {
    let is_readable = |value: &Value| T::deserialize(value).is_ok();
    if !is_readable(&least) {
        return None;
    }
    let mut mend = Mend { made: least, is_readable, left_out: vec![], attempts: 0 };
    for (name, value) in said {
        mend.put(&[name.as_str()], value);
    }
    let left_out = mend.left_out;
    serde_json::from_value(mend.made).ok().map(|value| (value, left_out))
}

/// A value in the making: always one that can be read.
struct Mend<F> {
    made: Value,
    is_readable: F,
    left_out: Vec<String>,
    attempts: usize,
}

impl<F: Fn(&Value) -> bool> Mend<F> {
    /// Takes a value over, or as much of it as can be read.
    fn put(&mut self, path: &[&str], value: Value) {
        if self.fits(path, value.clone()) {
            return;
        }
        match value {
            Value::Array(items) => {
                let mut kept = vec![];
                for item in items {
                    kept.push(item);
                    if !self.fits(path, Value::Array(kept.clone())) {
                        kept.pop();
                    }
                }
                self.leave_out(path);
            }
            Value::Object(fields) if path.len() <= DEPTH => {
                for (name, value) in fields {
                    self.put(&[path, &[name.as_str()]].concat(), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.leave_out(path);
            }
        }
    }

    /// Puts a value in its place if the whole can be read with it.
    fn fits(&mut self, path: &[&str], value: Value) -> bool {
        self.attempts += 1;
        if self.attempts > ATTEMPTS {
            return false;
        }
        let mut made = self.made.clone();
        let place = path.iter().try_fold(&mut made, |place, name| {
            let fields = place.as_object_mut()?;
            Some(fields.entry(*name).or_insert_with(|| json!({})))
        });
        let Some(place) = place else { return false };
        *place = value;
        let readable = (self.is_readable)(&made);
        if readable {
            self.made = made;
        }
        readable
    }

    fn leave_out(&mut self, path: &[&str]) {
        let name: String = path.join(".").chars().filter(|c| !c.is_control()).take(64).collect();
        if self.left_out.len() < NAMED {
            self.left_out.push(name);
        }
    }
}
