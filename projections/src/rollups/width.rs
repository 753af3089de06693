//! How wide windows are, and how long they are kept.

/// How long windows are kept, in seconds of the stream's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Those of 1 s; a minute at least.
    pub seconds: i64,
    /// Those of 10 s.
    pub tens: i64,
    /// Those of 1 min.
    pub minutes: i64,
}

/// How wide a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    Second,
    Ten,
    Minute,
}

impl Default for Keep {
    fn default() -> Self {
        Self { seconds: 15 * 60, tens: 6 * 3600, minutes: 7 * 86_400 }
    }
}

impl Keep {
    pub(super) fn of(self, width: Width) -> i64 {
        match width {
            Width::Second => self.seconds,
            Width::Ten => self.tens,
            Width::Minute => self.minutes,
        }
    }

    pub(super) fn longest(self) -> i64 {
        self.seconds.max(self.tens).max(self.minutes)
    }
}

impl Width {
    pub(super) const ALL: [Self; 3] = [Self::Second, Self::Ten, Self::Minute];

    pub(super) fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Ten => 10,
            Self::Minute => 60,
        }
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::Second => 0,
            Self::Ten => 1,
            Self::Minute => 2,
        }
    }

    pub(super) fn wider(self) -> Option<Self> {
        match self {
            Self::Second => Some(Self::Ten),
            Self::Ten => Some(Self::Minute),
            Self::Minute => None,
        }
    }

    pub(super) fn finer(self) -> Option<Self> {
        match self {
            Self::Second => None,
            Self::Ten => Some(Self::Second),
            Self::Minute => Some(Self::Ten),
        }
    }

    /// The beginning of the window that a time belongs to.
    pub(super) fn floor(self, time: i64) -> i64 {
        time - time.rem_euclid(self.seconds())
    }
}
