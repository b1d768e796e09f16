//! What an engine is asked to run.
//!
//! Where the root has a shell, that starts the command, with what an engine's sandbox leaves otherwise than ours: both
//! streams of what is printed are one, no signal is ignored, addresses are not random, files that are made can be read
//! by all, and everybody may write to a `/tmp` that is the sandbox's own. It enters the working folder, too, so that
//! outputs are told from the root: what the API has them told from, the command may have put elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use prost::Message as _;
use xb_core::RelPath;
use xb_graph::{ResolvedAction, relative};
use xb_remote::{DigestFunction, proto};
use xb_run::SHELL;
use xb_translate::KEPT;

/// What the shell does. What it uses beside itself may be lacking.
const PREPARED: &str = r#"exec 2>&1
umask 022
cd "/$1" || exit 127
shift
unset OLDPWD
{
  chmod 1777 /tmp
  command -v setarch && setarch -R true && set -- setarch -R "$@"
  command -v env && env --default-signal true && set -- env --default-signal "$@"
} >/dev/null 2>&1
exec "$@"
"#;

/// A command and an action in the engine's words.
pub(crate) struct Order {
    /// What the engine calls the action.
    pub action: proto::Digest,
    /// The messages, which it must have.
    pub blobs: Vec<(proto::Digest, Vec<u8>)>,
    /// What the outputs are called there, in the order of their names.
    pub outputs: Vec<String>,
}

/// What all orders to one engine have in common.
pub(crate) struct Terms<'a> {
    pub function: DigestFunction,
    pub properties: &'a BTreeMap<String, String>,
    pub jobs: u32,
}

impl Order {
    /// The order for an action over a root that the engine has under a name.
    pub fn new(action: &ResolvedAction, root: proto::Digest, has_shell: bool, terms: &Terms<'_>) -> Self {
        let properties = terms
            .properties
            .iter()
            .map(|(name, value)| proto::platform::Property { name: name.clone(), value: value.clone() });
        let platform = proto::Platform { properties: properties.collect() };
        let from = if has_shell { RelPath::root() } else { action.cwd.clone() };
        let outputs: Vec<_> = action.outputs.values().map(|path| relative(&from, path)).collect();
        let command = command(action, has_shell, (&from, &outputs), terms.jobs, &platform).encode_to_vec();
        let named = terms.function.of(&command);
        let mut message = proto::Action {
            command_digest: Some(named.clone()),
            input_root_digest: Some(root),
            platform: Some(platform),
            ..proto::Action::default()
        };
        if action.limits.seconds > 0 {
            message.timeout.get_or_insert_default().seconds = i64::try_from(action.limits.seconds).unwrap_or(i64::MAX);
        }
        let bytes = message.encode_to_vec();
        let digest = terms.function.of(&bytes);
        Self { action: digest.clone(), blobs: vec![(named, command), (digest, bytes)], outputs }
    }
}

fn command(
    action: &ResolvedAction,
    has_shell: bool,
    (from, outputs): (&RelPath, &[String]),
    jobs: u32,
    platform: &proto::Platform,
) -> proto::Command {
    let mut arguments = action.command.clone();
    if has_shell {
        let shell = [&format!("/{SHELL}"), "-c", PREPARED, "xb", action.cwd.as_str()];
        arguments.splice(0..0, shell.map(str::to_owned));
    }
    let mut env = action.env.clone();
    // What an action says itself is part of its key, and is what its command sees.
    env.entry("jobs".to_owned()).or_insert_with(|| jobs.to_string());
    let env = env.into_iter().map(|(name, value)| proto::command::EnvironmentVariable { name, value });
    let outputs: BTreeSet<_> = outputs.iter().cloned().collect();
    #[expect(deprecated, reason = "older servers read the platform here")]
    proto::Command {
        arguments,
        environment_variables: env.collect(),
        output_paths: outputs.into_iter().collect(),
        working_directory: from.to_string(),
        output_node_properties: vec![KEPT.to_owned()],
        platform: Some(platform.clone()),
        ..proto::Command::default()
    }
}

/// How long a run took by the clock of the worker, where it was told.
pub(crate) fn took(result: &proto::ActionResult) -> Option<Duration> {
    let about = result.execution_metadata.as_ref()?;
    let (from, to) = (about.execution_start_timestamp.as_ref()?, about.execution_completed_timestamp.as_ref()?);
    let nanoseconds = |seconds: i64, rest: i32| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let took = nanoseconds(to.seconds, to.nanos) - nanoseconds(from.seconds, from.nanos);
    u64::try_from(took).ok().filter(|took| *took > 0).map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_told_from_the_working_folder() {
        let path = |text| RelPath::new(text).expect("a path");
        assert_eq!(relative(&path("xb/src"), &path("xb/out")), "../out");
        assert_eq!(relative(&path(""), &path("xb/out")), "xb/out");
        assert_eq!(relative(&path("xb"), &path("xb/out")), "out");
    }
}
