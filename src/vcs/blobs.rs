//! Blobs from git, one at a time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::git::Git;

/// A git that hands out blobs, one after the other.
#[derive(Debug)]
pub(super) struct Blobs {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Blobs {
    pub fn start(git: &Git) -> io::Result<Blobs> {
        let mut child = git.command(&[b"cat-file", b"--batch"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let answers = child.stdout.take().map(BufReader::new).ok_or_else(|| io::Error::other("git has no output"))?;
        Ok(Blobs { asks: child.stdin.take(), child, answers })
    }

    /// Returns the bytes of one blob as they are stored, unfiltered.
    ///
    /// # Errors
    /// When it is not there or cannot be had without fetching.
    pub fn get(&mut self, id: &str) -> io::Result<Vec<u8>> {
        let asks = self.asks.as_mut().ok_or_else(|| io::Error::other("git has no input"))?;
        asks.write_all(format!("{id}\n").as_bytes())?;
        asks.flush()?;
        Ok(self.answer(id, u64::MAX)?.unwrap_or_default())
    }

    /// Returns the bytes of one object as they are stored; `None` if it is not there, or has more than `limit` bytes.
    ///
    /// # Errors
    /// When git has ended.
    pub fn within(&mut self, id: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let asks = self.asks.as_mut().ok_or_else(|| io::Error::other("git has no input"))?;
        asks.write_all(format!("{id}\n").as_bytes())?;
        asks.flush()?;
        there(self.answer(id, limit))
    }

    /// Returns how many bytes an object has; `None` if it is not there.
    ///
    /// # Errors
    /// When git has ended.
    pub fn size(&mut self, id: &str) -> io::Result<Option<u64>> {
        let asks = self.asks.as_mut().ok_or_else(|| io::Error::other("git has no input"))?;
        asks.write_all(format!("{id}\n").as_bytes())?;
        asks.flush()?;
        let Some(size) = there(self.told(id).map(Some))? else { return Ok(None) };
        self.pass(size + 1)?;
        Ok(Some(size))
    }

    /// Returns the bytes of what a name such as `HEAD:README.md` means, as they are stored.
    ///
    /// # Errors
    /// `NotFound` where there is nothing of the name.
    pub fn named(&mut self, name: &[u8]) -> io::Result<Vec<u8>> {
        let shown = String::from_utf8_lossy(name).into_owned();
        if name.contains(&b'\n') {
            return Err(io::Error::other(format!("git cannot be asked for {shown:?}, whose name has two lines")));
        }
        let asks = self.asks.as_mut().ok_or_else(|| io::Error::other("git has no input"))?;
        asks.write_all(&[name, b"\n"].concat())?;
        asks.flush()?;
        Ok(self.answer(&shown, u64::MAX)?.unwrap_or_default())
    }

    /// Reads what is told of an object before its bytes: how many these are.
    fn told(&mut self, id: &str) -> io::Result<u64> {
        let mut line = Vec::new();
        self.answers.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("git ended before it said what {id} is")));
        }
        let line = String::from_utf8_lossy(&line);
        // What is missing is told under the name that was asked for, and that may have any number of words.
        if line.trim_end().ends_with(" missing") {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("git does not have {id}")));
        }
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [_, _, size] => size.parse::<u64>().map_err(io::Error::other),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("git does not have the blob {id}"))),
        }
    }

    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        io::copy(&mut (&mut self.answers).take(bytes), &mut io::sink()).map(drop)
    }

    fn answer(&mut self, id: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let size = self.told(id)?;
        if size > limit {
            self.pass(size + 1)?;
            return Ok(None);
        }
        let mut bytes = Vec::new();
        (&mut self.answers).take(size).read_to_end(&mut bytes)?;
        let mut end = [0];
        self.answers.read_exact(&mut end)?;
        Ok(Some(bytes))
    }
}

/// Takes it for no answer that git does not have an object.
fn there<T>(answer: io::Result<Option<T>>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        answer => answer,
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // Without questions it ends by itself; what it still had to say is lost.
        self.asks = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
