//! What the server counts, in the text format of Prometheus.

use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// What the server counts.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter<u64, AtomicU64>>,
    lookups: Family<Lookup, Counter<u64, AtomicU64>>,
    received: Counter<u64, AtomicU64>,
    sent: Counter<u64, AtomicU64>,
    evicted: Counter<u64, AtomicU64>,
    evicted_bytes: Counter<u64, AtomicU64>,
    damaged: Counter<u64, AtomicU64>,
    kept_bytes: Gauge<i64, AtomicI64>,
    kept: Gauge<i64, AtomicI64>,
    runs: Family<Run, Counter<u64, AtomicU64>>,
    running: Gauge<i64, AtomicI64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    outcome: Outcome,
}

/// How the run of an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Outcome {
    /// The command did what it should.
    Well,
    /// The command failed.
    Failed,
    /// It could not be run.
    Refused,
    /// Nobody waited for it any more.
    Stopped,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    call: &'static str,
    answer: Answer,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Answer {
    Ok,
    NotFound,
    Denied,
    Wrong,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lookup {
    kind: &'static str,
    found: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("xb_serve");
        let metrics = Self {
            requests: Family::default(),
            lookups: Family::default(),
            received: Counter::default(),
            sent: Counter::default(),
            evicted: Counter::default(),
            evicted_bytes: Counter::default(),
            damaged: Counter::default(),
            kept_bytes: Gauge::default(),
            kept: Gauge::default(),
            runs: Family::default(),
            running: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register(
            "requests",
            "Requests by what was asked for and how it was answered",
            metrics.requests.clone(),
        );
        registry.register("lookups", "What was asked for by name, and whether it was there", metrics.lookups.clone());
        let sizes = [
            ("received", "What came in and was kept", &metrics.received),
            ("sent", "What was read to be sent", &metrics.sent),
            ("evicted", "What had to go for want of room", &metrics.evicted_bytes),
        ];
        for (name, help, counter) in sizes {
            registry.register_with_unit(name, help, Unit::Bytes, counter.clone());
        }
        registry.register("evicted", "How many things had to go for want of room", metrics.evicted.clone());
        registry.register(
            "damaged",
            "How many things had to go for what the disk made of them",
            metrics.damaged.clone(),
        );
        registry.register_with_unit("kept", "What is kept", Unit::Bytes, metrics.kept_bytes.clone());
        registry.register("kept", "How many things are kept", metrics.kept.clone());
        registry.register("runs", "Runs of actions by how they ended", metrics.runs.clone());
        registry.register("running", "How many actions run", metrics.running.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    pub fn answered(&self, call: &'static str, answer: Answer) {
        self.requests.get_or_create(&Request { call, answer }).inc();
    }

    pub fn looked_up(&self, kind: &'static str, found: bool) {
        let found = if found { "yes" } else { "no" };
        self.lookups.get_or_create(&Lookup { kind, found }).inc();
    }

    pub fn received(&self, bytes: u64) {
        self.received.inc_by(bytes);
    }

    pub fn sent(&self, bytes: u64) {
        self.sent.inc_by(bytes);
    }

    pub fn evicted(&self, bytes: u64) {
        self.evicted.inc();
        self.evicted_bytes.inc_by(bytes);
    }

    pub fn damaged(&self) {
        self.damaged.inc();
    }

    pub fn kept(&self, bytes: u64, count: usize) {
        self.kept_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.kept.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many more run.
    pub fn running(&self, more: i64) {
        self.running.inc_by(more);
    }

    pub fn ran(&self, outcome: Outcome) {
        self.runs.get_or_create(&Run { outcome }).inc();
    }

    /// All of it, as Prometheus reads it (OpenMetrics 1.0).
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A string takes whatever is written to it.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
