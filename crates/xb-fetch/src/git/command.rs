//! Git as a command, in an environment of its own.

use std::path::Path;
use std::process::Command;

/// What of the user's environment git may know: how to reach the network, and the agent that holds keys.
const ENVIRONMENT: [&str; 13] = [
    "PATH",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "SSH_AUTH_SOCK",
];

/// Git in a folder.
///
/// Without the user's configuration of git, and without anybody to ask. Ssh does not ask either, but is the user's:
/// it looks for keys and configuration in the home folder of the account, whatever `HOME` says.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.env_clear().current_dir(folder);
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .envs([
            ("HOME", "/nonexistent"),
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file"),
            ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        ])
        .args(["-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*"])
        .args(arguments);
    command
}
