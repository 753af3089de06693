use aegis_sdk::prelude::*;

fn main() {
    let config = ServiceConfig::new("greeter", "1.0.0").unwrap();
    let _ = Service::builder(config)
        .rpc("greet", |_: Call, name: String| async move { Err::<String, _>(format!("no {name} here")) });
}
