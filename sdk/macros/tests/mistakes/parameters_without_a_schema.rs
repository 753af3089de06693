use aegis_sdk::prelude::*;

#[derive(serde::Deserialize)]
struct Order {
    volume: u32,
}

fn main() {
    let config = ServiceConfig::new("desk", "1.0.0").unwrap();
    let _ = Service::builder(config)
        .rpc("place", |_: Call, order: Order| async move { Ok::<_, Fault>(order.volume) });
}
