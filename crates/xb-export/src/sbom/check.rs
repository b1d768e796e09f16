//! Whether an SBOM can be written as SPDX has it.

use super::{Component, Sbom};
use crate::error::{ExportError, Result};

pub(super) fn check(sbom: &Sbom) -> Result<()> {
    for (what, text) in [("the document's name", &sbom.name), ("the tool", &sbom.tool)] {
        check_text(what, text)?;
    }
    if sbom.describes.is_empty() {
        return Err(ExportError::value("the document", &sbom.name, "it is about no component"));
    }
    sbom.components.iter().try_for_each(check_component)
}

fn check_component(component: &Component) -> Result<()> {
    check_text("the component's name", &component.name)?;
    if let Some(license) = component.license.as_ref().filter(|license| !is_expression(license)) {
        return Err(ExportError::value("the licence", license, "it is no SPDX expression such as `MIT OR Apache-2.0`"));
    }
    for address in [&component.homepage, &component.download, &component.purl].into_iter().flatten() {
        if !is_address(address) {
            return Err(ExportError::value("the address", address, "it is no URL"));
        }
    }
    Ok(())
}

pub(super) fn is_address(text: &str) -> bool {
    text.contains(':') && text.chars().all(|sign| !sign.is_whitespace() && !sign.is_control())
}

fn check_text(what: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(ExportError::value(what, text, "it must be a text on one line"));
    }
    Ok(())
}

/// Whether names and operators take turns, within brackets that fit. Which names there are is not looked at.
pub(super) fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut depth = 0_u32;
    let mut wants_name = true;
    for word in spaced.split_ascii_whitespace() {
        match word {
            "(" if wants_name => depth += 1,
            ")" if !wants_name && depth > 0 => depth -= 1,
            "AND" | "OR" | "WITH" if !wants_name => wants_name = true,
            _ if wants_name && is_name(word) => wants_name = false,
            _ => return false,
        }
    }
    !wants_name && depth == 0
}

fn is_name(word: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+:".contains(&byte);
    !["AND", "OR", "WITH"].contains(&word) && word.bytes().all(is_sign)
}

#[cfg(test)]
mod tests {
    use super::is_expression;

    #[test]
    fn expressions_are_names_between_operators() {
        let right = ["MIT", "GPL-2.0+", "MIT OR Apache-2.0", "(A AND B) OR (C WITH D)", "LicenseRef-x", "((A))"];
        assert!(right.into_iter().all(is_expression));
        let wrong = ["", "MIT Apache-2.0", "MIT OR", "AND", "(MIT", "MIT)", "()", "MIT/Apache-2.0", "A, B", "( OR A)"];
        assert!(!wrong.into_iter().any(is_expression));
    }
}
