//! The mistakes that users make first do not compile, and the compiler says what to do.
//!
//! NOTE: not by trybuild, which builds all dependencies once more, twice: minutes on a small machine. One build of the cases, as
//! examples of this package, takes seconds.

use std::process::Command;

/// Each program, and what the compiler says of it.
const MISTAKES: [(&str, &[&str]); 6] = [
    (
        "a_handler_that_returns_a_text_as_its_error",
        &[
            "handlers do not return `String` as their error",
            "return `aegis_sdk::Fault`, which any error becomes with `?`",
        ],
    ),
    ("a_closure_without_an_error_type", &["type annotations needed", "Ok::<u32, E>(volume)"]),
    (
        "a_method_without_a_context",
        &[
            "function is expected to take 3 arguments, but it takes 2 arguments",
            "Method<'a, Desk, aegis_sdk::Call, _>",
        ],
    ),
    (
        "a_lock_that_is_held_while_waiting",
        &[
            "future cannot be sent between threads safely",
            "await occurs here, with `mut placed` maybe used later",
        ],
    ),
    ("parameters_without_a_schema", &["the trait bound `Order: JsonSchema` is not satisfied"]),
    (
        "an_error_without_a_code",
        &[
            "a code is 1 to 128 capital letters, digits and underscores",
            "say what callers are told: `#[fault(code = \"LIMIT_EXCEEDED\")]`",
            "`nested` is for a variant with one field: the inner error",
            "unknown: use `code = \"..\"`, `details`, `never`, `after_ms = ..`, `nested` or `internal`",
        ],
    ),
];

#[test]
fn the_compiler_says_what_to_do() {
    // The whole workspace with one more feature: what it was built of for this test serves for the cases, too.
    let mut build = Command::new(env!("CARGO"));
    build.args([
        "build",
        "--workspace",
        "--keep-going",
        "--color",
        "never",
        "--features",
        "aegis-macros/mistakes",
    ]);
    for (name, _) in MISTAKES {
        build.args(["--example", name]);
    }
    let output = build.output().expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "all of them compile");
    for (name, expected) in MISTAKES {
        assert!(
            told.contains(&format!("could not compile `aegis-macros` (example \"{name}\")")),
            "{name}: {told}"
        );
        for text in expected {
            assert!(told.contains(text), "{name} does not tell {text:?}: {told}");
        }
    }
}
