//! What a process takes of the machine (Linux).

use std::fs;
use std::path::Path;

use aegis_testkit::Proc;
use anyhow::Context as _;

/// What the process has used, in seconds of one core.
pub(crate) fn cpu_seconds(process: &Proc) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.pid().to_string()).join("stat"))?;
    // The name may hold blanks; the figures come after it (proc_pid_stat(5): 14 is utime, 15 stime).
    let mut figures = stat.rsplit_once(')').context("no process status")?.1.split_whitespace().skip(11);
    let mut ticks = || anyhow::Ok(figures.next().context("no processor time")?.parse::<f64>()?);
    let used = ticks()? + ticks()?;
    #[expect(clippy::cast_precision_loss, reason = "a hundred or a thousand")]
    Ok(used / rustix::param::clock_ticks_per_second() as f64)
}

/// The most memory that the process has had resident.
pub(crate) fn peak_bytes(process: &Proc) -> anyhow::Result<f64> {
    status_bytes(process, "VmHWM:")
}

/// The memory that the process has resident.
pub(crate) fn resident(process: &Proc) -> anyhow::Result<f64> {
    status_bytes(process, "VmRSS:")
}

fn status_bytes(process: &Proc, field: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(Path::new("/proc").join(process.pid().to_string()).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("the kernel does not tell the memory")? * 1024.0)
}

/// From now on the peak is that of what comes: see proc_pid_clear_refs(5).
pub(crate) fn forget_peak(process: &Proc) -> anyhow::Result<()> {
    Ok(fs::write(Path::new("/proc").join(process.pid().to_string()).join("clear_refs"), "5")?)
}

/// The memory that this process has resident (Linux).
pub(crate) fn resident_bytes() -> anyhow::Result<f64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: u32 = statm.split_whitespace().nth(1).unwrap_or_default().parse()?;
    Ok(f64::from(pages) * f64::from(u32::try_from(rustix::param::page_size())?))
}
