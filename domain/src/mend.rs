//! Lenient reading of what another version wrote: the readable parts, and the names of the others.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// So many attempts at most to find out what of a message can be read.
const ATTEMPTS: usize = 256;
/// Whoever sends it says how long it is, and each attempt reads all of it: of a long one there are fewer, so that all of
/// them together read no more values than this.
const VALUES: usize = 200_000;
/// But so many in any case.
const ATTEMPTS_LEAST: usize = 32;
/// Down to this depth objects are read field by field.
const DEPTH: usize = 3;
/// Of a list that cannot be read whole, so many items are looked at.
const ITEMS: usize = 1_024;
/// The most parts that are named, and of one part those within it.
const NAMED: usize = 16;
const NAMED_WITHIN: usize = 4;

/// The value that `least` stands for, with as much as can be read of what was said, and the names of the parts that
/// could not; none if even `least` cannot be read.
pub(crate) fn mend<T: DeserializeOwned>(least: Value, said: Map<String, Value>) -> Option<(T, Vec<String>)> {
    let is_readable = |value: &Value| T::deserialize(value).is_ok();
    if !is_readable(&least) {
        return None;
    }
    let values: usize = said.values().map(count).sum();
    let attempts = (VALUES / values.max(1)).clamp(ATTEMPTS_LEAST, ATTEMPTS);
    let mut mend = Mend { made: least, is_readable, left_out: vec![] };
    mend.put_fields(&[], said, attempts);
    let left_out = mend.left_out;
    serde_json::from_value(mend.made).ok().map(|value| (value, left_out))
}

/// A value, and all in it.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// A value in the making: always one that can be read.
struct Mend<F> {
    made: Value,
    is_readable: F,
    left_out: Vec<String>,
}

impl<F: Fn(&Value) -> bool> Mend<F> {
    /// Takes as much of these over as can be read in so many attempts, and answers how many are left. First each is tried
    /// as a whole, then what could not be read part by part: none of them uses up what the others need.
    fn put_fields(&mut self, path: &[&str], fields: Map<String, Value>, mut attempts: usize) -> usize {
        let mut broken = Vec::new();
        for (name, value) in fields {
            let is_read = attempts > 0 && self.fits(&[path, &[name.as_str()]].concat(), value.clone());
            attempts = attempts.saturating_sub(1);
            if !is_read {
                broken.push((name, value));
            }
        }
        let count = broken.len();
        for (index, (name, value)) in broken.into_iter().enumerate() {
            let (path, share) = ([path, &[name.as_str()]].concat(), attempts / (count - index));
            let left = match value {
                Value::Array(items) => {
                    self.leave_out(&path);
                    self.put_items(&path, items, share)
                }
                Value::Object(fields) if path.len() < DEPTH => self.put_fields(&path, fields, share),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    self.leave_out(&path);
                    share
                }
            };
            attempts = attempts - share + left;
        }
        attempts
    }

    /// Takes those items of a list over that can be read, half by half; answers how many attempts are left.
    fn put_items(&mut self, path: &[&str], mut items: Vec<Value>, mut attempts: usize) -> usize {
        items.truncate(ITEMS);
        let (mut kept, mut parts) = (Vec::new(), vec![items]);
        while attempts > 0
            && let Some(mut part) = parts.pop()
        {
            attempts -= 1;
            let before = kept.len();
            kept.extend(part.iter().cloned());
            if self.fits(path, Value::Array(kept.clone())) {
                continue;
            }
            kept.truncate(before);
            if part.len() > 1 {
                let later = part.split_off(part.len() / 2);
                parts.extend([later, part]);
            }
        }
        attempts
    }

    /// Puts a value in its place if the whole can be read with it.
    fn fits(&mut self, path: &[&str], value: Value) -> bool {
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
        let name = |path: &[&str]| -> String {
            path.join(".").chars().filter(|c| !c.is_control()).take(64).collect()
        };
        let within = path.split_last().map(|(_, parent)| name(parent) + ".").filter(|_| path.len() > 1);
        let siblings =
            within.map_or(0, |within| self.left_out.iter().filter(|it| it.starts_with(&within)).count());
        if self.left_out.len() < NAMED && siblings < NAMED_WITHIN {
            self.left_out.push(name(path));
        }
    }
}
