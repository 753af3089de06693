use aegis_sdk::prelude::*;

struct Desk;

impl Desk {
    async fn place(&self, volume: u32) -> Result<u32, Fault> {
        Ok(volume)
    }
}

fn main() {
    let config = ServiceConfig::new("desk", "1.0.0").unwrap();
    let _ = Service::builder(config).state(async |_| Ok::<_, Fault>(Desk)).rpc("place", Desk::place);
}
