//! A container does what every executor does.

use xb_contract::contract;

use crate::world::World;

contract!(World::kept);
