//! A container as a command.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Manifests, Moves, moved, text};
use crate::{
    command::{cargo, command, run as run_command},
    tools::nats_server,
    web,
    workspace::built,
};

/// What images have in them.
#[derive(Debug)]
pub(crate) struct Binaries {
    nats_server: PathBuf,
}

impl Binaries {
    /// Builds them, or fetches them.
    pub(crate) fn build() -> Result<Self> {
        // The binary has the page in it.
        web::build()?;
        let packages = ["-p", "aegis-control-plane", "-p", "aegis-trading"];
        run_command(cargo(&["build", "--quiet", "--bins"]).args(packages))?;
        Ok(Self { nats_server: nats_server()?.canonicalize()? })
    }

    /// The program of this name, or that an image of this name starts.
    pub(crate) fn of(&self, name: &str) -> Result<PathBuf> {
        match name {
            "nats-server" => Ok(self.nats_server.clone()),
            "aegis" | "aegis-trading" => Ok(built(name, false).canonicalize()?),
            other => bail!("there is no {other} on this machine"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Container<'a> {
    spec: &'a Value,
    environment: Vec<(String, String)>,
}

impl<'a> Container<'a> {
    /// Makes its environment as the kubelet does: variables refer to those before them.
    pub(crate) fn new(spec: &'a Value, pod: &str, all: &Manifests) -> Result<Self> {
        let mut named: Vec<(String, String)> = vec![];
        for variable in spec["env"].as_array().into_iter().flatten() {
            let name = text(&variable["name"])?;
            let value = value_of(variable, pod, all, &named).with_context(|| name.to_owned())?;
            named.push((name.to_owned(), value));
        }
        let mut environment = vec![];
        for source in spec["envFrom"].as_array().into_iter().flatten() {
            environment.extend(all.secret(text(&source["secretRef"]["name"])?)?);
        }
        environment.extend(named);
        Ok(Self { spec, environment })
    }

    /// The program with its arguments and nothing but its own environment.
    pub(crate) fn command(&self, binaries: &Binaries, moves: &Moves) -> Result<Command> {
        let words = |name: &str| self.spec[name].as_array().cloned().unwrap_or_default();
        let words = words("command").into_iter().chain(words("args"));
        let mut words =
            words.map(|word| text(&word).map(|word| moved(&expand(word, &self.environment), moves)));
        let program = match self.spec["command"].is_array() {
            true => words.next().context("a command has a first word")??,
            false => image_name(text(&self.spec["image"])?).to_owned(),
        };
        let mut run = command(binaries.of(&program)?);
        run.args(words.collect::<Result<Vec<_>>>()?);
        run.env_clear().envs(self.environment.iter().map(|(name, value)| (name, moved(value, moves))));
        Ok(run)
    }
}

/// The value of a variable.
fn value_of(variable: &Value, pod: &str, all: &Manifests, before: &[(String, String)]) -> Result<String> {
    let from = &variable["valueFrom"];
    if from.is_null() {
        return Ok(expand(variable["value"].as_str().unwrap_or_default(), before));
    }
    if from["fieldRef"]["fieldPath"] == "metadata.name" {
        return Ok(pod.to_owned());
    }
    let from = &from["secretKeyRef"];
    let (secret, key) = (text(&from["name"])?, text(&from["key"])?);
    all.secret(secret)?.remove(key).with_context(|| format!("the Secret {secret} lacks the key {key}"))
}

/// The last part of an image's name, without tag and digest.
fn image_name(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let name = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split(':').next().unwrap_or_default()
}

/// `$(NAME)` stands for the variable; others stay as they are.
fn expand(text: &str, variables: &[(String, String)]) -> String {
    let all = |text: String, (name, value): &(String, String)| text.replace(&format!("$({name})"), value);
    variables.iter().fold(text.to_owned(), all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::Manifests, Container, expand, image_name};

    #[test]
    fn variables_have_those_before_them() {
        let spec = json!({"env": [
            {"name": "LATER", "value": "$(POD)"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "TAG", "value": "\"node:$(POD)\""},
        ]});
        let all = Manifests::read("{}").unwrap();
        let container = Container::new(&spec, "nats-0", &all).unwrap();
        let values: Vec<_> = container.environment.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["$(POD)", "nats-0", "\"node:nats-0\""]);
        assert_eq!(expand("$(UNKNOWN)", &container.environment), "$(UNKNOWN)");
    }

    #[test]
    fn images_are_known_by_their_last_part() {
        for image in ["aegis:1", "registry.example:5000/floor/aegis:1.2", "floor/aegis@sha256:00", "aegis"] {
            assert_eq!(image_name(image), "aegis", "{image}");
        }
    }
}
