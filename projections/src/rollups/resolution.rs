//! The resolutions of windows, and their retention.

/// How long windows are kept, in seconds of the stream's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Those of 1 s; a minute at least.
    pub seconds: i64,
    /// Those of 10 s.
    pub tens: i64,
    /// Those of 1 min.
    pub minutes: i64,
}

/// The width of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resolution {
    Second,
    Ten,
    Minute,
}

impl Default for Retention {
    fn default() -> Self {
        Self { seconds: 15 * 60, tens: 6 * 3600, minutes: 7 * 86_400 }
    }
}

impl Retention {
    pub(super) fn of(self, resolution: Resolution) -> i64 {
        match resolution {
            Resolution::Second => self.seconds,
            Resolution::Ten => self.tens,
            Resolution::Minute => self.minutes,
        }
    }

    pub(super) fn longest(self) -> i64 {
        self.seconds.max(self.tens).max(self.minutes)
    }
}

impl Resolution {
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
