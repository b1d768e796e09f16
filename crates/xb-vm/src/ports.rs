//! What a machine is told and says: the lines of its control port, and the bytes of its log.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot::Receiver;
use tokio::time::timeout;

use crate::machine::Lost;
use crate::protocol::{self, Line};

/// How long a machine that works may be silent.
const SILENCE: Duration = Duration::from_secs(180);

/// The control port.
#[derive(Debug)]
pub struct Ports {
    lines: BufReader<OwnedReadHalf>,
    orders: OwnedWriteHalf,
}

impl Ports {
    /// Of a socket that does not block.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(socket: std::os::unix::net::UnixStream) -> io::Result<Self> {
        let (lines, orders) = UnixStream::from_std(socket)?.into_split();
        Ok(Self { lines: BufReader::with_capacity(protocol::LONGEST, lines), orders })
    }

    /// Sends an order.
    ///
    /// # Errors
    /// When the machine takes none.
    pub async fn order(&mut self, offset: u64, length: usize) -> Result<(), Lost> {
        let line = format!("run {offset} {length}\n");
        match timeout(SILENCE, self.orders.write_all(line.as_bytes())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Lost(format!("it takes no orders: {error}"))),
            Err(_) => Err(silent()),
        }
    }

    /// The next line of a machine that works.
    ///
    /// # Errors
    /// When it says nothing, or nonsense.
    pub async fn next(&mut self) -> Result<Line, Lost> {
        timeout(SILENCE, self.line()).await.map_err(|_| silent())?
    }

    /// The next line that says more than that the machine is alive, for which it has so long.
    ///
    /// # Errors
    /// When it says nothing, or nonsense, or nothing else in this time.
    pub async fn next_news(&mut self, patience: Duration) -> Result<Line, Lost> {
        let news = async {
            loop {
                match self.next().await {
                    Ok(Line::Alive) => {}
                    other => return other,
                }
            }
        };
        let late = |_| Lost(format!("it only said that it is alive for {} s", patience.as_secs()));
        timeout(patience, news).await.map_err(late)?
    }

    /// The next line, however long it takes.
    ///
    /// # Errors
    /// When the machine ends, or says nonsense.
    pub async fn line(&mut self) -> Result<Line, Lost> {
        read_line(&mut self.lines).await
    }
}

/// The log port.
#[derive(Debug)]
pub struct Said(UnixStream);

impl Said {
    /// Of a socket that does not block.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(socket: std::os::unix::net::UnixStream) -> io::Result<Self> {
        UnixStream::from_std(socket).map(Self)
    }

    /// Takes bytes until there are as many as is told some time.
    ///
    /// # Errors
    /// When there are more, or the machine ends, or too few come although all must have been sent.
    pub async fn read_until(&mut self, mut total: Receiver<u64>, mut take: impl FnMut(&[u8])) -> Result<(), Lost> {
        let (mut all, mut read) = (None, 0);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match all {
                Some(all) if read == all => return Ok(()),
                Some(all) if read > all => return Err(Lost("its log is longer than it says".to_owned())),
                Some(_) => {
                    let length = timeout(SILENCE, self.0.read(&mut buffer)).await.map_err(|_| silent())?;
                    read += taken(length, &buffer, &mut take)?;
                }
                None => tokio::select! {
                    // Who would tell is gone only together with who reads.
                    told = &mut total => all = Some(told.map_err(|_| gone())?),
                    length = self.0.read(&mut buffer) => read += taken(length, &buffer, &mut take)?,
                },
            }
        }
    }
}

fn taken(length: io::Result<usize>, buffer: &[u8], take: &mut impl FnMut(&[u8])) -> Result<u64, Lost> {
    match length {
        Ok(0) => Err(gone()),
        Ok(length) => {
            take(&buffer[..length]);
            Ok(length as u64)
        }
        Err(error) => Err(Lost(format!("its log cannot be read: {error}"))),
    }
}

/// Reads one line, of no more bytes than an honest one has.
async fn read_line(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Line, Lost> {
    let mut line = Vec::new();
    let mut limited = from.take(protocol::LONGEST as u64);
    match limited.read_until(b'\n', &mut line).await {
        Ok(0) => return Err(gone()),
        Ok(_) => {}
        Err(error) => return Err(Lost(format!("its control port cannot be read: {error}"))),
    }
    let text = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
    text.and_then(Line::parse).ok_or_else(|| Lost(format!("it said nonsense: `{}`", line.escape_ascii())))
}

fn gone() -> Lost {
    Lost("it ended".to_owned())
}

fn silent() -> Lost {
    Lost(format!("it said nothing for {} s", SILENCE.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(said: &[u8]) -> Result<Line, String> {
        read_line(&mut BufReader::with_capacity(16, said)).await.map_err(|Lost(why)| why)
    }

    #[tokio::test]
    async fn a_machine_says_no_more_than_it_may() {
        assert_eq!(check(b"alive\nalive\n").await, Ok(Line::Alive));
        assert_eq!(check(b"").await, Err("it ended".to_owned()));
        let endless = check(&[b'a'; 1 << 20]).await.unwrap_err();
        assert!(endless.contains("nonsense") && endless.len() < 1000, "{endless}");
        assert!(check(b"alive").await.unwrap_err().contains("nonsense"));
        assert!(check(b"al\xff\x1b[2Jve\n").await.unwrap_err().contains(r"al\xff\x1b[2Jve"));
    }

    #[tokio::test]
    async fn a_machine_that_is_only_alive_is_waited_for_no_longer_than_told() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut ports = Ports::new(ours).unwrap();
        std::io::Write::write_all(&mut &theirs, b"alive\nalive\ndone\n").unwrap();
        assert!(matches!(ports.next_news(SILENCE).await, Ok(Line::Done)));
        let speaking = std::thread::spawn(move || {
            while std::io::Write::write_all(&mut &theirs, b"alive\n").is_ok() {
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let Lost(why) = ports.next_news(Duration::from_secs(1)).await.unwrap_err();
        assert!(why.contains("alive for 1 s"), "{why}");
        drop(ports);
        speaking.join().unwrap();
    }

    #[tokio::test]
    async fn a_log_is_as_long_as_the_machine_says() {
        let check = async |said: &'static [u8], total| {
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            std::io::Write::write_all(&mut &theirs, said).unwrap();
            drop(theirs);
            let (tell, told) = tokio::sync::oneshot::channel();
            tell.send(total).unwrap();
            let mut log = Vec::new();
            let read = Said::new(ours).unwrap().read_until(told, |bytes| log.extend_from_slice(bytes)).await;
            read.map(|()| log).map_err(|Lost(why)| why)
        };
        assert_eq!(check(b"hello", 5).await, Ok(b"hello".to_vec()));
        assert_eq!(check(b"", 0).await, Ok(Vec::new()));
        assert!(check(b"hello", 4).await.unwrap_err().contains("longer"));
        assert!(check(b"hello", 6).await.unwrap_err().contains("ended"));
    }
}
