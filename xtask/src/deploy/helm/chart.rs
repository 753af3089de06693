//! The chart, and rendering it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::tools::{Tools, scratch};
use crate::{
    command::{capture, run as run_command},
    output::say,
    workspace::root,
};

pub(super) const RELEASE: &str = "aegis";
/// The namespace of Kubernetes.
pub(super) const NAMESPACE: &str = "floor";
/// So many sets there have to be at least.
const SETS: usize = 12;

#[derive(Debug)]
pub(super) struct Chart {
    pub(super) tools: Tools,
}

impl Chart {
    pub(super) fn new(tools: Tools) -> Self {
        Self { tools }
    }

    pub(super) fn folder() -> PathBuf {
        root().join("deploy/helm/aegis")
    }

    /// The files in the folder of sets of options, or one in it.
    pub(super) fn sets(folder: &str) -> Result<Vec<PathBuf>> {
        let folder = Self::folder().join("ci").join(folder);
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                found.insert(path);
            }
        }
        Ok(found.into_iter().collect())
    }

    pub(super) fn lint(&self) -> Result<()> {
        run_command(self.tools.helm().args(["lint", "--strict", "--quiet"]).arg(Self::folder()))
    }

    /// `helm template` with these options.
    pub(super) fn template(&self, options: &[PathBuf]) -> Command {
        let mut helm = self.tools.helm();
        helm.args(["template", RELEASE]).arg(Self::folder()).args(["--namespace", NAMESPACE]);
        for file in options {
            helm.arg("--values").arg(file);
        }
        helm
    }

    pub(super) fn render(&self, options: &[PathBuf]) -> Result<String> {
        capture(&mut self.template(options))
    }

    /// Every set of options, rendered into a file of its own.
    pub(super) fn render_sets(&self) -> Result<Vec<PathBuf>> {
        let sets = Self::sets("")?;
        ensure!(sets.len() >= SETS, "there are {} sets of options, and {SETS} are the fewest", sets.len());
        let folder = scratch("sets")?;
        let mut rendered = vec![];
        for set in sets {
            let file = folder.join(stem(&set)).with_extension("yaml");
            fs::write(&file, self.render(&[set])?)?;
            rendered.push(file);
        }
        say(format_args!("{} sets, rendered into {}", rendered.len(), folder.display()));
        Ok(rendered)
    }
}

/// The name of a file without its ending.
pub(super) fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
