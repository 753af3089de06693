#[derive(Debug, thiserror::Error, aegis_sdk::Fault)]
enum Refused {
    #[error("over the limit of {0}")]
    #[fault(code = "limit exceeded")]
    Limit(u64),
    #[error("closed")]
    Closed,
    #[error("{0} and {1}")]
    #[fault(nested)]
    Both(u8, u8),
    #[error("later")]
    #[fault(retry)]
    Later,
}

fn main() {}
