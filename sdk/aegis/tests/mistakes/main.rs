//! The mistakes that users make first do not compile, and the compiler says what to do.

#[test]
fn the_compiler_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/cases/*.rs");
}
