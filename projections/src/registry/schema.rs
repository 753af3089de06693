//! The tables. Views are kept whole, as JSON: readers take them from memory. Times are microseconds since 1970,
//! texts that many events share are ids in `names`.

pub(super) const TABLES: &[&str] = &[
    "CREATE TABLE instances (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE leaders (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE definitions (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE installation (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mentioned_after INTEGER NOT NULL)",
    "CREATE TABLE events (
        sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, type INTEGER NOT NULL, aggregate INTEGER NOT NULL,
        service INTEGER, version INTEGER NOT NULL, time INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
        actor INTEGER NOT NULL, correlation TEXT, causation TEXT, summary TEXT NOT NULL, data TEXT NOT NULL)",
    "CREATE TABLE dead_letters (sequence INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL)",
    "CREATE TABLE owed_letters (sequence INTEGER PRIMARY KEY, reason TEXT NOT NULL)",
    "CREATE TABLE snapshots (sequence INTEGER PRIMARY KEY, state BLOB NOT NULL)",
    "CREATE TABLE kept (id INTEGER PRIMARY KEY CHECK (id = 1), seconds INTEGER NOT NULL)",
    "CREATE TABLE reader (id INTEGER PRIMARY KEY CHECK (id = 1), program TEXT NOT NULL)",
    "CREATE TABLE partly (
        id INTEGER PRIMARY KEY CHECK (id = 1), first INTEGER NOT NULL, last INTEGER NOT NULL, message TEXT NOT NULL)",
    "CREATE TABLE forgotten (id INTEGER PRIMARY KEY CHECK (id = 1), through INTEGER NOT NULL, highest_name INTEGER NOT NULL)",
];

/// An index ends with the row's key, the sequence, so that each is also in order of it.
pub(super) const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX names_by_name ON names (name)",
    "CREATE INDEX events_by_type ON events (type)",
    "CREATE INDEX events_by_aggregate ON events (aggregate)",
    "CREATE INDEX events_by_service ON events (service)",
    "CREATE INDEX events_by_actor ON events (actor)",
    "CREATE INDEX events_by_correlation ON events (correlation) WHERE correlation IS NOT NULL",
    "CREATE INDEX events_by_causation ON events (causation) WHERE causation IS NOT NULL",
];
