//! Documents that ask for too much, and documents of 256 KiB of every shape: the largest body that is taken.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// The largest body, with room for what surrounds a document.
const BYTES: usize = 256 * 1024 - 512;

/// One request: its name, and the body of a GraphQL request.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) name: &'static str,
    pub(super) body: String,
}

fn of(name: &'static str, query: &str) -> Document {
    with(name, query, &json!({}))
}

fn with(name: &'static str, query: &str, variables: &Value) -> Document {
    Document { name, body: json!({ "query": query, "variables": variables }).to_string() }
}

/// As many of them as the largest body holds.
fn filled(before: &str, each: impl Fn(usize) -> String, after: &str) -> String {
    let mut text = before.to_owned();
    for i in 0.. {
        let part = each(i);
        // A quotation mark takes two bytes in JSON, as a line break does.
        let taken = |text: &str| text.len() + text.matches(['"', '\n', '\\']).count();
        if taken(&text) + taken(&part) + taken(after) > BYTES {
            break;
        }
        text += &part;
    }
    text + after
}

fn aliases(count: usize, field: &str) -> String {
    let fields: Vec<_> = (0..count).map(|i| format!("a{i}: {field}")).collect();
    format!("{{ {} }}", fields.join(" "))
}

fn doubling(count: usize) -> String {
    let mut text = "{ ...f0 } ".to_owned();
    for i in 0..count {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "fragment f{i} on Query {{ ...f{0} ...f{0} }} ", i + 1);
    }
    text + &format!("fragment f{count} on Query {{ viewer {{ name }} }}")
}

/// Small ones that ask for much.
pub(super) fn greedy() -> Vec<Document> {
    let history = "definitions(first: 1000) { nodes { history(first: 1) { nodes { by } } } }";
    let nested =
        "{ definitions(first: 4294967295) { nodes { history(first: 4294967295) { nodes { by at } } } } }";
    vec![
        of("fragments that double, 26 deep", &doubling(26)),
        of("first: 4294967295, nested twice", nested),
        of("500 aliases of __schema", &aliases(500, "__schema { types { name fields { name } } }")),
        of("history(first: 1) x 1000", &format!("{{ {history} }}")),
        of("6,000 aliases of a count", &aliases(6_000, "system { deadLetters }")),
    ]
}

/// Those of 256 KiB.
pub(super) fn large() -> Vec<Document> {
    let half = BYTES / 2;
    let mut all = vec![
        of("braces that never close", &"{a".repeat(half)),
        of("fields, nested", &format!("{}{}", "{a".repeat(half / 2), "}".repeat(half / 2))),
        of("inline fragments, nested", &filled("{", |_| "...{".to_owned(), "")),
        of("lists, nested", &format!("{{ a(b: {}", "[".repeat(BYTES - 64))),
        of("types, nested", &format!("query($a: {}", "[".repeat(BYTES - 64))),
        of("objects, nested", &filled("{ a(b: ", |_| "{c:".to_owned(), "")),
        of("tokens", &filled("{", |_| "a ".to_owned(), "}")),
        of("punctuation", &"!".repeat(BYTES)),
        of("spreads", &filled("{", |_| "...f ".to_owned(), "} fragment f on Query { viewer { name } }")),
        of(
            "fragments",
            &filled("{ ...f0 }", |i| format!(" fragment f{i} on Query {{ viewer {{ name }} }}"), ""),
        ),
        of(
            "fragments in a chain",
            &filled("{ ...f0 }", |i| format!(" fragment f{i} on Query {{ ...f{} }}", i + 1), ""),
        ),
        of("operations", &filled("", |i| format!("query q{i} {{ viewer {{ name }} }} "), "")),
        of("directives", &filled("{ viewer { name ", |_| "@skip(if: false) ".to_owned(), "} }")),
        of("unknown directives", &filled("{ viewer { name ", |i| format!("@d{i} "), "} }")),
        of("declared variables", &filled("query(", |i| format!("$v{i}: Int = 1 "), ") { viewer { name } }")),
        of("aliases", &filled("{", |i| format!("a{i}: viewer {{ name }} "), "}")),
        of("arguments", &filled("{ viewer(", |i| format!("a{i}: 1 "), ") { name } }")),
        of("unknown fields", &filled("{", |i| format!("nothing{i} "), "}")),
        of("a string", &format!("{{ service(name: \"{}\") {{ name }} }}", "a".repeat(BYTES - 64))),
        of("a block string", &filled("{ service(name: \"\"\"", |_| "  a\n".to_owned(), "\"\"\") { name } }")),
        of("escapes in a string", &filled("{ service(name: \"", |_| "\\u0041".to_owned(), "\") { name } }")),
        of("strings", &filled("{ a(b: [", |_| "\"\" ".to_owned(), "]) }")),
        of("a string that never ends", &format!("{{ a(b: \"{}", "a".repeat(BYTES - 64))),
        of("a name", &format!("{{ {} }}", "a".repeat(BYTES - 64))),
        of("a number", &format!("{{ a(b: {}) }}", "9".repeat(BYTES - 64))),
        of("comments", &filled("{ viewer { name } } ", |_| "#a\n".to_owned(), "")),
        of("a comment", &format!("{{ viewer {{ name }} }} #{}", "a".repeat(BYTES - 64))),
        of("white space and commas", &format!("{{ viewer {{ name }} }} {}", " ,".repeat(half - 64))),
        of("letters of elsewhere", &"é".repeat(half)),
    ];
    let filter = "query($f: EventFilter) { events(last: 1, filter: $f) { asOfSequence } }";
    let services: Vec<_> = (0..24_000).map(|i| format!("t{i:05}")).collect();
    let numbers: serde_json::Map<_, _> = (0..15_000).map(|i| (format!("v{i}"), json!(1))).collect();
    all.extend([
        with("a filter of 24,000 types", filter, &json!({ "f": { "types": services } })),
        with("a text to search for", filter, &json!({ "f": { "text": "a".repeat(BYTES - 256) } })),
        with("variables that nobody declared", "{ viewer { name } }", &numbers.into()),
    ]);
    let raw = |name, body: String| Document { name, body };
    let query = r#"{"query":"{ viewer { name } }","#;
    all.extend([
        raw("variables, nested", format!("{query}\"variables\":{{\"a\":{}", "[".repeat(BYTES - 128))),
        raw("extensions", format!("{query}\"extensions\":{{\"a\":\"{}\"}}}}", "a".repeat(BYTES - 128))),
        raw(
            "the name of an operation",
            format!("{query}\"operationName\":\"{}\"}}", "a".repeat(BYTES - 128)),
        ),
        raw("a batch", format!("[{}]", vec![r#"{"query":"{ viewer { name } }"}"#; 8_000].join(","))),
        raw("no JSON", "}".repeat(BYTES)),
    ]);
    all
}
