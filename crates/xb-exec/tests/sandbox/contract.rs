//! The sandbox of this machine does what every executor does.

use std::sync::Arc;

use xb_contract::{World, contract};
use xb_exec::{LocalExecutor, Options};

fn here() -> Option<((), World)> {
    let world = World::new(3, |store| {
        let options = Options { child: Some(env!("CARGO_BIN_EXE_xb-sandbox").into()), ..Options::default() };
        let scratch = store.folder().join("sandboxes");
        Arc::new(LocalExecutor::new(Arc::new(store.clone()), scratch, options).expect("an executor")) as _
    })?;
    Some(((), world))
}

contract!(here);
