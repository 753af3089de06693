use std::fmt::Write as _;
use std::time::{Duration, Instant};

use async_graphql::{Request, Response, Schema, Variables};

use super::*;
use crate::codes::Codes;
use crate::mutation::Mutation;
use crate::ports::Role;
use crate::query::Query;
use crate::schema::ApiSchema;
use crate::subscription::Subscription;

/// How long any document may take until it is answered or refused; what is not optimised takes longer.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_500 } else { 50 });

/// The schema without what its resolvers need: queries of data fail in them, after all bounds.
fn schema() -> ApiSchema {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .disable_suggestions()
        .extension(Codes)
        .extension(Limits::default())
        .finish()
}

async fn answer(schema: &ApiSchema, request: impl Into<Request>) -> Response {
    let request = request.into();
    let start: String = request.query.chars().take(100).collect();
    let begun = Instant::now();
    let response = schema.execute(request).await;
    let took = begun.elapsed();
    assert!(took < PATIENCE, "{took:?} for {start}");
    response
}

fn code(response: &Response) -> Option<String> {
    let code = response.errors.first()?.extensions.as_ref()?.get("code")?.clone();
    Some(code.into_json().unwrap().as_str().unwrap().to_owned())
}

fn cost(response: &Response) -> u64 {
    response.extensions["cost"].clone().into_json().unwrap()["asked"].as_u64().unwrap()
}

fn doubling(count: usize) -> String {
    let mut document = "{ ...f0 } ".to_owned();
    for i in 0..count {
        write!(document, "fragment f{i} on Query {{ ...f{0} ...f{0} }} ", i + 1).unwrap();
    }
    write!(document, "fragment f{count} on Query {{ viewer {{ name }} }}").unwrap();
    document
}

fn chain(count: usize) -> String {
    let mut document = "{ ...f0 } ".to_owned();
    for i in 0..count {
        write!(document, "fragment f{i} on Query {{ ...f{} }} ", i + 1).unwrap();
    }
    write!(document, "fragment f{count} on Query {{ viewer {{ name }} }}").unwrap();
    document
}

fn many(count: usize, field: &str) -> String {
    let fields: Vec<_> = (0..count).map(|i| format!("a{i}: {field}")).collect();
    format!("{{ {} }}", fields.join(" "))
}

