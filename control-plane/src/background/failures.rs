//! Failures of an activation that goes on after each of them.

/// How much of an activation failed, and the first error.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    first: Option<anyhow::Error>,
    more: usize,
}

impl Failures {
    /// Keeps the error, if it is one.
    pub(crate) fn take<T>(&mut self, outcome: anyhow::Result<T>) -> Option<T> {
        match outcome {
            Ok(done) => return Some(done),
            Err(error) if self.first.is_none() => self.first = Some(error),
            Err(_) => self.more += 1,
        }
        None
    }

    /// The outcome of the activation: the status, if nothing failed.
    pub(crate) fn or(self, status: impl FnOnce() -> String) -> anyhow::Result<String> {
        match (self.first, self.more) {
            (None, _) => Ok(status()),
            (Some(error), 0) => Err(error),
            (Some(error), more) => Err(error.context(format!("{} failures, the first of them", more + 1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_told_and_how_many_there_were() {
        let told = |outcomes: Vec<anyhow::Result<u8>>| {
            let mut failures = Failures::default();
            let done: Vec<_> = outcomes.into_iter().filter_map(|outcome| failures.take(outcome)).collect();
            let outcome = failures.or(|| "well".to_owned());
            (done, outcome.map_err(|error| format!("{error:#}")))
        };
        let error = |text: &'static str| Err(anyhow::anyhow!(text));
        assert_eq!(told(vec![Ok(1), Ok(2)]), (vec![1, 2], Ok("well".into())));
        assert_eq!(told(vec![error("a"), Ok(2)]), (vec![2], Err("a".into())));
        let two = Err("2 failures, the first of them: a".into());
        assert_eq!(told(vec![error("a"), Ok(2), error("b")]), (vec![2], two));
    }
}
