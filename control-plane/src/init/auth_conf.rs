//! `auth.conf`: accounts, users and what they may, for nats-server.

use std::fmt::Write as _;

use aegis_domain::wire::Namespace;

use super::access::{ADMIN, AUDITOR, Access, CONTROL_PLANE, OPERATOR, SYSTEM, variable};
use super::roles::{self, Permissions};

const HEAD: &str = "\
# Who may connect, and what each may publish and subscribe to. Written by `aegis init`; do not edit.
#
# Passwords come from the environment of nats-server: NATS_PASSWORD_ and the name of the user in capitals.
# Streams and buckets are kept in the account AEGIS. Nobody connects without a user.
";

/// The configuration, with each password as a variable.
pub(super) fn render(namespace: &Namespace, access: &Access) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\naccounts {\n  AEGIS {\n    jetstream: enabled\n    users: [\n");
    user(&mut text, CONTROL_PLANE, &roles::control_plane(namespace));
    user(&mut text, OPERATOR, &roles::operator(namespace));
    user(&mut text, ADMIN, &roles::admin(namespace));
    user(&mut text, AUDITOR, &roles::auditor(namespace));
    for part in &access.services {
        user(&mut text, part.name.as_str(), &roles::service(namespace, part));
    }
    for part in &access.clients {
        user(&mut text, part.name.as_str(), &roles::caller(namespace, part));
    }
    let system = variable(SYSTEM);
    line(&mut text, "    ]\n  }");
    line(&mut text, &format!("  SYS {{ users: [ {{ user: {SYSTEM:?}, password: ${system} }} ] }}\n}}\n"));
    line(&mut text, "system_account: SYS");
    text
}

fn user(text: &mut String, name: &str, permissions: &Permissions) {
    line(text, &format!("      {{\n        user: {name:?}\n        password: ${}", variable(name)));
    line(text, "        permissions: {");
    subjects(text, "publish", &permissions.publish);
    subjects(text, "subscribe", &permissions.subscribe);
    line(text, "        }\n      }");
}

fn subjects(text: &mut String, what: &str, allowed: &[String]) {
    line(text, &format!("          {what}: ["));
    let mut told: Vec<_> = allowed.iter().collect();
    told.sort_unstable();
    told.dedup();
    for subject in told {
        line(text, &format!("            {subject:?}"));
    }
    line(text, "          ]");
}

fn line(text: &mut String, of: &str) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(text, "{of}");
}
