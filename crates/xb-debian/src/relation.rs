//! Relations between packages: `a (>= 1) | b:any, c`.

use std::cmp::Ordering;
use std::fmt;

use crate::version::compare_versions;

/// One alternative of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alternative<'a> {
    /// The package, real or virtual.
    pub(crate) name: &'a str,
    /// What is behind the colon: `any`, `native`, or an architecture.
    pub(crate) qualifier: Option<&'a str>,
    /// Which versions.
    pub(crate) versions: Option<(Operator, &'a str)>,
}

/// How a version is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

/// A relation that is not of the form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed<'a>(pub(crate) &'a str);

/// One relation: alternatives, the preferred first, and how it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Relation<'a> {
    /// The alternatives; at least one.
    pub(crate) alternatives: Vec<Alternative<'a>>,
    /// Its text.
    pub(crate) text: &'a str,
}

/// The relations of a field.
pub(crate) fn relations(field: &str) -> impl Iterator<Item = Result<Relation<'_>, Malformed<'_>>> {
    let texts = field.split(',').map(str::trim).filter(|text| !text.is_empty());
    texts.map(|text| {
        let alternatives = text.split('|').map(Alternative::parse).collect::<Result<_, _>>()?;
        Ok(Relation { alternatives, text })
    })
}

impl<'a> Alternative<'a> {
    /// Reads one alternative.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed<'a>> {
        let text = text.trim();
        let (package, versions) = match text.split_once('(') {
            None => (text, None),
            Some((package, rest)) => {
                let inner = rest.trim_end().strip_suffix(')').ok_or(Malformed(text))?;
                (package.trim_end(), Some(Operator::parse(inner).ok_or(Malformed(text))?))
            }
        };
        let (name, qualifier) = match package.split_once(':') {
            None => (package, None),
            Some((name, qualifier)) => (name, Some(qualifier)),
        };
        if [Some(name), qualifier].into_iter().flatten().all(is_word) {
            Ok(Self { name, qualifier, versions })
        } else {
            Err(Malformed(text))
        }
    }

    /// Whether a version is among those that are asked for.
    pub(crate) fn admits(&self, version: &str) -> bool {
        self.versions.is_none_or(|(operator, wanted)| operator.holds(compare_versions(version, wanted)))
    }

    /// Whether a package that provides this name, in this version if it says one, is what is asked for.
    pub(crate) fn admits_provided(&self, version: Option<&str>) -> bool {
        match version {
            None => self.versions.is_none(),
            Some(version) => self.admits(version),
        }
    }
}

impl Operator {
    /// Reads `>= 1.0`.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let text = text.trim();
        let end = text.find(|sign| !matches!(sign, '<' | '=' | '>'))?;
        let (operator, version) = text.split_at(end);
        let operator = match operator {
            "<<" => Self::Earlier,
            "<=" | "<" => Self::EarlierOrEqual,
            "=" => Self::Equal,
            ">=" | ">" => Self::LaterOrEqual,
            ">>" => Self::Later,
            _ => return None,
        };
        Some((operator, version.trim()))
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }
}

impl fmt::Display for Malformed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a relation between packages", self.0)
    }
}

/// What names of packages and architectures consist of.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_have_alternatives_versions_and_qualifiers() {
        let all: Vec<_> = relations("a (>= 1:2~), b:any|c ( << 3 ) ,").map(Result::unwrap).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].alternatives[0].versions, Some((Operator::LaterOrEqual, "1:2~")));
        assert_eq!(all[1].text, "b:any|c ( << 3 )");
        assert_eq!(all[1].alternatives[0].qualifier, Some("any"));
        assert!(all[1].alternatives[1].admits("2.9"));
        assert!(!all[1].alternatives[1].admits("3"));
    }

    #[test]
    fn an_unversioned_provision_meets_only_an_unversioned_need() {
        assert!(Alternative::parse("a").unwrap().admits_provided(None));
        assert!(!Alternative::parse("a (>= 1)").unwrap().admits_provided(None));
        assert!(Alternative::parse("a (>= 1)").unwrap().admits_provided(Some("1")));
    }

    #[test]
    fn what_is_no_relation_is_refused() {
        for text in ["a (1)", "a (>= 1", "a |", "a b", "a:", "a [amd64]", "(>= 1)"] {
            assert!(relations(text).any(|relation| relation.is_err()), "{text}");
        }
    }
}
