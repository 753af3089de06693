//! Until when the tokens of the configuration are good.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::services::tell;
use crate::auth::TokenEntry;

/// Those that end, by name.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(Arc<[(String, f64)]>);

impl Tokens {
    /// Two of one name are told as the one that ends first.
    pub(crate) fn of(entries: &[TokenEntry]) -> Self {
        let mut ends: Vec<_> = entries
            .iter()
            .filter_map(|entry| Some((entry.name.clone(), seconds(entry.expires?.timestamp()))))
            .collect();
        ends.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        ends.dedup_by(|later, first| later.0 == first.0);
        Self(ends.into())
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
fn seconds(at: i64) -> f64 {
    at as f64
}

impl Collector for Tokens {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let rows = self.0.iter().map(|(name, end)| ([("name", name.as_str())], Some(*end)));
        let help = "Until when the token of the configuration is good, since 1970; of those that end";
        tell(&mut encoder, "token_not_after_seconds", help, rows)
    }
}
