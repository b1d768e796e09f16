//! Targets: from `examples/hello:tool` to a file of a project and a name in it.

use std::path::{Path, PathBuf};

use xb_core::{RelPath, first};
use xb_eval::SHIPPED;

use super::{Project, canonical, is_marked};
use crate::failure::Failure;

/// A target as it was typed, split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetSpec {
    path: PathBuf,
    name: Option<String>,
}

/// A file of a project, and which of its packages; all of them when there is no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The file, beneath the project's folder.
    pub file: RelPath,
    /// The package.
    pub name: Option<String>,
    /// Whether it is only one of all files of the project: then it may define nothing that was asked for.
    pub among_all: bool,
}

impl Target {
    /// Every file of a project: where no `xb.toml` marks it, those that lie in its folder themselves.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(project: &Project, name: Option<&str>) -> Result<Vec<Self>, Failure> {
        match is_marked(&project.folder) {
            true => Self::beneath(project, &project.folder, name),
            false => Self::each_of(project, xb_files_in(&project.folder)?, name),
        }
    }

    /// Every file beneath a folder of a project, but for those of projects within it.
    fn beneath(project: &Project, folder: &Path, name: Option<&str>) -> Result<Vec<Self>, Failure> {
        let mut files = xb_files(&[folder.to_owned()])?;
        let is_of_another =
            |file: &PathBuf| file.ancestors().skip(1).take_while(|above| *above != project.folder).any(is_marked);
        files.retain(|file| !is_of_another(file));
        Self::each_of(project, files, name)
    }

    fn each_of(project: &Project, files: Vec<PathBuf>, name: Option<&str>) -> Result<Vec<Self>, Failure> {
        let target =
            |file: PathBuf| Ok(Self { file: project.relative(&file)?, name: name.map(str::to_owned), among_all: true });
        files.into_iter().map(target).collect()
    }
}

impl TargetSpec {
    /// Splits `PATH[:NAME]`.
    pub fn parse(text: &str) -> Self {
        match text.rsplit_once(':') {
            Some((path, name)) if is_name(name) => {
                Self { path: if path.is_empty() { "." } else { path }.into(), name: Some(name.replace('-', "_")) }
            }
            _ => Self { path: text.into(), name: None },
        }
    }

    /// Where it leads: `hello` is also the file `hello.xb`, where nothing else is called so.
    fn place(&self, from: &Path) -> Result<PathBuf, Failure> {
        let path = from.join(&self.path);
        let file = path.with_added_extension("xb");
        canonical(if !path.exists() && file.is_file() { &file } else { &path })
    }

    /// The project and the file; every file of the project, where its folder is meant and holds none itself.
    ///
    /// # Errors
    /// When there is no such file, or a folder does not say which of its files is meant.
    pub fn resolve(&self, from: &Path) -> Result<(Project, Vec<Target>), Failure> {
        let path = self.place(from)?;
        if is_marked(&path) && xb_files_in(&path)?.is_empty() {
            let project = Project::of(&path)?;
            let targets = Target::all(&project, self.name.as_deref())?;
            return some(project, targets, &path);
        }
        let file = if path.is_dir() { file_of(&path)? } else { path };
        let project = Project::of(file.parent().unwrap_or(&file))?;
        let target = Target { file: project.relative(&file)?, name: self.name.clone(), among_all: false };
        Ok((project, vec![target]))
    }

    /// The same, but that a folder stands for all files beneath it.
    ///
    /// # Errors
    /// When there is no such file, or a folder holds none.
    pub fn resolve_tree(&self, from: &Path) -> Result<(Project, Vec<Target>), Failure> {
        let path = self.place(from)?;
        if !path.is_dir() {
            return self.resolve(from);
        }
        let project = Project::of(&path)?;
        let targets = Target::beneath(&project, &path, self.name.as_deref())?;
        some(project, targets, &path)
    }
}

fn some(project: Project, targets: Vec<Target>, folder: &Path) -> Result<(Project, Vec<Target>), Failure> {
    if targets.is_empty() { Err(nothing_in(folder)) } else { Ok((project, targets)) }
}

fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let text = text.strip_suffix(SHIPPED).unwrap_or(text);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(word)
}

/// The file that a folder stands for: the one of its name, or the only one.
///
/// # Errors
/// When there is none, or none of several has its name.
pub fn file_of(folder: &Path) -> Result<PathBuf, Failure> {
    if let Some(name) = folder.file_name() {
        let own = folder.join(name).with_added_extension("xb");
        if own.is_file() {
            return Ok(own);
        }
    }
    let mut files = xb_files_in(folder)?;
    match files.len() {
        1 => Ok(files.remove(0)),
        0 => Err(nothing_in(folder)),
        _ => Err(several(folder, &files)),
    }
}

/// That a folder holds no description.
pub fn nothing_in(folder: &Path) -> Failure {
    Failure::user(format!("there is no `.xb` file in `{}`", folder.display()))
        .help(format!("`xb init {}` begins a package there", folder.display()))
}

/// No more files than this are named.
const MOST_NAMED: usize = 8;

fn several(folder: &Path, files: &[PathBuf]) -> Failure {
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()).map(|name| name.to_string_lossy()).collect();
    let shown = folder.display();
    Failure::user(format!("`{shown}` holds several `.xb` files: {}", first(&names, MOST_NAMED)))
        .help(format!("name one of them, such as `{shown}/{}`", names[0]))
}

