//! The modules of a package, and what each of them imports from others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::visit::Visit;
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree};

/// A module by its path, without the root.
pub(super) type Name = Vec<String>;

#[derive(Debug, Default)]
pub(super) struct Modules {
    modules: BTreeMap<Name, Module>,
}

#[derive(Debug, Default)]
struct Module {
    /// Paths that its code names, from the root.
    named: BTreeSet<Name>,
    /// Names that it imports, under which those inside of it and, if they are public, others find them; with the path from the root.
    exported: BTreeMap<String, Name>,
}

impl Modules {
    /// Reads `lib.rs` or `main.rs` of the folder, and all that belongs to it.
    pub(super) fn read(sources: &Path) -> Result<Self> {
        let mut modules = Self::default();
        for root in ["lib.rs", "main.rs"].map(|root| sources.join(root)) {
            if root.exists() {
                modules.read_file(&root, sources, &[])?;
            }
        }
        Ok(modules)
    }

    /// Each import of a module from another one, which is where the name is defined.
    pub(super) fn imports(&self) -> BTreeSet<(Name, Name)> {
        let mut imports = BTreeSet::new();
        for (from, module) in &self.modules {
            let defined = module.named.iter().filter_map(|path| self.defined(path, 0));
            imports.extend(defined.filter(|to| to != from).map(|to| (from.clone(), to)));
        }
        imports
    }

    /// The module in which what has this path is defined.
    fn defined(&self, path: &[String], depth: usize) -> Option<Name> {
        let known = (0..=path.len()).rev().map(|length| &path[..length]);
        let module = known.into_iter().find(|name| self.modules.contains_key(*name))?;
        let exported = path.get(module.len()).and_then(|name| self.modules[module].exported.get(name));
        match exported {
            Some(other) if depth < 8 => self.defined(other, depth + 1),
            Some(_) | None => Some(module.to_vec()),
        }
    }

    fn read_file(&mut self, file: &Path, folder: &Path, name: &[String]) -> Result<()> {
        let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("parse {}", file.display()))?;
        self.read_items(&parsed.items, folder, name)
    }

    fn read_items(&mut self, items: &[Item], folder: &Path, name: &[String]) -> Result<()> {
        let children = items.iter().filter_map(|item| {
            let Item::Mod(child) = item else { return None };
            (!is_for_tests(&child.attrs)).then_some(child)
        });
        let children: Vec<&ItemMod> = children.collect();
        let mut reader = Reader {
            name,
            children: children.iter().map(|child| plain(&child.ident)).collect(),
            module: Module::default(),
        };
        for item in items {
            reader.visit_item(item);
        }
        self.modules.insert(name.to_vec(), reader.module);
        for child in children {
            let ident = plain(&child.ident);
            let inner = [name, std::slice::from_ref(&ident)].concat();
            if let Some((_, items)) = &child.content {
                self.read_items(items, &folder.join(&ident), &inner)?;
                continue;
            }
            let in_folder = folder.join(&ident);
            let (file, inside): (PathBuf, PathBuf) = match path_of(&child.attrs) {
                Some(path) => {
                    let file = folder.join(path);
                    let beside = file.parent().unwrap_or(folder).to_owned();
                    (file, beside)
                }
                None if in_folder.join("mod.rs").exists() => (in_folder.join("mod.rs"), in_folder),
                None => (folder.join(format!("{ident}.rs")), in_folder),
            };
            self.read_file(&file, &inside, &inner)?;
        }
        Ok(())
    }
}

/// Collects what one module names.
struct Reader<'a> {
    name: &'a [String],
    children: BTreeSet<String>,
    module: Module,
}

impl Reader<'_> {
    /// The path from the root, if it is one within the package.
    fn absolute(&self, path: &[String]) -> Option<Name> {
        let mut name = self.name.to_vec();
        let rest = match path.first()?.as_str() {
            "crate" => {
                name.clear();
                &path[1..]
            }
            "self" => &path[1..],
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                name.truncate(name.len().checked_sub(up)?);
                &path[up..]
            }
            child if self.children.contains(child) => path,
            _ => return None,
        };
        name.extend_from_slice(rest);
        Some(name)
    }

    fn read_use(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[plain(name)]].concat();
        match tree {
            UseTree::Path(path) => self.read_use(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.note(&with(&name.ident), Some(plain(&name.ident))),
            UseTree::Rename(rename) => self.note(&with(&rename.ident), Some(plain(&rename.rename))),
            UseTree::Glob(_) => self.note(before, None),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(tree, before);
                }
            }
        }
    }

    fn note(&mut self, path: &[String], exported: Option<String>) {
        let Some(mut absolute) = self.absolute(path) else { return };
        // `use super::a::{self, B}`
        if absolute.last().is_some_and(|last| last == "self") {
            absolute.pop();
        }
        if let Some(name) = exported {
            self.module.exported.insert(name, absolute.clone());
        }
        self.module.named.insert(absolute);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {
        // A module of its own.
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let for_tests = if let Item::Fn(syn::ItemFn { attrs, .. })
        | Item::Impl(syn::ItemImpl { attrs, .. })
        | Item::Use(ItemUse { attrs, .. }) = item
        {
            is_for_tests(attrs)
        } else {
            false
        };
        if !for_tests {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // Those inside see private imports, too.
        self.read_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
        if parts.len() > 1 {
            self.note(&parts, None);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {
        // Who may use it is no import.
    }
}

/// A name without `r#`.
fn plain(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test") || path.is_ident("fuzzing"))
    })
}

/// The file that an attribute names, also one that depends on a feature: then the first.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    type Metas = syn::punctuated::Punctuated<syn::Meta, syn::Token![,]>;
    attributes.iter().find_map(|attribute| {
        let meta = &attribute.meta;
        if let syn::Meta::List(list) = meta
            && list.path.is_ident("cfg_attr")
        {
            let parts = list.parse_args_with(Metas::parse_terminated).ok()?;
            return parts.iter().find_map(path_in);
        }
        path_in(meta)
    })
}

fn path_in(meta: &syn::Meta) -> Option<String> {
    let syn::Meta::NameValue(pair) = meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident("path").then(|| text.value())
}
