//! What the system tells of folders.

use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use rustix::fs::inotify::{self, ReadFlags};
use rustix::io::Errno;

/// How many bytes of what was told are read in one call.
const PIECE: usize = 64 << 10;

/// One thing that was told.
#[derive(PartialEq, Eq)]
pub(super) struct News {
    /// The number of the folder.
    pub folder: i32,
    /// What has happened.
    pub what: ReadFlags,
    /// To what in the folder; `None`: to the folder itself.
    pub name: Option<Vec<u8>>,
}

impl News {
    fn of(event: &inotify::Event<'_>) -> News {
        News { folder: event.wd(), what: event.events(), name: event.file_name().map(|name| name.to_bytes().to_vec()) }
    }
}

/// Returns all that was told by now, and whether that is all.
pub(super) fn read(told: BorrowedFd<'_>) -> (Vec<News>, bool) {
    // A row of events is at least 16 bytes long: what comes while this is read may wait.
    let mut most = rustix::io::ioctl_fionread(told).unwrap_or(0) / 16;
    let mut buffer = vec![MaybeUninit::<u8>::uninit(); if most > 0 { PIECE } else { 0 }];
    let (mut news, mut whole): (Vec<News>, bool) = (Vec::new(), true);
    let mut reader = inotify::Reader::new(told, &mut buffer);
    while most > 0 {
        most -= 1;
        match reader.next() {
            Ok(event) => {
                let event = News::of(&event);
                if news.last() != Some(&event) {
                    news.push(event);
                }
            }
            Err(Errno::AGAIN) => break,
            Err(Errno::INTR) => {}
            Err(_) => {
                whole = false;
                break;
            }
        }
    }
    // What was read and not handed out is lost with the reader.
    while !reader.is_buffer_empty() {
        let Ok(event) = reader.next() else { break };
        news.push(News::of(&event));
    }
    (news, whole)
}
