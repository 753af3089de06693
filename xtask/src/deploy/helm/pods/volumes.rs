//! Volumes as folders.

use std::{cmp::Reverse, fs, path::Path};

use anyhow::Result;
use serde_json::Value;

use super::{Manifests, Moves, moved, text};

/// Makes a folder for each volume that a container has mounted, and answers where its mount paths lead to.
pub(super) fn mount(container: &Value, folder: &Path) -> Result<Moves> {
    let mut moves: Moves = vec![];
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let volume = folder.join(text(&mount["name"])?);
        fs::create_dir_all(&volume)?;
        moves.push((text(&mount["mountPath"])?.to_owned(), volume.display().to_string()));
    }
    // The longer first: one path may be the beginning of another.
    moves.sort_by_key(|(there, _)| Reverse(there.len()));
    Ok(moves)
}

/// Writes the files of ConfigMaps and Secrets into those that are mounted.
pub(super) fn fill(spec: &Value, all: &Manifests, folder: &Path, moves: &Moves) -> Result<()> {
    for volume in spec["volumes"].as_array().into_iter().flatten() {
        let folder = folder.join(text(&volume["name"])?);
        if !folder.is_dir() {
            continue;
        }
        for (file, content) in all.content(volume)? {
            fs::write(folder.join(file), moved(&content, moves))?;
        }
    }
    Ok(())
}
