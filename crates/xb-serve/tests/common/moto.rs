//! A server that speaks as S3 does.

use std::process::{Child, Command, Stdio};

use super::{free_address, program, run, wait_for};

/// A server of its own with one bucket, `bucket`, which ends when it is dropped.
pub struct Moto {
    /// Its host and port.
    pub address: String,
    child: Child,
}

impl Moto {
    /// A server; none where the machine has none.
    pub fn start() -> Option<Self> {
        let program = program("XB_TEST_MOTO", "moto_server")?;
        let address = free_address();
        let (host, port) = address.split_once(':').expect("a host and a port");
        let child = Command::new(program)
            .args(["-H", host, "-p", port])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto_server runs");
        let moto = Self { address, child };
        wait_for(&moto.address);
        moto.put("", Vec::new());
        Some(moto)
    }

    /// Where the bucket is, as one types it.
    pub fn url(&self) -> String {
        format!("s3://id:secret@bucket/team/x?endpoint=http://{}&region=us-east-1", self.address)
    }

    /// Puts an object, whatever it is.
    pub fn put(&self, key: &str, bytes: Vec<u8>) {
        let url = format!("http://{}/bucket/{key}", self.address);
        let put = async { reqwest::Client::new().put(url).body(bytes).send().await.expect("an answer") };
        let answer = run(put);
        assert!(answer.status().is_success(), "{key}: {}", answer.status());
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