fn xb_files_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| Failure::user(format!("cannot list `{}`: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_xb(&path) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_xb(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "xb")
}

/// Every `.xb` file beneath these paths, without what `.gitignore` ignores; a file that is named is taken as it is.
///
/// # Errors
/// When a path does not exist or a folder cannot be read.
pub fn xb_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let path = canonical(path)?;
        if path.is_file() {
            files.push(path);
            continue;
        }
        let walk = ignore::WalkBuilder::new(&path).require_git(false).build();
        for entry in walk {
            let entry = entry.map_err(|error| Failure::user(error.to_string()))?;
            if is_xb(entry.path()) && entry.path().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, path: &str, name: Option<&str>) {
        let right = TargetSpec { path: path.into(), name: name.map(str::to_owned) };
        assert_eq!(TargetSpec::parse(text), right, "{text}");
    }

    #[test]
    fn a_name_follows_the_last_colon() {
        check("examples/hello", "examples/hello", None);
        check("a/b.xb:tool", "a/b.xb", Some("tool"));
        check("a:edge-agent", "a", Some("edge_agent"));
        check(":tool", ".", Some("tool"));
        check("hello.xb:hello.deb", "hello.xb", Some("hello.deb"));
        check("odd:dir/x", "odd:dir/x", None);
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    fn resolve(folder: &tempfile::TempDir, text: &str) -> Result<String, String> {
        let resolved = TargetSpec::parse(text).resolve(folder.path());
        let files = |targets: Vec<Target>| targets.iter().map(|target| target.file.to_string()).collect::<Vec<_>>();
        resolved.map(|(_, targets)| files(targets).join(" ")).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn a_folder_stands_for_the_file_of_its_name_or_for_its_only_one() {
        let folder = folder(&["a/a.xb", "a/other.xb", "b/x.xb", "c/x.xb", "c/y.xb", "d-1.0/d-1.0.xb", "d-1.0/e.xb"]);
        assert_eq!(resolve(&folder, "a").unwrap(), "a.xb");
        assert_eq!(resolve(&folder, "c/x").unwrap(), "x.xb");
        assert_eq!(resolve(&folder, "b").unwrap(), "x.xb");
        assert_eq!(resolve(&folder, "d-1.0").unwrap(), "d-1.0.xb");
        assert!(resolve(&folder, "c").unwrap_err().contains("x.xb, y.xb"));
        assert!(resolve(&folder, ".").unwrap_err().contains("no `.xb` file"));
        assert!(resolve(&folder, "none").unwrap_err().contains("no file or folder"));
    }

    #[test]
    fn the_folder_of_a_project_stands_for_all_of_it_unless_it_holds_a_file_itself() {
        let project = folder(&["xb.toml", "a/a.xb", "b/b.xb", "another/xb.toml", "another/deep/c.xb"]);
        assert_eq!(resolve(&project, ".").unwrap(), "a/a.xb b/b.xb");
        std::fs::write(project.path().join("own.xb"), "").unwrap();
        assert_eq!(resolve(&project, ".").unwrap(), "own.xb");
        assert!(resolve(&folder(&["xb.toml"]), ".").unwrap_err().contains("no `.xb` file"));
    }

    #[test]
    fn a_folder_as_a_tree_stands_for_all_files_beneath_it() {
        let folder = folder(&["p/xb.toml", "p/a.xb", "p/q/q.xb", "p/q/other.xb", "p/n/xb.toml", "p/n/n.xb", "u/u.xb"]);
        let files = |text: &str| {
            let (_, targets) = TargetSpec::parse(text).resolve_tree(folder.path())?;
            Ok(targets.iter().map(|target| target.file.to_string()).collect::<Vec<_>>().join(" "))
        };
        let files = |text: &str| files(text).map_err(|failure: Failure| format!("{failure:?}"));
        assert_eq!(files("p").unwrap(), "a.xb q/other.xb q/q.xb");
        assert_eq!(files("p/q").unwrap(), "q/other.xb q/q.xb");
        assert_eq!(files("p/n").unwrap(), "n.xb");
        assert_eq!(files("p/q/q.xb").unwrap(), "q/q.xb");
        assert_eq!(files("u").unwrap(), "u.xb");
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(files("empty").unwrap_err().contains("no `.xb` file"));
    }

    #[test]
    fn the_project_is_the_nearest_marked_folder_or_the_targets_own() {
        let folder = folder(&["p/xb.toml", "p/q/a.xb", "z/a.xb"]);
        let project = |text: &str| TargetSpec::parse(text).resolve(folder.path()).unwrap();
        let (marked, targets) = project("p/q");
        assert!(marked.folder.ends_with("p"));
        assert_eq!(targets[0].file.as_str(), "q/a.xb");
        let (own, targets) = project("z/a.xb");
        assert!(own.folder.ends_with("z"));
        assert_eq!(targets[0].file.as_str(), "a.xb");
    }

    #[test]
    fn ignored_files_are_not_listed() {
        let folder = folder(&["a.xb", "out/b.xb", "c/d.xb", "c/d.txt"]);
        std::fs::write(folder.path().join(".gitignore"), "out/\n").unwrap();
        let files = xb_files(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap()).collect();
        assert_eq!(names, ["a.xb", "d.xb"]);
    }
}
