//! Given / when / then, for tests of aggregates.

use crate::Aggregate;

/// A test of one decision: given these events, when this command comes, then this happens.
#[derive(Debug)]
pub struct Scenario<A: Aggregate> {
    state: A,
}

/// The outcome of a decision, to be held to what was expected.
#[derive(Debug)]
pub struct Outcome<A: Aggregate>(Result<Vec<A::Event>, A::Rejection>);

impl<A: Aggregate> Scenario<A> {
    /// An aggregate that these events have made.
    #[must_use]
    pub fn given(events: &[A::Event]) -> Self {
        Self { state: A::replay(events) }
    }

    /// A command comes.
    #[must_use]
    pub fn when(self, command: A::Command) -> Outcome<A> {
        Outcome(self.state.decide(command))
    }
}

impl<A: Aggregate> Outcome<A> {
    /// Exactly these events happen.
    ///
    /// # Panics
    /// When something else happened.
    pub fn then(self, events: &[A::Event]) {
        assert_eq!(self.0.as_deref(), Ok(events));
    }

    /// The command is refused for this reason.
    ///
    /// # Panics
    /// When it was not, or for another reason.
    pub fn then_rejected(self, rejection: &A::Rejection) {
        assert_eq!(self.0.as_ref().err(), Some(rejection));
    }
}
