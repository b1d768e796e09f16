//! In which files credentials are.

use std::ffi::OsString;
use std::path::PathBuf;

/// The files that an environment names, in the order in which they are asked.
pub(crate) fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = folder("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let home = |path: &str| folder("HOME").map(|home| home.join(path));
    let containers = [folder("XDG_RUNTIME_DIR"), folder("XDG_CONFIG_HOME").or_else(|| home(".config"))];
    let docker = folder("DOCKER_CONFIG").or_else(|| home(".docker"));
    let containers = containers.into_iter().flatten().map(|folder| folder.join("containers/auth.json"));
    containers.chain(docker.map(|folder| folder.join("config.json"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(environment: &[(&str, &str)], right: &[&str]) {
        let variable = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        assert_eq!(of_environment(variable), right.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn one_file_is_named_or_several_are_asked() {
        check(&[], &[]);
        check(&[("HOME", "/h")], &["/h/.config/containers/auth.json", "/h/.docker/config.json"]);
        check(
            &[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/1"), ("DOCKER_CONFIG", "/d")],
            &["/run/1/containers/auth.json", "/h/.config/containers/auth.json", "/d/config.json"],
        );
        check(&[("HOME", "/h"), ("REGISTRY_AUTH_FILE", "/a.json")], &["/a.json"]);
    }
}
