//! Limits of one request: bounded before it is parsed, before it is validated and before it runs, so that any
//! document is answered or refused in little time.

mod budget;
mod cost;
mod registered;
mod root;
#[cfg(test)]
mod tests;
mod text;

use std::sync::{Arc, Mutex, PoisonError};

use aegis_domain::ErrorCode;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextRequest, NextValidation,
};
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response, ServerError, ServerResult, ValidationResult, value};

use crate::codes::server_error;
use crate::ports::{Principal, Role};
use budget::Budgets;
use cost::{Endless, Found, LEVELS};
use text::Excess;

pub use registered::Registered;

/// How deep fields may nest: as deep as the usual introspection query does.
const DEPTH: u64 = 16;
/// The most selections and directives, those of a fragment counted wherever it is spread.
const SELECTIONS: u64 = 4_000;
/// The most that one document may cost: about the number of fields in the answer.
const COST: u64 = 20_000;

/// Makes [`Bounds`], one for each request.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    budgets: Arc<Budgets>,
    registered: Arc<Registered>,
}

impl Limits {
    pub(crate) fn new(registered: Registered) -> Self {
        Self { budgets: Arc::default(), registered: Arc::new(registered) }
    }
}

/// See the module.
#[derive(Debug)]
struct Bounds {
    budgets: Arc<Budgets>,
    registered: Arc<Registered>,
    seen: Mutex<Option<Seen>>,
}

/// In the data of a request whose document is one of this program and not of the caller: whoever may run registered
/// documents only may run it, too.
#[derive(Debug, Clone, Copy)]
pub struct OwnDocument;

/// What was found in the document of a request.
#[derive(Debug, Clone, Copy)]
struct Seen {
    cost: u64,
    /// Whether a viewer may run it.
    for_viewers: bool,
}

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        let (budgets, registered) = (Arc::clone(&self.budgets), Arc::clone(&self.registered));
        Arc::new(Bounds { budgets, registered, seen: Mutex::new(None) })
    }
}

#[async_trait::async_trait]
impl Extension for Bounds {
    async fn request(&self, context: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let response = next.run(context).await;
        match self.seen() {
            Some(Seen { cost, .. }) => response.extension("cost", value!({ "asked": cost, "limit": COST })),
            None => response,
        }
    }

    // Before the library looks at it: its own checks take as long as the document makes them.
    async fn prepare_request(
        &self,
        context: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        self.registered.complete(&mut request)?;
        let variables = request.variables.clone();
        let document = parsed(&mut request)?;
        let found = cost::of(&context.schema_env.registry, document, &variables).map_err(endless)?;
        check(found)?;
        if !root::is_single(document) {
            let message = "a subscription has exactly one field at its root: begin one for each, on the same connection";
            return Err(server_error(ErrorCode::InvalidQuery, message));
        }
        let seen = Seen { cost: found.cost, for_viewers: self.registered.admits(&request.query) };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        next.run(context, request).await
    }

    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        if let (Some(principal), Some(seen)) = (context.data_opt::<Principal>(), self.seen()) {
            let admitted = seen.for_viewers || context.data_opt::<OwnDocument>().is_some();
            if principal.role == Role::Viewer && !admitted {
                let message = "viewers run only the documents that are registered here, those of the page";
                return Err(vec![server_error(ErrorCode::Forbidden, message)]);
            }
            self.budgets.spend(&principal.name, seen.cost).map_err(|refusal| vec![refusal])?;
        }
        next.run(context).await
    }
}

impl Bounds {
    fn seen(&self) -> Option<Seen> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The document of a request, if it is within the bounds of what is parsed. It is parsed once.
fn parsed(request: &mut Request) -> ServerResult<&ExecutableDocument> {
    text::check(&request.query).map_err(|excess| match excess {
        Excess::Unended => server_error(ErrorCode::InvalidQuery, excess.to_string()),
        Excess::Tokens | Excess::Nesting | Excess::Word | Excess::Ignored => too_complex(excess.to_string()),
    })?;
    request.parsed_query()
}

/// Whether it may ask for a change: by a mutation, or by the hash of a document that is not known here. What cannot be read
/// changes nothing.
pub fn is_change(request: &mut Request) -> bool {
    request.query.is_empty()
        || parsed(request).is_ok_and(|document| {
            document.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation)
        })
}

fn check(found: Found) -> ServerResult<()> {
    let Found { cost, selections, depth, .. } = found;
    let refusal = if depth > DEPTH {
        format!("the query nests {depth} levels deep, and {DEPTH} are the limit: ask in several queries")
    } else if selections > SELECTIONS {
        format!(
            "the query selects {selections} fields, fragments counted wherever they are spread, and {SELECTIONS} are the \
             limit: ask for fewer"
        )
    } else if cost > COST {
        format!(
            "the query costs {cost}, about the number of fields in its answer, and {COST} is the limit: ask for fewer fields \
             or shorter pages"
        )
    } else {
        return Ok(());
    };
    Err(too_complex(refusal))
}

fn endless(endless: Endless) -> ServerError {
    match endless {
        Endless::Cycle(name) => {
            server_error(ErrorCode::InvalidQuery, format!("the fragment {name} spreads itself"))
        }
        Endless::Levels => too_complex(format!(
            "selections and fragments nest more than {LEVELS} levels deep: ask in several queries"
        )),
    }
}

fn too_complex(message: String) -> ServerError {
    server_error(ErrorCode::QueryTooComplex, message)
}
