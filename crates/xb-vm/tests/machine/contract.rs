//! A machine does what every executor does.

use xb_contract::contract;

use crate::support::{World, runtime};

contract!(World::shared, in runtime());
