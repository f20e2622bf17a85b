//! The crates that are published: each says what it is, has its licences and its page, and needs nothing that is not
//! published. `.ci/package` packages them and builds what is in the packages.

use netfold_conformance::spec::{root, text_of};
use std::collections::BTreeMap;
use std::path::Path;

const PUBLISHED: [&str; 4] = ["core", "driver", "driver/cli", "tests/sim"];

/// The folders of all crates, from the workspace's own list, with their manifests.
fn crates() -> BTreeMap<String, String> {
    let text = text_of(&root().join("Cargo.toml"));
    let (_, list) = text.split_once("members = [").expect("members");
    let (list, _) = list.split_once(']').expect("the list ends");
    let folders = list.split('"').skip(1).step_by(2);
    folders.map(|folder| (folder.to_string(), text_of(&root().join(folder).join("Cargo.toml")))).collect()
}

/// The value of a field of `[package]`, as it stands there.
fn field<'m>(manifest: &'m str, name: &str) -> Option<&'m str> {
    let (package, _) = manifest.split_once("\n\n").expect("a package");
    package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
}

#[test]
fn every_other_crate_is_not_published() {
    for (folder, manifest) in crates() {
        let published = field(&manifest, "publish") != Some("false");
        assert_eq!(published, PUBLISHED.contains(&folder.as_str()), "{folder}");
    }
}

#[test]
fn each_published_crate_says_what_it_is() {
    let crates = crates();
    for folder in PUBLISHED {
        let manifest = &crates[folder];
        for inherited in ["version", "edition", "rust-version", "license", "repository"] {
            assert_eq!(field(manifest, &format!("{inherited}.workspace")), Some("true"), "{folder}: {inherited}");
        }
        assert!(field(manifest, "description").is_some_and(|text| (30..200).contains(&text.len())), "{folder}");
        for list in ["keywords", "categories"] {
            let words = field(manifest, list).unwrap_or_else(|| panic!("{folder}: {list}"));
            let words: Vec<&str> = words.split('"').skip(1).step_by(2).collect();
            assert!((1..=5).contains(&words.len()) && words.iter().all(|word| word.len() <= 40), "{folder}: {words:?}");
        }
        let here = root().join(folder);
        let page = field(manifest, "readme").unwrap_or_else(|| panic!("{folder}: readme")).trim_matches('"');
        for file in [page, "LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(here.join(file).exists(), "{folder} has no {file}");
        }
    }
}

/// Of a dependency in a folder of the project the registry needs the version. What tests alone need has none, and is left
/// out of the package: with one a crate and its simulated world would wait for each other.
#[test]
fn what_a_published_crate_needs_is_published() {
    let crates = crates();
    let name = |folder: &str| field(&crates[folder], "name").expect("a name").trim_matches('"');
    let published: Vec<&str> = PUBLISHED.iter().map(|folder| name(folder)).collect();
    let version = text_of(&root().join("Cargo.toml"));
    let (_, version) = version.split_once("version = ").expect("a version");
    let version = version.lines().next().expect("a line");
    for folder in PUBLISHED {
        let mut tests = false;
        for line in crates[folder].lines() {
            if line.starts_with('[') {
                tests = line.contains("dev-dependencies");
            }
            let Some((needed, what)) = line.split_once(" = ").filter(|(_, what)| what.contains("path = \"")) else {
                continue;
            };
            if !needed.starts_with("netfold") {
                continue;
            }
            if tests {
                assert!(!what.contains("version"), "{folder}: {line}");
            } else {
                assert!(
                    published.contains(&needed) && what.contains(&format!("version = {version}")),
                    "{folder}: {line}"
                );
            }
        }
    }
}

/// A package has its sources, and no corpora: nothing of it is large.
#[test]
fn no_package_has_large_files() {
    fn largest(folder: &Path, out: &mut Vec<(u64, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                // A crate of its own, and what the manifests leave out.
                let other = path.join("Cargo.toml").exists()
                    || name == "target"
                    || (name == "tests" && !folder.ends_with("core"));
                if !other {
                    largest(&path, out);
                }
            } else {
                out.push((path.metadata().expect("a file").len(), path.display().to_string()));
            }
        }
    }
    for folder in PUBLISHED {
        let mut files = Vec::new();
        largest(&root().join(folder), &mut files);
        let whole: u64 = files.iter().map(|(size, _)| size).sum();
        assert!(whole < 2_000_000, "{folder} has {whole} bytes");
        let large: Vec<_> = files.iter().filter(|(size, _)| *size > 200_000).collect();
        assert!(large.is_empty(), "{large:?}");
    }
}
