//! The process itself, under the names that every exporter gives these.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;

use super::services::{as_f64, tell_one};

/// Tells of this process; of what the system does not tell, nothing.
#[derive(Debug)]
pub(super) struct Process {
    /// When it began to measure itself, since 1970.
    started: Duration,
}

impl Process {
    pub(super) fn begin() -> Self {
        Self { started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let used = aegis_sdk::Usage::now();
        if let Some(used) = &used {
            let seconds = ConstCounter::new(used.cpu().as_secs_f64());
            let kind = seconds.metric_type();
            let told = encoder.encode_descriptor("process_cpu_seconds", "Processor time", None, kind)?;
            seconds.encode(told)?;
        }
        let memory = used.map(|used| as_f64(used.memory_bytes()));
        tell_one(&mut encoder, "process_resident_memory_bytes", "Resident memory", memory)?;
        let files = std::fs::read_dir("/proc/self/fd").ok().map(|open| as_f64(open.count() as u64));
        tell_one(&mut encoder, "process_open_fds", "Open files and sockets", files)?;
        let help = "When the process started, since 1970";
        tell_one(&mut encoder, "process_start_time_seconds", help, Some(self.started.as_secs_f64()))
    }
}
