//! `xb push`: the image of a release, to registries.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use xb_core::{count, show_size, show_time};
use xb_push::{Credentials, Layout, Push, PushError, Pushed};

use crate::args::PushArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, say, style, styled};
use crate::progress::Uploads;
use crate::session::runtime;

/// Runs the command.
///
/// # Errors
/// When what is in the folder is no image, or not every registry has it all.
pub fn run(here: &Invocation, args: &PushArgs) -> Result<(), Failure> {
    let began = Instant::now();
    let layout = Layout::open(&image(here, args)).map_err(PushError::from)?;
    let uploads = Arc::new(Uploads::new(here.verbosity));
    let push = Push {
        layout: &layout,
        credentials: &Credentials::of_machine(),
        plain_http: args.plain_http,
        patience: xb_push::patience(),
        watch: Arc::clone(&uploads) as _,
    };
    // Who presses Ctrl-C ends the program at once: a registry forgets what it got no tag for.
    let pushed = runtime()?.block_on(push.run(&args.destinations));
    uploads.close();
    let pushed = pushed?;
    if args.json {
        return print_json(&json!({ "pushed": pushed.iter().map(data).collect::<Vec<_>>() }));
    }
    for one in &pushed {
        one.tags
            .iter()
            .try_for_each(|tag| print_line(format_args!("{}:{tag}@sha256:{}", one.repository, one.digest)))?;
        if !here.is_quiet() {
            say(format!("{}, {}", told(one), show_time(began.elapsed())));
        }
    }
    Ok(())
}

/// The layout: that of the release, where the folder is one.
fn image(here: &Invocation, args: &PushArgs) -> PathBuf {
    let folder = here.folder.join(&args.folder);
    let of_release = folder.join("image");
    if !folder.join("oci-layout").exists() && of_release.join("oci-layout").exists() { of_release } else { folder }
}

fn told(one: &Pushed) -> String {
    let mut parts = vec![format!("{} sent ({})", count(one.uploaded, "part"), show_size(one.bytes))];
    if one.mounted > 0 {
        parts.push(format!("{} taken from beside", one.mounted));
    }
    if one.present > 0 {
        parts.push(format!("{} there already", one.present));
    }
    format!("{} {}: {}", styled(style::GOOD, "pushed"), one.repository, parts.join(", "))
}

fn data(one: &Pushed) -> Value {
    json!({
        "repository": one.repository.to_string(),
        "digest": format!("sha256:{}", one.digest),
        "tags": one.tags,
        "uploaded": one.uploaded,
        "mounted": one.mounted,
        "present": one.present,
        "bytes": one.bytes,
    })
}

impl From<PushError> for Failure {
    fn from(error: PushError) -> Self {
        Self::of(error.is_of_environment(), &error, error.help())
    }
}
