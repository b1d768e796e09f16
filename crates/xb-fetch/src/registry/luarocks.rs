//! LuaRocks, for the one thing that matters here: from which servers it takes rocks.
//!
//! "Config file format" in LuaRocks' documentation: `rocks_servers` is a table of addresses, or of tables of addresses
//! that have the same rocks. A configuration is a program in Lua, which only LuaRocks itself runs.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::lua::{self, Table, Value};

/// Which file stands for the user's configuration.
const FILE: &str = "LUAROCKS_CONFIG";

/// The servers that LuaRocks says it uses, else those that the file of the environment names.
pub(super) fn servers() -> Option<Vec<String>> {
    told().or_else(|| named_in(&std::fs::read_to_string(std::env::var_os(FILE)?).ok()?))
}

/// LuaRocks is asked in a folder where nobody else has put a configuration or a module, which it would run.
fn told() -> Option<Vec<String>> {
    let mut luarocks = Command::new("luarocks");
    luarocks.args(["config", "rocks_servers"]).current_dir("/").stdin(Stdio::null());
    if let Some(file) = std::env::var_os(FILE).filter(|file| !file.is_empty()) {
        luarocks.env(FILE, std::path::absolute(Path::new(&file)).ok()?);
    }
    let told = luarocks.output().ok()?;
    let text = String::from_utf8(told.stdout).ok().filter(|_| told.status.success())?;
    named_in(&format!("rocks_servers = {text}"))
}

/// The addresses that a configuration names, if it can be read without running it and names some.
fn named_in(text: &str) -> Option<Vec<String>> {
    let mut said = lua::read(text).ok()?;
    let servers = match said.fields.remove("rocks_servers")? {
        Value::Table(table) => addresses(table),
        _ => return None,
    };
    (!servers.is_empty()).then_some(servers)
}

fn addresses(table: Table) -> Vec<String> {
    let of = |item| match item {
        Value::Text(url) => vec![url],
        Value::Table(mirrors) => {
            let text = |item| if let Value::Text(url) = item { Some(url) } else { None };
            mirrors.items.into_iter().filter_map(text).collect()
        }
        _ => vec![],
    };
    table.items.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_configuration_names() {
        let of = |text: &str| named_in(text).unwrap_or_default().join(" ");
        let file = "rocks_trees = { home..[[/.luarocks]] }\nrocks_servers = {\n  [[http://a.example/r]],\n  {\n    \
                    \"https://b.example\", \"https://c.example\"\n  }\n}\nvariables = { CC = os_getenv('CC') }";
        assert_eq!(of(file), "http://a.example/r https://b.example https://c.example");
        for none in ["", "rocks_servers = {}", "rocks_servers = f()", "if x then rocks_servers = { 'a' } end", "nil"] {
            assert_eq!(named_in(none), None, "{none}");
        }
    }
}
