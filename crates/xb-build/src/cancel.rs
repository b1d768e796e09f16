//! Asking a build to stop.

use tokio::sync::watch;

/// Whether somebody asked for a stop; every clone is the same request.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Sender<bool>);

impl Default for Cancel {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Cancel {
    /// Asks for a stop; asking twice is asking once.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody asks.
    pub async fn cancelled(&self) {
        let mut watcher = self.0.subscribe();
        // The sender is alive as long as `self`, so this cannot fail before it is true.
        let _ = watcher.wait_for(|cancelled| *cancelled).await;
    }
}
