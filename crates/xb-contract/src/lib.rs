//! What every executor does alike: tests for those who make one.
//!
//! [`contract!`] has an executor checked, given a function that makes a [`World`] around it. What it checks is what a
//! command sees and what becomes of what it leaves: the same wherever it runs.

mod busybox;
pub mod cases;
mod lasting;
mod world;

pub use busybox::{applets, busybox_root};
pub use lasting::remove_at_the_end;
pub use world::{Outcome, World, make, write};

/// The tests of an executor: `world` makes what they need, and keeps alive what has to be; none where that cannot be
/// had here, of which the reason was told. Where an executor leaves something to others, it names the cases that are its
/// own; where it lives on between tests, it names the runtime that it lives in.
#[macro_export]
macro_rules! contract {
    ($world:expr $(, in $runtime:expr)?) => {
        $crate::contract!($world $(, in $runtime)?,
            a_command_sees_what_every_command_sees,
            the_machine_has_the_name_of_all,
            outputs_are_the_same_trees,
            folders_that_a_command_needs_are_there,
            failures_have_the_same_causes,
            a_log_has_its_limit_and_a_large_one_its_end,
            several_run_at_once,
            who_is_given_up_is_stopped,
        );
    };
    ($world:expr, $($case:ident),+ $(,)?) => {
        $crate::contract!($world, in $crate::runtime(), $($case),+);
    };
    ($world:expr, in $runtime:expr, $($case:ident),+ $(,)?) => {
        $(
            #[test]
            fn $case() {
                let runtime = $runtime;
                let _within = runtime.enter();
                let Some((_kept, world)) = $world() else { return };
                runtime.block_on($crate::cases::$case(&world));
            }
        )+
    };
}

/// What runs a case, and all that its executor begins.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}
