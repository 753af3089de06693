//! One golden file per event type and version, holding the whole message. Events are kept for ever, so
//! what stands in these files has to be readable for ever: they are added, never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use aegis_domain::Envelope;
use aegis_domain::event::CATALOGUE;
use aegis_domain::wire::Namespace;
use aegis_domain::wire::chain::Hash;
use serde::{Deserialize, Serialize};

use crate::sample;

/// The wire form of one event.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Golden {
    subject: String,
    headers: BTreeMap<String, String>,
    /// The body's bytes, which are text: JSON in it would not hold its own order and spaces.
    body: String,
    hash: String,
}

impl Golden {
    fn of(envelope: &Envelope) -> Self {
        let encoded = envelope.encode(&Namespace::default()).unwrap();
        Self {
            subject: encoded.subject,
            headers: encoded.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: String::from_utf8(encoded.body).unwrap(),
            hash: encoded.hash.to_string(),
        }
    }

    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file)
            .unwrap_or_else(|e| panic!("{}: {e}; AEGIS_BLESS=1 writes what is missing", file.display()));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
    }

    /// Writes the file if there is none. Whoever blesses a change of a stored form finds it refused.
    fn bless(&self, file: &Path) {
        let text = serde_json::to_string_pretty(self).unwrap() + "\n";
        match File::create_new(file) {
            Ok(mut file) => file.write_all(text.as_bytes()).unwrap(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{}: {error}", file.display()),
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every stored form with its file: `<type>.json`, and `<type>.<form>.json` for those that came later.
fn stored() -> Vec<(PathBuf, Envelope)> {
    let first = sample::envelopes().into_iter().map(|envelope| (envelope.event.event_type(), envelope));
    let later = sample::later_forms().into_iter();
    let later = later.map(|(form, envelope)| (format!("{}.{form}", envelope.event.event_type()), envelope));
    let stored: Vec<_> = first
        .chain(later)
        .map(|(name, envelope)| (folder().join(format!("{name}.json")), envelope))
        .collect();
    if std::env::var_os("AEGIS_BLESS").is_some_and(|value| value == "1") {
        stored.iter().for_each(|(file, envelope)| Golden::of(envelope).bless(file));
    }
    stored
}

#[test]
fn every_stored_form_is_still_read_and_written_to_the_byte() {
    for (file, expected) in stored() {
        let event_type = file.display();
        let golden = Golden::read(&file);
        let header = |name: &str| golden.headers.get(name).map(String::as_str);
        let decoded =
            Envelope::decode(&Namespace::default(), &golden.subject, header, golden.body.as_bytes());
        assert_eq!(decoded.as_ref(), Ok(&expected), "{event_type} is read as another event than was stored");
        assert_eq!(
            Golden::of(&decoded.unwrap()),
            golden,
            "{event_type} is written differently from what is stored"
        );
    }
}

#[test]
fn the_stored_hash_is_that_of_the_stored_message() {
    for (file, _) in stored() {
        let golden = Golden::read(&file);
        let headers = golden.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let hash = Hash::of(&golden.subject, headers, golden.body.as_bytes());
        assert_eq!(
            hash.to_string(),
            golden.hash,
            "{}: the chain over stored events would break",
            file.display()
        );
    }
}

#[test]
fn the_catalogue_and_the_golden_files_name_the_same_types() {
    let samples: BTreeSet<_> = stored().into_iter().map(|(file, _)| file).collect();
    let files: BTreeSet<_> = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(samples, files, "a form has no golden file, or a stored form has no sample any more");
    for entry in CATALOGUE {
        let file = folder().join(format!("{}.json", entry.event_type()));
        assert!(files.contains(&file), "{} has no golden file", file.display());
    }
}

#[test]
fn the_samples_are_those_of_the_catalogue_in_order() {
    let samples: Vec<_> = sample::envelopes().iter().map(|e| e.event.event_type()).collect();
    let catalogue: Vec<_> = CATALOGUE.iter().map(|entry| entry.event_type()).collect();
    assert_eq!(samples, catalogue);
}

#[test]
fn blessing_leaves_an_existing_file_as_it_is() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("blessed-before.json");
    fs::write(&file, "stored long ago").unwrap();
    Golden::of(&sample::envelopes()[0]).bless(&file);
    assert_eq!(fs::read_to_string(&file).unwrap(), "stored long ago");
}
