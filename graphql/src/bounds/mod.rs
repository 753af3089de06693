//! What one request may ask for: bounded before it is parsed, before it is validated and before it runs, so that any
//! document is answered or refused in little time.

mod budget;
mod cost;
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
use crate::ports::Principal;
use budget::Budgets;
use cost::{Endless, Found, LEVELS};

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
}

/// See the module.
#[derive(Debug)]
struct Bounds {
    budgets: Arc<Budgets>,
    cost: Mutex<Option<u64>>,
}

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Bounds { budgets: Arc::clone(&self.budgets), cost: Mutex::new(None) })
    }
}

#[async_trait::async_trait]
impl Extension for Bounds {
    async fn request(&self, context: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let response = next.run(context).await;
        match *self.cost.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(cost) => response.extension("cost", value!({ "asked": cost, "limit": COST })),
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
        let variables = request.variables.clone();
        let found =
            cost::of(&context.schema_env.registry, parsed(&mut request)?, &variables).map_err(endless)?;
        check(found)?;
        *self.cost.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.cost);
        next.run(context, request).await
    }

    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let cost = *self.cost.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(principal), Some(cost)) = (context.data_opt::<Principal>(), cost) {
            self.budgets.spend(&principal.name, cost).map_err(|refusal| vec![refusal])?;
        }
        next.run(context).await
    }
}

/// The document of a request, if it is within the bounds of what is parsed. It is parsed once.
fn parsed(request: &mut Request) -> ServerResult<&ExecutableDocument> {
    text::check(&request.query).map_err(|excess| too_complex(excess.to_string()))?;
    request.parsed_query()
}

/// Whether it asks for a change. What cannot be read changes nothing.
pub fn is_change(request: &mut Request) -> bool {
    parsed(request).is_ok_and(|document| {
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
