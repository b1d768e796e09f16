//! `xb cache`: what is shared with others.

mod ls;
mod verify;

use xb_build::Sharing;
use xb_core::{Arch, Escaped};
use xb_graph::Method;

use super::build::{Again, Job};
use crate::args::{CacheArgs, CacheCommand, Wanted};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_line, say, style, styled};
use crate::own_key::{own_key, own_key_path};
use crate::project::{Config, ExecutorConfig, Project, TrustedKey};
use crate::request::Request;
use crate::sharing::{accept, address, is_accepted};

/// Runs the command.
///
/// # Errors
/// When a cache does not do what it should, or a target has no result.
pub fn run(here: &Invocation, args: &CacheArgs) -> Result<(), Failure> {
    match &args.command {
        CacheCommand::Push { wanted, no_check } => push(here, wanted, !no_check),
        CacheCommand::Accept => accept_all(here),
        CacheCommand::Ls { json } => ls::ls(here, *json),
        CacheCommand::Verify { names, repair } => verify::verify(here, names, *repair),
        CacheCommand::Pull { wanted, no_check } => transfer(here, wanted, !no_check, Sharing::Bring, |_| Ok(())),
    }
}

/// Shows what the project says of caches and keys, and accepts it.
fn accept_all(here: &Invocation) -> Result<(), Failure> {
    let project = Project::of(&here.folder)?;
    let config = &project.config;
    if config.to_accept().next().is_none() {
        named(config)?;
    }
    for cache in &config.caches {
        let place = address(cache).map_err(Failure::user)?.to_string();
        let place = Escaped(&place);
        let push = if cache.push { ", and what is built here goes there, signed by your own key" } else { "" };
        print_line(format_args!("cache {}: {place}{push}", cache.name))?;
    }
    for key in &config.trust.keys {
        let TrustedKey { name, key, packages, arches, methods } = key;
        print_line(format_args!("key {name}: {}", trusted(&key.to_string(), packages, arches, methods)))?;
    }
    let agree = config.trust.agree;
    if agree > 1 {
        print_line(format_args!("{agree} of the keys must say the same"))?;
    }
    if let Some(store) = &config.store {
        let store = store.display().to_string();
        print_line(format_args!("store: {}, of which what is shared is signed", Escaped(&store)))?;
    }
    for (ExecutorConfig { name, arch, .. }, engine) in config.engines() {
        let server = engine.server.to_string();
        let server = Escaped(&server);
        print_line(format_args!(
            "executor {name}: {server}, which is sent what is built from, and builds for {arch}{}{}",
            engine.token.iter().map(|variable| format!(", and is told what `${variable}` holds")).collect::<String>(),
            engine.properties.iter().map(asked).collect::<String>()
        ))?;
    }
    for (ExecutorConfig { name, arch, .. }, host) in config.dockers() {
        let host = host.map_or("the Docker engine of whoever builds".to_owned(), ToString::to_string);
        let host = Escaped(&host);
        print_line(format_args!("executor {name}: {host}, which is sent what is built from, and builds for {arch}"))?;
    }
    refuse_store_within(&project)?;
    accept(&project)?;
    if !here.is_quiet() {
        say(format!(
            "{}: this counts from now on in `{}`, as long as `xb.toml` says the same",
            styled(style::GOOD, "accepted"),
            project.folder.display()
        ));
    }
    Ok(())
}

/// `, on workers of pool "big"`: a property that workers must have.
fn asked((name, value): (&String, &String)) -> String {
    format!(", on workers of {} {:?}", Escaped(name), value)
}

/// A store that came with a project could hold what nobody here has made, to have it signed.
fn refuse_store_within(project: &Project) -> Result<(), Failure> {
    let Project { folder, config } = project;
    let is_within = config.store.as_ref().is_some_and(|store| {
        let store = std::fs::canonicalize(store).unwrap_or_else(|_| store.clone());
        store.starts_with(folder)
    });
    if is_within && config.caches.iter().any(|cache| cache.push) {
        return Err(Failure::user("the store lies in the project, and what is in it would be signed with your key")
            .help("take `push = true` or `[store] path` out of `xb.toml`; `XB_STORE` names a store as well"));
    }
    Ok(())
}

/// `ed25519:..., for *, amd64, arm64, by cross`: a key, and what it is believed for.
fn trusted(key: &str, packages: &[String], arches: &[Arch], methods: &[Method]) -> String {
    let (arches, methods) = (joined(arches), joined(methods));
    format!("{key}, for {}, {arches}, by {methods}", Escaped(&packages.join(", ")))
}

fn joined<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn named(config: &Config) -> Result<(), Failure> {
    if !config.caches.is_empty() {
        return Ok(());
    }
    Err(Failure::user("the project names no shared cache")
        .help("a section `[cache.NAME]` of `xb.toml` with `url = \"...\"` does: a server, or a folder"))
}

/// Whether there is a cache, and all that is said of caches was accepted.
fn accepted(project: &Project) -> Result<(), Failure> {
    named(&project.config)?;
    if is_accepted(project)? {
        return Ok(());
    }
    Err(Failure::user("you have not accepted the caches that `xb.toml` names")
        .help("`xb cache accept` shows and accepts them"))
}

fn push(here: &Invocation, wanted: &Wanted, checks: bool) -> Result<(), Failure> {
    transfer(here, wanted, checks, Sharing::Give, |config| {
        if !config.caches.iter().any(|cache| cache.push) {
            return Err(Failure::user("no cache of `xb.toml` takes what is built here")
                .help("`push = true` in its `[cache.NAME]` says that it does"));
        }
        if own_key()?.is_none() {
            let path = own_key_path()?;
            return Err(Failure::user(format!("there is no key to sign with: `{}`", path.display()))
                .help("`xb key new` makes one, and prints what others write into their `xb.toml` to believe it"));
        }
        Ok(())
    })
}

fn transfer(
    here: &Invocation,
    wanted: &Wanted,
    checks: bool,
    sharing: Sharing,
    check: impl FnOnce(&Config) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let request = Request::new(&here.folder, &wanted.targets, &wanted.how)?;
    accepted(&request.project)?;
    check(&request.project.config)?;
    let job = Job {
        request,
        work: &wanted.work,
        manners: wanted.lock,
        checks,
        again: Again::Nothing,
        sharing: Some(sharing),
        json: false,
    };
    job.run(here, None)
}
