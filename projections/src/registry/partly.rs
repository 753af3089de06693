//! Events of which this program does not know every part: a newer version has written them.

use aegis_domain::Sequence;

use super::Event;

/// The events that were read in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partly {
    /// The first of them.
    pub(super) first: Sequence,
    /// The last of them.
    pub(super) last: Sequence,
    /// What the last of them is, and what was not read of it.
    pub(crate) message: String,
}

impl Partly {
    /// With this event; nothing when that was read whole.
    pub(super) fn after(before: Option<&Self>, sequence: Sequence, event: &Event) -> Option<Self> {
        if event.left_out.is_empty() {
            return None;
        }
        let (event_type, aggregate, parts) =
            (&event.event_type, &event.aggregate_name, event.left_out.join(", "));
        let message = format!(
            "events of the log are read in part, the last one {event_type} of {aggregate} at {sequence}, without {parts}: \
             a newer version has written them; upgrade this one"
        );
        Some(Self { first: before.map_or(sequence, |before| before.first), last: sequence, message })
    }
}
