//! Whether an instance of a service may start, as definitions govern it.

use aegis_domain::ServiceName;
use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::policy::RegistrationPolicy;

/// The service may not run: it has no definition, or its definition is not in use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// It has no definition.
    #[error(
        "the service {service} is not defined, and only defined services may start here: define it (`aegis definitions apply`), \
         or set registration to open or warn"
    )]
    Undefined {
        /// The service.
        service: ServiceName,
    },
    /// Its definition was taken out of use.
    #[error(
        "the service {service} is retired, and its definition says that none may start: reinstate it first"
    )]
    Retired {
        /// The service.
        service: ServiceName,
    },
}

/// Whether it may start; a start that is not meant to be is logged. `fallback` holds where no definition says
/// anything.
pub(in crate::service) fn admit(
    service: &ServiceName,
    definition: &Definition,
    fallback: RegistrationPolicy,
) -> Result<(), NotAdmitted> {
    if definition.active().is_some() {
        return Ok(());
    }
    let (policy, refusal) = match &definition.content {
        Some(content) => (content.registration, NotAdmitted::Retired { service: service.clone() }),
        None => (fallback, NotAdmitted::Undefined { service: service.clone() }),
    };
    match policy {
        RegistrationPolicy::Open => Ok(()),
        RegistrationPolicy::Warn => {
            let why = match &refusal {
                NotAdmitted::Undefined { .. } => "it is not defined: define it (`aegis definitions apply`)",
                NotAdmitted::Retired { .. } => "it is retired: reinstate it, or stop its instances",
            };
            tracing::warn!(%service, why, "a service starts that no definition in use asks for");
            Ok(())
        }
        RegistrationPolicy::Enforce => Err(refusal),
    }
}
