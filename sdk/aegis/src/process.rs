//! What this process uses of the machine, from `/proc` (Linux; nothing is told elsewhere).

use std::time::Duration;

/// Processor time so far and memory now.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    cpu: Duration,
    memory_bytes: u64,
}

impl Usage {
    /// Read now; none where the system does not tell.
    #[must_use]
    pub fn now() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
        let ticks = rustix::param::clock_ticks_per_second();
        let page = u64::try_from(rustix::param::page_size()).ok()?;
        // The second field is the command in parentheses, which may hold blanks; user and system time
        // are the 14th and 15th field (proc_pid_stat(5)).
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let user: u64 = fields.next()?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        let resident: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
        let cpu = Duration::from_millis((user + system).saturating_mul(1000) / ticks.max(1));
        Some(Self { cpu, memory_bytes: resident * page })
    }

    /// Processor time since the process began.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.cpu
    }

    /// Resident memory, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// The share of one core used since then, in percent.
    pub(crate) fn cpu_percent_since(&self, before: &Self, elapsed: Duration) -> Option<f64> {
        let used = self.cpu.checked_sub(before.cpu)?;
        (!elapsed.is_zero()).then(|| used.as_secs_f64() / elapsed.as_secs_f64() * 100.0)
    }
}
