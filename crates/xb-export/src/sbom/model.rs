//! The document of SPDX 2.3, as far as we write it.

use std::collections::BTreeSet;

use serde::Serialize;
use xb_core::Sha256;

use super::{Component, Purpose, RelationKind};

pub(super) const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// What is not known, or not for us to say.
const UNKNOWN: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    pub(super) spdx_version: &'static str,
    pub(super) data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub(super) id: &'static str,
    pub(super) name: &'a str,
    #[serde(rename = "documentNamespace")]
    pub(super) namespace: String,
    pub(super) creation_info: CreationInfo,
    pub(super) document_describes: Vec<String>,
    pub(super) packages: Vec<Package<'a>>,
    #[serde(rename = "hasExtractedLicensingInfos", skip_serializing_if = "Vec::is_empty")]
    pub(super) licensing_infos: Vec<LicensingInfo>,
    pub(super) relationships: Vec<Relationship>,
}

#[derive(Serialize)]
pub(super) struct CreationInfo {
    pub(super) created: String,
    pub(super) creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version_info: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_file_name: Option<&'a str>,
    download_location: &'a str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<PackageChecksum>,
    license_concluded: &'static str,
    license_declared: &'a str,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_package_purpose: Option<Purpose>,
}

impl<'a> Package<'a> {
    pub(super) fn of(component: &'a Component, id: String) -> Self {
        let purl = component.purl.as_deref();
        Self {
            id,
            name: &component.name,
            version_info: &component.version,
            package_file_name: component.file.as_deref(),
            download_location: component.download.as_deref().unwrap_or(UNKNOWN),
            files_analyzed: false,
            homepage: component.homepage.as_deref(),
            checksums: component.sha256.into_iter().map(PackageChecksum::sha256).collect(),
            license_concluded: UNKNOWN,
            license_declared: component.license.as_deref().unwrap_or(UNKNOWN),
            copyright_text: UNKNOWN,
            external_refs: purl.map(ExternalRef::purl).into_iter().collect(),
            primary_package_purpose: component.purpose,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PackageChecksum {
    algorithm: &'static str,
    checksum_value: String,
}

impl PackageChecksum {
    fn sha256(sum: Sha256) -> Self {
        Self { algorithm: "SHA256", checksum_value: sum.to_string() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

impl<'a> ExternalRef<'a> {
    fn purl(purl: &'a str) -> Self {
        Self { reference_category: "PACKAGE-MANAGER", reference_type: "purl", reference_locator: purl }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LicensingInfo {
    license_id: String,
    extracted_text: &'static str,
}

/// The licences that are not on SPDX's list, which a document must list itself.
pub(super) fn licensing_infos(components: &[&Component]) -> Vec<LicensingInfo> {
    let words = components.iter().filter_map(|component| component.license.as_deref());
    let words = words.flat_map(|license| license.split(['(', ')', ' ']));
    let own: BTreeSet<&str> = words.filter(|word| word.starts_with("LicenseRef-")).collect();
    let info = |id: &str| LicensingInfo { license_id: id.to_owned(), extracted_text: "The text is in the component." };
    own.into_iter().map(info).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

impl Relationship {
    pub(super) fn describes(to: String) -> Self {
        Self { spdx_element_id: DOCUMENT.to_owned(), relationship_type: "DESCRIBES", related_spdx_element: to }
    }

    pub(super) fn new(from: String, kind: RelationKind, to: String) -> Self {
        let relationship_type = match kind {
            RelationKind::Contains => "CONTAINS",
            RelationKind::DependsOn => "DEPENDS_ON",
            RelationKind::GeneratedFrom => "GENERATED_FROM",
        };
        Self { spdx_element_id: from, relationship_type, related_spdx_element: to }
    }
}
