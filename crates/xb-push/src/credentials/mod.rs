//! Who one is to a registry, as Docker and skopeo know it.
//!
//! The files are asked in skopeo's order: the one that `$REGISTRY_AUTH_FILE` names and no other, or else
//! `containers/auth.json` of the session and of the user, then Docker's `config.json`. The first that knows somebody
//! for the registry is taken. Programs that keep passwords (`credHelpers`, `credsStore`) are asked where the file says
//! so.

mod files;

use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};

use crate::destination::Repository;
use crate::error::PushError;
pub(crate) use files::of_environment;

/// Who one is to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Somebody with a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// What another log-in left, in exchange for which tokens are given.
    IdentityToken(String),
}

/// Where credentials are looked for.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    files: Vec<PathBuf>,
}

impl Credentials {
    /// The files of this machine's user, as the environment names them.
    pub fn of_machine() -> Self {
        Self { files: of_environment(|name| std::env::var_os(name)) }
    }

    /// Only these files.
    pub fn of_files(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    /// Who one is to the registry of a repository, if anybody.
    ///
    /// # Errors
    /// When a file or a program that is asked says nothing that can be understood.
    pub fn of(&self, repository: &Repository) -> Result<Option<Credential>, PushError> {
        for file in &self.files {
            if let Some(credential) = of_file(file, repository)? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }
}

fn of_file(file: &Path, repository: &Repository) -> Result<Option<Credential>, PushError> {
    let wrong = |reason: String| PushError::Credentials {
        file: file.to_owned(),
        registry: repository.registry.clone(),
        reason,
    };
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let said: serde_json::Value = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    match get_credential_from_reader(&*text, &key(&said, repository)) {
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Some(Credential::Password { user, password })),
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credential::IdentityToken(token))),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        Err(CredentialRetrievalError::HelperFailure { helper, stdout, stderr }) => {
            // What every such program says of a registry that it knows nobody for.
            let knows_nobody = [&stdout, &stderr].iter().any(|text| text.contains("credentials not found"));
            let first = stderr.lines().chain(stdout.lines()).map(str::trim).find(|line| !line.is_empty());
            let reason = || format!("`{helper}` fails: {}", first.map(printable).unwrap_or_default());
            if knows_nobody { Ok(None) } else { Err(wrong(reason())) }
        }
        Err(CredentialRetrievalError::HelperCommunicationError) => {
            Err(wrong("the program that it names, `docker-credential-...`, cannot be run".to_owned()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// By which name a file knows a registry: those of containers can have some for a part of it, the longest of which
/// counts.
fn key(said: &serde_json::Value, repository: &Repository) -> String {
    let full = repository.to_string();
    let ends = full.match_indices('/').map(|(at, _)| at).chain([full.len()]);
    let parts: Vec<&str> = ends.map(|end| &full[..end]).collect();
    let known = |name: &str| ["auths", "credHelpers"].iter().any(|field| said[*field].get(name).is_some());
    if let Some(part) = parts.iter().rev().find(|part| known(part)) {
        return (*part).to_owned();
    }
    match &*repository.registry {
        "docker.io" => "https://index.docker.io/v1/".to_owned(),
        registry => registry.to_owned(),
    }
}

/// A line of another program, without what would drive a terminal.
fn printable(line: &str) -> String {
    line.chars().filter(|sign| !sign.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;

    fn asked(text: &str, destination: &str) -> Result<Option<(String, String)>, PushError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.json");
        std::fs::write(&file, text).expect("a file");
        let destination: crate::Destination = destination.parse().expect("a destination");
        let credential = Credentials::of_files([folder.path().join("missing"), file]).of(&destination.repository)?;
        Ok(credential.map(|credential| match credential {
            Credential::Password { user, password } => (user, password),
            Credential::IdentityToken(token) => ("<token>".to_owned(), token),
        }))
    }

    fn auth(text: &str) -> String {
        format!("{{\"auth\": \"{}\"}}", base64::engine::general_purpose::STANDARD.encode(text))
    }

    fn check(text: &str, destination: &str, right: Option<(&str, &str)>) {
        let right = right.map(|(user, password)| (user.to_owned(), password.to_owned()));
        assert_eq!(asked(text, destination).expect("an answer"), right, "{destination}");
    }

    #[test]
    fn the_longest_name_counts() {
        let text = format!(
            r#"{{"auths": {{"r.example.org": {}, "r.example.org/team": {}, "https://index.docker.io/v1/": {}}}}}"#,
            auth("all:one"),
            auth("team:two:colons"),
            auth("docker:three")
        );
        check(&text, "r.example.org/other/agent", Some(("all", "one")));
        check(&text, "r.example.org/team/agent", Some(("team", "two:colons")));
        check(&text, "r.example.org/teams", Some(("all", "one")));
        check(&text, "docker.io/agent", Some(("docker", "three")));
        check(&text, "other.example.org/agent", None);
        check(r#"{"auths": {"r.example.org": {"identitytoken": "t"}}}"#, "r.example.org/a", Some(("<token>", "t")));
    }

    #[test]
    fn what_cannot_be_understood_is_told_without_its_secrets() {
        let refused = |text: &str| asked(text, "r.example.org/a").expect_err("refused").to_string();
        assert!(refused("{").contains("config.json"));
        let bad = refused(r#"{"auths": {"r.example.org": {"auth": "c2VjcmV0"}}}"#);
        assert!(bad.contains("r.example.org") && !bad.contains("c2VjcmV0") && !bad.contains("secret"), "{bad}");
        let missing = refused(r#"{"credHelpers": {"r.example.org": "there-is-none-of-this-name"}}"#);
        assert!(missing.contains("docker-credential-"), "{missing}");
    }
}
