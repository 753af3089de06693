//! Words that this project has given up for plainer ones. They do not come back.

use std::path::Path;

/// A word in two halves, so that this file does not break its own rule, and what to say instead. One that begins with a capital is
/// a name in code, and is meant as it stands; any other is meant in either case. Both are meant within longer names, too:
/// `carry` would be found in `CarryLetter` and `carry_letter`, and not in `carrying`.
const BANNED: [(&str, &str, &str); 21] = [
    ("bu", "ry", "publish a dead letter"),
    ("bu", "ries", "publishes a dead letter"),
    ("bu", "ried", "dead-lettered"),
    ("bar", "red", "paused, and until when"),
    ("the roo", "ms", "workspace layout, folders, screens"),
    ("whoever is no", "body", "requires authentication"),
    ("that are no", "ne", "what they are instead: undecodable, malformed, unreadable"),
    ("Hea", "ring", "Liveness"),
    ("Sig", "ht", "HeartbeatVisibility"),
    ("Ill", "ness", "HealthResponder, aggregated health"),
    ("usu", "al()", "default_options()"),
    ("dr", "ess", "set_security_headers"),
    ("compl", "ain", "print_error"),
    ("become", "_it", "exec"),
    ("sees to", " it", "who does what: creates, wakes, checks"),
    ("see to", " it", "who does what: create, wake, check"),
    ("Has", "te", "FlushMode"),
    ("Uns", "ent", "PublishError, SendError"),
    ("WhenL", "ost", "OnDisconnect"),
    ("Login::No", "body", "Auth::None"),
    ("what an idle service h", "as", "the quantity itself: memory, processor time"),
];
/// It says what things were called before.
const CHANGELOG: &str = "CHANGELOG.md";

/// Each banned word, with its line.
pub(super) fn breaches(file: &Path, text: &str) -> Vec<(usize, String)> {
    if file == Path::new(CHANGELOG) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (head, rest, instead) in BANNED {
            let word = format!("{head}{rest}");
            if stands_in(&word, line) {
                found.push((number + 1, format!("`{word}`: say it plainly: {instead}")));
            }
        }
    }
    found
}

fn stands_in(word: &str, line: &str) -> bool {
    let as_written = word.starts_with(char::is_uppercase);
    // Of ASCII only, so that places in both are the same.
    let searched = if as_written { line.to_owned() } else { line.to_ascii_lowercase() };
    searched.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let mut from = line[at..].chars();
        let begins = match (before, from.next()) {
            (Some(before), Some(first)) => {
                !before.is_alphanumeric() || (before.is_lowercase() && first.is_uppercase())
            }
            _ => true,
        };
        let ends =
            !line[at + word.len()..].starts_with(|next: char| next.is_lowercase() || next.is_numeric());
        begins && ends
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BANNED, breaches, stands_in};

    #[test]
    fn each_banned_word_is_refused_with_its_line_and_what_to_say_instead() {
        for (head, rest, instead) in BANNED {
            let found = breaches(Path::new("docs/a.md"), &format!("fine\n\nIt is so, {head}{rest}.\n"));
            assert_eq!(found.len(), 1, "{head}{rest}: {found:?}");
            assert!(found[0].0 == 3 && found[0].1.contains(instead), "{found:?}");
        }
    }

    #[test]
    fn a_word_is_found_within_names_and_not_within_other_words() {
        for (word, line, found) in [
            ("carry", "fn carry() {}", true),
            ("carry", "Carry it", true),
            ("carry", "fn carry_letter() {}", true),
            ("carry", "CarryLetter", true),
            ("carry", "MustCarryLetter", true),
            ("carry", "carrying", false),
            ("carry", "miscarry", false),
            ("carry", "Miscarry", false),
            ("Width", "Width::Tick", true),
            ("Width", "let width = 3;", false),
            ("Width", "BandWidth", true),
            ("Width", "Widths", false),
        ] {
            assert_eq!(stands_in(word, line), found, "{word}: {line}");
        }
    }

    #[test]
    fn the_changelog_may_name_what_was_called_otherwise() {
        let (head, rest, _) = BANNED[0];
        assert!(
            breaches(Path::new("CHANGELOG.md"), &format!("`{head}{rest}` has another name\n")).is_empty()
        );
    }
}
