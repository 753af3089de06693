//! Secrets: drawing them, and keeping only their hash.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use rand::TryRngCore as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::RoleName;
use crate::access::actor_name;

/// The SHA-256 of a secret. Secrets are drawn with 256 bits, so a plain hash suffices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no SHA-256: use 64 hexadecimal digits, as printed by `aegis token`");
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (byte, index) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = text
                .get(index..index + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

/// 256 random bits from the operating system, in hexadecimal.
pub(crate) fn draw() -> String {
    let mut bytes = [0_u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).expect("the operating system has random bytes");
    hex(&bytes)
}

/// The token kept in this file, drawn when there is none. Only the owner of the file may read it.
pub(crate) fn kept_in(path: &Path) -> anyhow::Result<String> {
    let context = || format!("the token file {} cannot be used", path.display());
    match std::fs::read_to_string(path) {
        Ok(token) if token.trim().len() == 64 => return Ok(token.trim().to_owned()),
        Ok(_) => {
            anyhow::bail!("the token file {} is damaged: remove it, and another is drawn", path.display())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(context),
    }
    let token = draw();
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(context)?;
    writeln!(file, "{token}").and_then(|()| file.sync_all()).with_context(context)?;
    Ok(token)
}

/// Draws a token.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose it is; recorded with every change made with it.
    #[arg(long, value_parser = actor_name)]
    name: String,
    /// What it may do.
    #[arg(long, value_enum, default_value = "viewer")]
    role: RoleName,
}

impl Args {
    pub(crate) fn draw(&self) -> String {
        let token = draw();
        format!("# The token, shown only this once:\n# {token}\n{}", entry(&self.name, self.role, &token))
    }
}

/// The entry of a token for the configuration of `serve`.
pub(crate) fn entry(name: &str, role: RoleName, token: &str) -> String {
    let role = format!("{role:?}").to_lowercase();
    let Digest(digest) = Digest::of(token);
    format!("[[token]]\nname = {name:?}\nrole = \"{role}\"\nsha256 = \"{}\"", hex(&digest))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::TokenEntry;

    #[derive(Deserialize)]
    struct File {
        token: Vec<TokenEntry>,
    }

    #[test]
    fn the_printed_entry_is_one_that_the_configuration_takes() {
        let args = Args { name: "night \"shift\"".into(), role: RoleName::Auditor };
        let printed = args.draw();
        let file: File = toml::from_str(&printed).unwrap();
        let token = printed.lines().nth(1).unwrap().trim_start_matches("# ");
        assert_eq!(
            (file.token[0].name.as_str(), file.token[0].sha256),
            ("night \"shift\"", Digest::of(token))
        );
    }

    #[test]
    fn a_kept_token_is_drawn_once_and_read_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = kept_in(&path).unwrap();
        assert_eq!(kept_in(&path).unwrap(), token);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
