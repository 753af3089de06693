//! The reference of the guide, held to what is public: each name is in a listing, and each type has an example.

use std::collections::BTreeSet;

use serde_json::Value;

/// The page.
pub(super) const PAGE: &str = "docs/guide/reference.md";

/// What the first columns of its tables name.
fn names(page: &str) -> Vec<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// The types that the page names, and whose documentation has no example in what rustdoc has written of these crates.
pub(super) fn without_example<'a>(page: &'a str, crates: &[Value]) -> BTreeSet<&'a str> {
    let mut types: BTreeSet<&str> = names(page)
        .into_iter()
        .filter_map(|name| name.split("::").find(|part| part.starts_with(char::is_uppercase)))
        .collect();
    for item in crates.iter().filter_map(|told| told["index"].as_object()).flat_map(|index| index.values()) {
        let is_type = ["struct", "enum", "trait"].iter().any(|kind| !item["inner"][kind].is_null());
        if let (true, Some(name), Some(docs)) = (is_type, item["name"].as_str(), item["docs"].as_str())
            && docs.contains("```")
        {
            types.remove(name);
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::{PAGE, names, without_example};
    use crate::{
        public_api::{FOLDER, PACKAGES},
        workspace::root,
    };

    /// Whether `name` stands in `text`, and not within a longer name.
    fn stands_in(text: &str, name: &str) -> bool {
        let ends = |sign: char| !sign.is_alphanumeric() && sign != '_';
        let mut places = text.match_indices(name);
        places.any(|(at, _)| text[..at].ends_with(ends) && text[at + name.len()..].starts_with(ends))
    }

    #[test]
    fn whatever_the_reference_names_is_public() {
        let listings = PACKAGES.map(|package| root().join(FOLDER).join(format!("{package}.txt")));
        let listings = listings.map(|file| fs::read_to_string(file).unwrap()).concat();
        let page = fs::read_to_string(root().join(PAGE)).unwrap();
        let names = names(&page);
        assert!(names.len() > 100, "{names:?}");
        for name in names {
            // Where it is passed on, it stands under the crate that has it; generic types have their parameters in between.
            let parts: Vec<&str> = name.split("::").collect();
            let (owner, item) = (parts[parts.len().saturating_sub(2)], parts[parts.len() - 1]);
            let mut forms = vec![format!("{owner}::{item}"), format!("{owner}<S>::{item}")];
            if parts.len() == 1 || owner.starts_with(char::is_lowercase) {
                forms.push(item.to_owned());
            }
            assert!(forms.iter().any(|form| stands_in(&listings, form)), "{name} is in no listing");
        }
    }

    #[test]
    fn a_type_without_an_example_is_named() {
        let page = "| type or method | what for |\n|---|---|\n| `Desk::open`, `a::Book::write` | `Else` |\n| `a::run` | |\n";
        let of = |name: &str, docs: &str| json!({ "name": name, "docs": docs, "inner": { "struct": {} } });
        let told = json!({ "index": { "0": of("Desk", "A desk.\n```\n```"), "1": of("Book", "A book.") } });
        assert_eq!(without_example(page, &[told]).into_iter().collect::<Vec<_>>(), ["Book"]);
    }
}
