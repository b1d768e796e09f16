//! What a server can do.

use bazel_remote_apis::build::bazel::remote::execution::v2::capabilities_client::CapabilitiesClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::{GetCapabilitiesRequest, ServerCapabilities, compressor};

use crate::{Connection, DigestFunction, Kind, RemoteError};

/// The version of the API that is spoken here.
const VERSION: i32 = 2;

/// What a batch holds at most, whatever the server allows: nobody sees how far one has come, so it must not be under way
/// for long on a slow line.
const MOST_BATCH: u64 = 512 << 10;

/// What a server can do, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How many bytes of contents a message may have.
    pub batch_bytes: u64,
    /// How large a content may be.
    pub content_bytes: u64,
    /// Whether contents may go compressed by zstd.
    pub zstd: bool,
    /// Whether results may be put there.
    pub takes_results: bool,
    /// Whether it executes actions.
    pub executes: bool,
}

impl Capabilities {
    pub(crate) async fn ask(connection: &Connection) -> Result<Self, RemoteError> {
        let told = told(connection).await?;
        Self::read(&told, connection.function()).map_err(|why| connection.ask(WHAT).error(why, Kind::Refused))
    }

    /// What a server can do, and the first of these functions that it has; an error is that of the last.
    pub(crate) async fn choose(
        connection: &Connection,
        functions: &[DigestFunction],
    ) -> Result<(Self, DigestFunction), RemoteError> {
        let told = told(connection).await?;
        let none = Err("nobody says how it is to name contents".to_owned());
        let read = |function: DigestFunction| Self::read(&told, function).map(|read| (read, function));
        let chosen = functions.iter().fold(none, |chosen, function| chosen.or_else(|_: String| read(*function)));
        chosen.map_err(|why| connection.ask(WHAT).error(why, Kind::Refused))
    }

    fn read(told: &ServerCapabilities, function: DigestFunction) -> Result<Self, String> {
        let lowest = told.deprecated_api_version.as_ref().or(told.low_api_version.as_ref());
        let is_newer = lowest.is_some_and(|lowest| lowest.major > VERSION);
        let is_older = told.high_api_version.as_ref().is_some_and(|highest| highest.major < VERSION);
        if is_newer || is_older {
            return Err(format!("it does not speak version {VERSION} of the Remote Execution API"));
        }
        let cache = told.cache_capabilities.as_ref().ok_or("it keeps no contents")?;
        if !cache.digest_functions.contains(&function.number()) {
            return Err(format!("it does not name contents by their {}", function.name()));
        }
        let limit = |told: i64| u64::try_from(told).ok().filter(|limit| *limit > 0);
        let updates = cache.action_cache_update_capabilities.as_ref();
        Ok(Self {
            batch_bytes: limit(cache.max_batch_total_size_bytes).unwrap_or(MOST_BATCH).min(MOST_BATCH),
            content_bytes: limit(cache.max_cas_blob_size_bytes).unwrap_or(u64::MAX),
            zstd: cache.supported_compressors.contains(&compressor::Value::Zstd.into()),
            takes_results: updates.is_some_and(|updates| updates.update_enabled),
            executes: told.execution_capabilities.as_ref().is_some_and(|execution| execution.exec_enabled),
        })
    }
}

/// What is asked for, as errors say it.
const WHAT: &str = "what it can do";

async fn told(connection: &Connection) -> Result<ServerCapabilities, RemoteError> {
    let ask = connection.ask(WHAT);
    ask.surely(|| async {
        let request = connection.signed(GetCapabilitiesRequest { instance_name: connection.instance() })?;
        let mut client = CapabilitiesClient::new(connection.channel().await?);
        Ok(client.get_capabilities(request).await?.into_inner())
    })
    .await
}

#[cfg(test)]
mod tests {
    use bazel_remote_apis::build::bazel::remote::execution::v2::CacheCapabilities;
    use bazel_remote_apis::build::bazel::semver::SemVer;

    use super::*;

    fn told(cache: CacheCapabilities) -> ServerCapabilities {
        ServerCapabilities { cache_capabilities: Some(cache), ..ServerCapabilities::default() }
    }

    #[test]
    fn limits_are_those_of_the_server_where_it_names_any() {
        let functions = vec![DigestFunction::Sha256.number()];
        let of = |most| CacheCapabilities {
            digest_functions: functions.clone(),
            max_batch_total_size_bytes: most,
            ..CacheCapabilities::default()
        };
        let batch = |most| Capabilities::read(&told(of(most)), DigestFunction::Sha256).expect("it is one").batch_bytes;
        assert_eq!([0, -1, 65_536, i64::MAX].map(batch), [MOST_BATCH, MOST_BATCH, 65_536, MOST_BATCH]);
        let error = Capabilities::read(&told(of(0)), DigestFunction::Blake3).expect_err("it has no BLAKE3");
        assert!(error.contains("BLAKE3"), "{error}");
        assert!(Capabilities::read(&ServerCapabilities::default(), DigestFunction::Sha256).is_err());
    }

    #[test]
    fn another_version_is_another_api() {
        let version = |major| Some(SemVer { major, ..SemVer::default() });
        let functions = vec![DigestFunction::Sha256.number()];
        let cache = CacheCapabilities { digest_functions: functions, ..CacheCapabilities::default() };
        let read = |lowest, highest| {
            let told = ServerCapabilities { low_api_version: lowest, high_api_version: highest, ..told(cache.clone()) };
            Capabilities::read(&told, DigestFunction::Sha256).is_ok()
        };
        assert!(read(None, None) && read(version(2), version(2)) && read(version(1), version(3)));
        assert!(!read(version(3), version(3)) && !read(version(1), version(1)));
    }
}
