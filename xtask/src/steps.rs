//! A list of named steps, each timed, with a summary at the end.

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    output::say,
    wheels::{Wheel, WrongHash},
};

/// Outcomes so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Outcome)>,
}

#[derive(Debug)]
enum Outcome {
    Passed(Duration),
    Failed(Duration, String),
    Skipped(String),
    Unable(String),
}

impl Steps {
    /// Runs one step under a heading. A failure is shown at once and again in the summary, and does
    /// not stop the steps after it. Returns whether it passed.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> bool {
        say(format_args!("\n=== {name}"));
        let start = Instant::now();
        let outcome = match work() {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(error) => {
                say(format_args!("{name} failed: {error:#}"));
                Outcome::Failed(start.elapsed(), format!("{error:#}"))
            }
        };
        let passed = matches!(outcome, Outcome::Passed(_));
        self.done.push((name.to_owned(), outcome));
        passed
    }

    /// Notes a step that cannot run.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        say(format_args!("\n=== {name}\nskipped: {why}"));
        self.done.push((name.to_owned(), Outcome::Skipped(why.to_owned())));
    }

    /// Notes a step for which this machine lacks something that cannot be had on it. It fails nothing, and is not silent.
    pub(crate) fn unable(&mut self, name: &str, why: &str) {
        say(format_args!("\n=== {name}\nNOT RUN: {why}"));
        self.done.push((name.to_owned(), Outcome::Unable(why.to_owned())));
    }

    /// Runs a step with a tool, or notes why the tool cannot be had on this machine. One that is not what is pinned is a failure.
    pub(crate) fn step_with(&mut self, name: &str, wheel: &Wheel, work: impl FnOnce(&Path) -> Result<()>) {
        match wheel.tool() {
            Err(error) if !error.is::<WrongHash>() => self.unable(name, &format!("{error:#}")),
            tool => drop(self.step(name, || work(&tool?))),
        }
    }

    /// Prints the summary. Anything failed or skipped makes the whole fail.
    pub(crate) fn finish(self) -> ExitCode {
        say("\n=== summary");
        for (name, outcome) in &self.done {
            match outcome {
                Outcome::Passed(took) => say(format_args!("ok      {:>7.1} s  {name}", took.as_secs_f64())),
                Outcome::Failed(took, why) => {
                    let first = why.lines().next().unwrap_or_default();
                    say(format_args!("FAILED  {:>7.1} s  {name}: {first}", took.as_secs_f64()));
                }
                Outcome::Skipped(why) => say(format_args!("skipped            {name}: {why}")),
                Outcome::Unable(why) => say(format_args!("NOT RUN            {name}: {why}")),
            }
        }
        if self.done.iter().all(|(_, outcome)| matches!(outcome, Outcome::Passed(_) | Outcome::Unable(_))) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::Steps;
    use crate::wheels::Wheel;

    fn succeeded(steps: Steps) -> bool {
        format!("{:?}", steps.finish()) == format!("{:?}", ExitCode::SUCCESS)
    }

    #[test]
    fn one_failure_fails_the_whole_but_not_the_rest() {
        let mut steps = Steps::default();
        assert!(!steps.step("bad", || anyhow::bail!("no")));
        assert!(steps.step("good", || Ok(())));
        assert!(!succeeded(steps));
    }

    #[test]
    fn a_skipped_step_is_no_success() {
        let mut steps = Steps::default();
        steps.skip("browser", "no browser");
        assert!(!succeeded(steps));
    }

    #[test]
    fn what_cannot_be_run_here_fails_nothing() {
        let mut steps = Steps::default();
        steps.unable("engine", "no engine can be had");
        assert!(succeeded(steps));
    }

    #[test]
    fn a_step_whose_tool_cannot_be_had_here_is_not_run_and_fails_nothing() {
        let nowhere = Wheel { binary: "tool", package: "tool", version: "1", inside: "tool", platforms: &[] };
        let mut steps = Steps::default();
        steps.step_with("with a tool", &nowhere, |_| panic!("there is none"));
        assert!(succeeded(steps));
    }

    #[test]
    fn all_passed_is_success() {
        let mut steps = Steps::default();
        steps.step("good", || Ok(()));
        assert!(succeeded(steps));
    }
}
