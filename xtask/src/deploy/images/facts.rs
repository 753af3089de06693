//! What an image says of itself.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Image, engine::Engine};
use crate::output::say;

pub(super) fn check(engine: &Engine, image: &Image) -> Result<()> {
    let told: Value = serde_json::from_str(&engine.ask(&["image", "inspect", &image.tagged()])?)?;
    let faults = faults(&told, image);
    ensure!(faults.is_empty(), "{}", faults.join("\n  "));
    let size = told.pointer("/0/Size").and_then(Value::as_u64).context("an image has a size")?;
    let limit =
        image.limit.map(|limit| format!(", of {:.1} MB allowed", megabytes(limit))).unwrap_or_default();
    say(format_args!("{} takes {:.1} MB{limit}", image.name, megabytes(size)));
    Ok(())
}

fn faults(told: &Value, image: &Image) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |pointer: &str, wanted: &Value| {
        let found = told.pointer(pointer).unwrap_or(&Value::Null);
        if found != wanted {
            faults.push(format!("{pointer} is {found}, and should be {wanted}"));
        }
    };
    let binary = format!("/{}", image.name);
    let label = |name: &str| format!("/0/Config/Labels/org.opencontainers.image.{name}");
    expect("/0/Config/User", &"65532:65532".into());
    expect("/0/Config/Entrypoint", &vec![binary.clone()].into());
    expect(&label("title"), &image.name.into());
    expect(&label("licenses"), &"Apache-2.0".into());
    expect(&label("version"), &"1.2.3".into());
    expect(&label("revision"), &"checked".into());
    if image.name == "aegis" {
        expect("/0/Config/Cmd", &vec!["serve", "--config", "/etc/aegis/aegis.toml"].into());
        expect("/0/Config/Healthcheck/Test", &vec!["CMD", binary.as_str(), "health"].into());
        expect("/0/Config/Volumes", &serde_json::json!({ "/var/lib/aegis": {} }));
    }
    if let (Some(size), Some(limit)) = (told.pointer("/0/Size").and_then(Value::as_u64), image.limit)
        && size > limit
    {
        faults.push(format!(
            "it takes {:.1} MB, and {:.1} MB are allowed",
            megabytes(size),
            megabytes(limit)
        ));
    }
    faults
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::IMAGES, *};

    fn sound() -> Value {
        let label = |name: &str| format!("org.opencontainers.image.{name}");
        json!([{ "Size": 30_000_000, "Config": {
            "User": "65532:65532", "Entrypoint": ["/aegis"], "Cmd": ["serve", "--config", "/etc/aegis/aegis.toml"],
            "Healthcheck": { "Test": ["CMD", "/aegis", "health"] }, "Volumes": { "/var/lib/aegis": {} },
            "Labels": { label("title"): "aegis", label("licenses"): "Apache-2.0", label("version"): "1.2.3", label("revision"): "checked" },
        }}])
    }

    #[test]
    fn a_sound_image_has_no_faults() {
        assert_eq!(faults(&sound(), &IMAGES[0]), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named() {
        for (pointer, value) in [
            ("/0/Size", json!(40_000_001)),
            ("/0/Config/User", json!("root")),
            ("/0/Config/Entrypoint", json!(["/bin/sh"])),
            ("/0/Config/Cmd", json!(null)),
            ("/0/Config/Healthcheck/Test", json!(["NONE"])),
            ("/0/Config/Labels/org.opencontainers.image.version", json!("0.0.0")),
        ] {
            let mut told = sound();
            *told.pointer_mut(pointer).unwrap() = value;
            assert_eq!(faults(&told, &IMAGES[0]).len(), 1, "{pointer}");
        }
    }
}