#[tokio::test]
async fn documents_that_ask_for_too_much_are_refused_before_anything_is_done() {
    let schema = schema();
    let inner = "... on Query { ".repeat(60);
    for document in [
        doubling(26),
        doubling(60),
        chain(400),
        chain(usize::try_from(LEVELS).unwrap() + 1),
        format!("{{ {inner} viewer {{ name }} {} }}", "}".repeat(60)),
        "{ instances(first: 4294967295) { nodes { id } } }".to_owned(),
        "{ instances(first: 18446744073709551615) { nodes { id } } }".to_owned(),
        "{ definitions(first: 4294967295) { nodes { history(first: 4294967295) { nodes { by at } } } } }"
            .to_owned(),
        "query($n: Int = 4294967295) { instances(first: $n) { nodes { id } } }".to_owned(),
        "{ definitions(first: 1000) { nodes { history(first: 1) { nodes { by } } } } }".to_owned(),
        many(500, "__schema { types { name } }"),
        many(6_000, "system { deadLetters }"),
        many(900, "instances(first: 0) { totalCount }"),
        many(12, "asOf(sequence: 1) { asOfSequence }"),
        "{".repeat(100_000),
        "[".repeat(250_000),
        format!("{{ a(b: {}1{}) }}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("query($a: {}Int{}) {{ viewer {{ name }} }}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{{ {} }}", "x".repeat(250_000)),
        format!("{{ viewer {{ name }} }} {}", "# a\n".repeat(60_000)),
        format!("{{ viewer {{ name {} }} }}", "@skip(if: true) ".repeat(4_000)),
    ] {
        let response = answer(&schema, document.as_str()).await;
        let start = &document[..document.len().min(100)];
        assert_eq!(code(&response).as_deref(), Some("QUERY_TOO_COMPLEX"), "{start}: {response:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_as_fast_whatever_it_is() {
    let schema = schema();
    let unknown: Vec<_> = (0..1_900).map(|i| format!("n{i:0>60}")).collect();
    for document in [
        "{ ...f0 } fragment f0 on Query { ...f1 } fragment f1 on Query { ...f0 }".to_owned(),
        "{ ...f0 } fragment f0 on Query { viewer { name } ...f0 }".to_owned(),
        format!("{{ {} }}", unknown.join(" ")),
        many(350, "viewer(x: 1) { name }"),
        format!("{{ viewer {{ name(x: \"{}\") }} }}", "é".repeat(100_000)),
        format!("{{ viewer {{ name(x: \"\"\"{}\"\"\") }} }}", "\n x\\\"\"\"".repeat(20_000)),
        "\"".repeat(3_999),
        "query".repeat(40),
    ] {
        let response = answer(&schema, document.as_str()).await;
        let start = &document[..document.char_indices().nth(100).map_or(document.len(), |(at, _)| at)];
        assert_eq!(code(&response).as_deref(), Some("INVALID_QUERY"), "{start}");
        assert!(
            response.errors.len() <= 20 && response.errors.iter().all(|error| error.message.len() < 2_000)
        );
    }
}

#[tokio::test]
async fn the_usual_introspection_is_answered_and_says_what_it_costs() {
    let schema = schema();
    let types = "ofType { kind name ".repeat(7) + &" }".repeat(7);
    let document = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }}
           types {{ ...FullType }} directives {{ name description locations args {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description
           fields(includeDeprecated: true) {{ name description args {{ ...InputValue }} type {{ ...TypeRef }}
             isDeprecated deprecationReason }}
           inputFields {{ ...InputValue }} interfaces {{ ...TypeRef }}
           enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
           possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue }}
         fragment TypeRef on __Type {{ kind name {types} }}"
    );
    let response = answer(&schema, document.as_str()).await;
    assert_eq!(response.errors, []);
    assert!((1_000..10_000).contains(&cost(&response)), "{}", cost(&response));
}

#[tokio::test]
async fn a_length_counts_wherever_it_comes_from() {
    let schema = schema();
    let asked = async |document: &str, variables: serde_json::Value| {
        let request = Request::new(document).variables(Variables::from_json(variables));
        cost(&answer(&schema, request).await)
    };
    let none = serde_json::json!({});
    let literal = asked("{ leaders(first: 100) { nodes { id term } } }", none.clone()).await;
    let given = "query($n: Int!) { leaders(first: $n) { nodes { id term } } }";
    assert_eq!(asked(given, serde_json::json!({ "n": 100 })).await, literal);
    let default = "query($n: Int = 100) { leaders(first: $n) { nodes { id term } } }";
    assert_eq!(asked(default, none.clone()).await, literal);
    let fragment =
        "query($n: Int = 100) { ...f } fragment f on Query { leaders(first: $n) { nodes { id term } } }";
    assert_eq!(asked(fragment, none.clone()).await, literal);
    let schemas = asked("{ leaders { nodes { id term } } }", none.clone()).await;
    assert!(schemas < literal && schemas > literal / 3, "{schemas} {literal}");
    let small = asked("{ viewer { name } }", none).await;
    assert_eq!(small, 2);
}

#[tokio::test]
async fn who_has_spent_a_budget_is_told_to_wait_and_others_are_served() {
    let schema = schema();
    let dear = many(15, "__schema { types { name } }");
    let ask = async |name: &str| {
        let principal = Principal { name: name.to_owned(), role: Role::Viewer };
        schema.execute(Request::new(&dear).data(principal)).await
    };
    let mut refused = None;
    for _ in 0..1_000 {
        let response = ask("greedy").await;
        if !response.errors.is_empty() {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("a budget ends");
    assert_eq!(code(&refused).as_deref(), Some("RATE_LIMITED"));
    let extensions = refused.errors[0].extensions.as_ref().unwrap();
    let wait = extensions.get("retryAfterMs").unwrap().clone().into_json().unwrap().as_u64().unwrap();
    assert!((1..1_000).contains(&wait), "{wait}");
    assert_eq!(ask("modest").await.errors, []);
}

#[tokio::test]
async fn an_answer_without_anything_is_an_empty_object() {
    let response = answer(&schema(), "{ __typename @skip(if: true) }").await;
    assert!(response.errors.is_empty(), "{response:?}");
    assert_eq!(response.data.into_json().unwrap(), serde_json::json!({}));
}

#[tokio::test]
async fn a_subscription_has_one_root_field() {
    let schema = schema();
    let refused = [
        "subscription { a: events { __typename } b: events { __typename } }",
        "subscription { events { __typename } events { __typename } }",
        "subscription { events { __typename } ...f } fragment f on Subscription { instanceChanges { __typename } }",
        "subscription { ...f ...f } fragment f on Subscription { events { __typename } }",
        "subscription { ... on Subscription { events { __typename } ... { leaderChanges { __typename } } } }",
        "subscription { __typename }",
    ];
    for document in refused {
        assert_eq!(code(&answer(&schema, document).await).as_deref(), Some("INVALID_QUERY"), "{document}");
    }
    let taken = "subscription { ...f } fragment f on Subscription { events { __typename } }";
    let response = answer(&schema, taken).await;
    // It is not run here: this way of asking is for queries.
    assert!(!response.errors.iter().any(|error| error.message.contains("at its root")), "{response:?}");
}

#[tokio::test]
async fn of_a_union_the_dearest_member_counts() {
    let schema = schema();
    let input = "service: \"a\", expectedRevision: 1, reason: \"r\"";
    let asked = |selection: &str| format!("mutation {{ retire(input: {{ {input} }}) {{ {selection} }} }}");
    let (one, other) =
        ("... on Rejected { code message field }", "... on DefinitionChanged { revision sequence }");
    let each = cost(&answer(&schema, asked(one)).await);
    assert_eq!(cost(&answer(&schema, asked(&format!("{one} {other}"))).await), each);
    // The same member twice is twice as much; so is what every member has.
    assert_eq!(cost(&answer(&schema, asked(&format!("{one} ... on Rejected {{ code }}"))).await), each + 1);
    assert_eq!(cost(&answer(&schema, asked(&format!("__typename {one}"))).await), each + 1);
    let spread =
        format!("{} fragment F on Rejected {{ code message field }}", asked(&format!("...F {other}")));
    assert_eq!(cost(&answer(&schema, spread).await), each);
}
