//! The tables. Times are seconds since 1970; ids are the stream sequence of the heartbeat that named them first.

/// Rows are in order of time first, because they are written so: each second's rows are one run of pages at the end,
/// and what is too old is one run at the beginning. Reading one instance or service is cheap all the same: windows
/// stand on a grid, so each of its rows is found by its whole key. A row with the series 0 is of the whole service.
pub(super) const TABLES: &[&str] = &[
    "CREATE TABLE services (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE series (id INTEGER PRIMARY KEY, service INTEGER NOT NULL, name TEXT NOT NULL, last BLOB NOT NULL)",
    "CREATE TABLE windows (
        width INTEGER NOT NULL, time INTEGER NOT NULL, service INTEGER NOT NULL, series INTEGER NOT NULL,
        figures BLOB NOT NULL, PRIMARY KEY (width, time, service, series)) WITHOUT ROWID",
];

pub(super) const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX services_by_name ON services (name)",
    "CREATE UNIQUE INDEX series_by_name ON series (service, name)",
];
