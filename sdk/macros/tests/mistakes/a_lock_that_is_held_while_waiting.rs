use std::sync::Mutex;

use aegis_sdk::prelude::*;

struct Desk {
    placed: Mutex<u32>,
}

impl Desk {
    async fn place(&self, call: Call, volume: u32) -> Result<u32, Fault> {
        let mut placed = self.placed.lock().unwrap();
        call.events().publish("orders", "placed", &volume).await?;
        *placed += 1;
        Ok(*placed)
    }
}

fn main() {
    let config = ServiceConfig::new("desk", "1.0.0").unwrap();
    let desk = async |_| Ok::<_, Fault>(Desk { placed: Mutex::default() });
    let _ = Service::builder(config).state(desk).exclusive("place", Desk::place);
}
