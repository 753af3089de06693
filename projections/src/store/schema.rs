//! The tables. Views are kept whole, as JSON: readers take them from memory.

pub(super) const STATEMENTS: [&str; 10] = [
    "CREATE TABLE IF NOT EXISTS meta (
        id INTEGER PRIMARY KEY CHECK (id = 1), log TEXT NOT NULL, position INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS instances (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS leaders (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS definitions (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS installation (key TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS events (
        sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, kind TEXT NOT NULL,
        aggregate TEXT NOT NULL, service TEXT, version INTEGER NOT NULL, time TEXT NOT NULL,
        actor TEXT NOT NULL, correlation TEXT, causation TEXT, summary TEXT NOT NULL, data TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS events_by_service ON events (service, sequence)",
    "CREATE INDEX IF NOT EXISTS events_by_aggregate ON events (aggregate, sequence)",
    "CREATE INDEX IF NOT EXISTS events_by_type ON events (type, sequence)",
    "CREATE TABLE IF NOT EXISTS dead_letters (
        sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, reason TEXT NOT NULL)",
];

/// Empties every table.
pub(super) const CLEAR: [&str; 7] = [
    "DELETE FROM meta",
    "DELETE FROM instances",
    "DELETE FROM leaders",
    "DELETE FROM definitions",
    "DELETE FROM installation",
    "DELETE FROM events",
    "DELETE FROM dead_letters",
];

/// Removes every table, of whatever version.
pub(super) const DROP: [&str; 7] = [
    "DROP TABLE IF EXISTS meta",
    "DROP TABLE IF EXISTS instances",
    "DROP TABLE IF EXISTS leaders",
    "DROP TABLE IF EXISTS definitions",
    "DROP TABLE IF EXISTS installation",
    "DROP TABLE IF EXISTS events",
    "DROP TABLE IF EXISTS dead_letters",
];
