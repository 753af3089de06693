use aegis_sdk::prelude::*;

fn main() {
    let config = ServiceConfig::new("desk", "1.0.0").unwrap();
    let _ = Service::builder(config).exclusive("place", |_: Call, volume: u32| async move { Ok(volume) });
}
