//! Whether the methods lead to the same bits.

use std::collections::BTreeMap;

use xb_build::{Options, Realised};
use xb_graph::{Graph, Method, Target, TargetId};
use xb_port::Bits;

use crate::compared::{Trees, builds, collect, compared};
use crate::emission::emit_apart;
use crate::failure::Failure;
use crate::request::Request;
use crate::session::Session;

/// Builds what was built for another architecture by each of the methods alone, and compares.
///
/// # Errors
/// When somebody pressed Ctrl-C, or a tree cannot be read.
pub fn bits(
    session: &Session,
    request: &Request,
    methods: &[Method],
    options: &Options,
) -> Result<BTreeMap<TargetId, Bits>, Failure> {
    let (mut trees, mut bits) = (Trees::new(), BTreeMap::new());
    let arches: Vec<_> = request.arches.iter().copied().filter(|arch| *arch != request.host).collect();
    for method in methods.iter().filter(|_| !arches.is_empty()) {
        let request = Request { methods: vec![*method], arches: arches.clone(), audit: false, ..request.clone() };
        let (Ok(emission), _) = emit_apart(&request) else { continue };
        let graph = emission.graph;
        let (realised, _) = session.realise_apart(&graph, &builds(&graph), options)?;
        collect(session, &graph, *method, &realised, &mut trees);
        for target in &graph.targets {
            if let Some(why) = why_not(&graph, &realised, target) {
                bits.insert(target.id.clone(), Bits::Unknown { method: *method, why });
            }
        }
    }
    for (target, trees) in trees {
        if trees.len() == methods.len() {
            let compared = compared(&session.store, target, &trees)?;
            let methods = methods.to_vec();
            let found = match compared.equal {
                true => Bits::Equal { methods },
                false => Bits::Differ { methods, differences: compared.differences },
            };
            bits.insert(compared.target, found);
        }
    }
    Ok(bits)
}

/// Why a target has no result by a method.
fn why_not(graph: &Graph, realised: &Realised, target: &Target) -> Option<String> {
    if realised.node(target.build).is_some() {
        return None;
    }
    let own = realised.failures.iter().find(|failure| graph.is_of(target.build, failure.node));
    Some(own.map_or_else(|| "something that it needs is not there".to_owned(), |failure| failure.why.to_string()))
}
