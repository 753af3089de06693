//! The running test once more, as a process of its own: one that can be killed, or that has mounts of its own.

use std::path::Path;
use std::time::Duration;

use aegis_testkit::{Proc, ProcBuilder};

/// Set in the process that was started; its value says what it has to know.
const ROLE: &str = "AEGIS_TEST_ROLE";

/// What this process was told, if it is one that was started by [`again`].
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// This test again, told something.
pub(crate) fn again(test: &str, role: &str) -> ProcBuilder {
    told(Proc::builder(std::env::current_exe().unwrap()), test, role)
}

fn told(builder: ProcBuilder, test: &str, role: &str) -> ProcBuilder {
    builder.name(test).args(["--exact", test, "--nocapture", "--test-threads=1"]).env(ROLE, role)
}

/// Runs the test in a process that may mount what it likes, in a folder that is a file system of its own, of so
/// many kilobytes. Answers the folder inside, and nothing outside, where the test is over then.
pub(crate) async fn in_a_small_file_system(test: &str, folder: &Path, kilobytes: u32) -> Option<String> {
    if let Some(folder) = role() {
        return Some(folder);
    }
    let folder = folder.to_str().unwrap();
    let script = format!("mount -t tmpfs -o size={kilobytes}k tmpfs {folder} && exec \"$@\"");
    let own = || Proc::builder("unshare").args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    let allowed = own().args(["mount -t tmpfs tmpfs /mnt"]).spawn();
    if !allowed.wait_exit(Duration::from_secs(10)).await.success() {
        eprintln!(
            "not tested: this machine allows nobody to mount a file system in a namespace of their own"
        );
        return None;
    }
    let program = std::env::current_exe().unwrap();
    let inside = told(own().args([script.as_str(), "sh"]).arg(program), test, folder).spawn();
    let status = inside.wait_exit(Duration::from_secs(90)).await;
    assert!(status.success(), "{}", inside.lines().join("\n"));
    None
}

/// Changes how the folder of [`in_a_small_file_system`] is mounted.
pub(crate) async fn remount(folder: &str, options: &str) {
    let mount = Proc::builder("mount").args(["-o", &format!("remount,{options}"), folder]).spawn();
    assert!(mount.wait_exit(Duration::from_secs(10)).await.success(), "{:?}", mount.lines());
}
