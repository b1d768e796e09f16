//! `NAME.sources`: what makes the repository known to a machine, with its key inside.

use super::AptRepository;

/// The file. Where the repository is, is its last line; without an address, the head tells how to add that line.
pub(super) fn text(repository: &AptRepository, key: &str) -> String {
    let name = &repository.name;
    let head = match &repository.url {
        Some(_) => {
            format!("# Makes this repository known to apt: copy this file to /etc/apt/sources.list.d/{name}.sources\n")
        }
        None => format!(
            "# Makes this repository known to apt, once its last line says where it is. In this folder, as root:\n\
             #   (cat {name}.sources; echo \"URIs: file:$PWD\") >/etc/apt/sources.list.d/{name}.sources\n\
             # Behind a web server, its address takes the place of file:$PWD.\n"
        ),
    };
    let architectures: Vec<_> = repository.architectures.iter().map(|arch| arch.debian()).collect();
    let url = repository.url.as_ref().map(|url| format!("URIs: {url}\n")).unwrap_or_default();
    format!(
        "{head}Types: deb\nSuites: {}\nComponents: main\nArchitectures: {}\nSigned-By:\n{}{url}",
        repository.suite,
        architectures.join(" "),
        indented(key),
    )
}

/// As a continued field has it: each line after a blank, an empty one as a dot.
fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| if line.is_empty() { " .\n".to_owned() } else { format!(" {line}\n") });
    lines.collect()
}
