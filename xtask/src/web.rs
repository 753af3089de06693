//! The web page: dependencies and build, each only when what they come from has changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::{
    command::{capture, command, run},
    output::say,
    packages::hex,
    web_lock::{Drift, Lock},
    workspace::{files, on_path, root, target},
};

const OLDEST_NODE: u32 = 20;
const LOCK: &str = "package-lock.json";
const QUIET: [&str; 3] = ["--ignore-scripts", "--no-audit", "--no-fund"];
/// Not sources: what tools fetch or write.
const OUTPUTS: [&str; 6] =
    ["node_modules", "dist", "test-results", "playwright-report", "blob-report", "coverage"];

/// `npm run <script>` in the web folder.
pub(crate) fn npm_run(script: &str) -> Command {
    let mut npm = npm();
    npm.args(["run", "--silent", script]);
    npm
}

/// Installs exactly what the lock file says, if it has changed since the last time.
pub(crate) fn install() -> Result<()> {
    ensure_node()?;
    let folder = folder();
    let lock = folder.join(LOCK);
    let before = hash_of(&lock)?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == before) {
        return Ok(());
    }
    say("installing the web page's dependencies");
    if let Err(refused) = capture(npm().arg("ci").args(QUIET)) {
        match drift(&lock).unwrap_or(Drift::None) {
            Drift::None => return Err(refused),
            Drift::Mismatch(differences) => bail!(
                "web/{LOCK} does not fit web/package.json: run `npm install --package-lock-only` in web/ and \
                 commit the new lock\n  {}",
                differences.join("\n  ")
            ),
            Drift::Grows(lacks) => {
                say(format_args!(
                    "web/{LOCK} lacks {lacks} optional packages, so npm looks them up; \
                     `npm install --package-lock-only` in web/ would complete it"
                ));
                // Without `--no-save` npm would complete the file that is under version control.
                run(npm().args(["install", "--no-save"]).args(QUIET))?;
            }
        }
    }
    fs::write(stamp, before)?;
    Ok(())
}

/// The optional packages that the lock file leaves out.
pub(crate) fn absent_optional() -> Result<Vec<String>> {
    let lock = Lock::read(&folder().join(LOCK))?;
    Ok(lock.absent_optional().into_iter().map(str::to_owned).collect())
}

/// What npm would change about the lock, found on a copy.
fn drift(lock: &Path) -> Result<Drift> {
    let copy = target().join("xtask/web-lock");
    fs::create_dir_all(&copy)?;
    for file in [LOCK, "package.json", ".npmrc"] {
        fs::copy(folder().join(file), copy.join(file))?;
    }
    capture(npm().current_dir(&copy).args(["install", "--package-lock-only"]).args(QUIET))?;
    Ok(Lock::read(lock)?.drift(&Lock::read(&copy.join(LOCK))?))
}

/// Installs and builds if any source has changed since the last build.
pub(crate) fn build() -> Result<()> {
    install()?;
    let stamp = target().join("xtask/web-build.stamp");
    let now = digest(&sources()?);
    let built = folder().join("dist/index.html").is_file();
    if built && fs::read_to_string(&stamp).is_ok_and(|built| built == now) {
        return Ok(());
    }
    say("building the web page");
    run(&mut npm_run("build"))?;
    fs::create_dir_all(target().join("xtask"))?;
    fs::write(stamp, now)?;
    Ok(())
}

/// Every source file of the page with the hash of its content.
pub(crate) fn sources() -> Result<BTreeMap<PathBuf, String>> {
    let sources = files(&folder(), &OUTPUTS)?.into_iter();
    sources.map(|file| hash_of(&file).map(|hash| (file, hash))).collect()
}

fn digest(sources: &BTreeMap<PathBuf, String>) -> String {
    let mut all = Sha256::new();
    for (file, hash) in sources {
        all.update(format!("{hash} {}\n", file.display()));
    }
    hex(&all.finalize())
}

fn ensure_node() -> Result<()> {
    let advice = format!("install Node.js {OLDEST_NODE} or newer with npm (https://nodejs.org)");
    if on_path("node").is_none() || on_path("npm").is_none() {
        bail!("node or npm is missing: {advice}");
    }
    let version = capture(command("node").arg("--version"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|part| part.parse::<u32>().ok());
    ensure!(major >= Some(OLDEST_NODE), "node is {}: {advice}", version.trim());
    ensure!(folder().join("package.json").is_file(), "web/package.json is missing");
    Ok(())
}

fn npm() -> Command {
    let mut npm = command("npm");
    npm.current_dir(folder());
    npm
}

fn folder() -> PathBuf {
    root().join("web")
}

fn hash_of(file: &Path) -> Result<String> {
    let content = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    Ok(hex(&Sha256::digest(content)))
}
