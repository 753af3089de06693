//! Names: no text makes them panic, and no text that would break a subject becomes one.

use aegis_domain::wire::Namespace;
use aegis_domain::{Actor, GroupName, InstanceName, MethodName, ServiceName, Version};
use proptest::prelude::*;

#[test]
fn an_actor_has_a_name_that_can_be_recorded() {
    for name in ["alice", "night shift", "Zoë", "svc:ci/42", "田中", "a", "x".repeat(128).as_str()] {
        assert_eq!(Actor::check_name(name), Ok(name));
    }
    for name in
        ["", " ", "\t", "--", " alice", "alice ", "a\nb", "a\u{0}", "\u{a0}", "a\u{200b}", "a\u{202e}", "🏦"]
    {
        assert!(Actor::check_name(name).unwrap_err().to_string().contains("is refused"), "{name:?}");
    }
    assert!(Actor::check_name(&"x".repeat(129)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_name_or_is_refused_with_the_rule(text in any::<String>()) {
        let outcomes = [
            ServiceName::new(text.clone()).map(String::from),
            InstanceName::new(text.clone()).map(String::from),
            GroupName::new(text.clone()).map(String::from),
            MethodName::new(text.clone()).map(String::from),
            Namespace::new(&text).map(|namespace| namespace.as_str().to_owned()),
        ];
        for outcome in outcomes {
            match outcome {
                Ok(name) => {
                    prop_assert!(!name.contains(['.', '*', '>', ' ']), "{name:?} is more than one token");
                    prop_assert_eq!(name, text.clone());
                }
                Err(error) => prop_assert!(error.to_string().contains(error.rule)),
            }
        }
        let _refused = Version::new(text);
    }

    #[test]
    fn text_close_to_a_name_is_judged_by_its_length_too(name in "[a-z][a-z0-9-]{0,140}") {
        prop_assert_eq!(ServiceName::new(name.clone()).is_ok(), name.len() <= 64);
        prop_assert_eq!(InstanceName::new(name.clone()).is_ok(), name.len() <= 128);
        let definable = ServiceName::new(name.clone()).is_ok_and(|name| name.is_definable());
        let host_like = (3..=64).contains(&name.len()) && !name.contains("--") && !name.ends_with('-');
        prop_assert_eq!(definable, host_like);
    }
}
