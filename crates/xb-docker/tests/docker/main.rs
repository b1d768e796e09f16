//! Real containers: what a command finds there, what it leaves, and what becomes of containers and images.
//!
//! They need a Docker engine that `docker info` reaches, and are asked for by `XB_TEST_DOCKER=1`.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod contract;
mod kept;
mod limits;
mod same;
mod trouble;
mod world;
