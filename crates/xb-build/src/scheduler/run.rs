//! The loop.

use std::time::Duration;

use super::Scheduler;
use crate::{Forecast, Realised};

/// How often it is looked at what time alone has changed: who is stuck, and what others have given back.
const TICK: Duration = Duration::from_secs(1);

impl Scheduler<'_> {
    /// Realises the goals.
    pub async fn run(mut self) -> Realised {
        self.work().await;
        self.end().await
    }

    /// Tells what realising the goals would take, with executors that run nothing.
    pub async fn forecast(mut self) -> Forecast {
        self.work().await;
        self.foreseen()
    }

    async fn work(&mut self) {
        self.look_around().await;
        for goal in self.goals {
            self.demand(*goal);
        }
        self.announce();
        let cancel = self.options.cancel.clone();
        loop {
            self.look_below().await;
            if cancel.is_cancelled() {
                self.halt();
            }
            self.answer();
            if self.known.has_lost() {
                continue;
            }
            self.start();
            let waits = !self.halted.is_cancelled() && self.fleet.is_waiting_for_time();
            if self.tasks.is_empty() && !waits {
                return;
            }
            tokio::select! {
                () = cancel.cancelled(), if !self.halted.is_cancelled() => {}
                () = tokio::time::sleep(TICK), if waits => {}
                ended = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => {
                    if let Some(ended) = ended {
                        self.take(ended);
                    }
                }
            }
        }
    }
}
