//! What the machine itself can do, measured in the same run: disk, hashing, loopback. The frame for all other figures.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use crate::time::now;

const MEGABYTE: f64 = 1e6;
const FILE_BYTES: u64 = 64 << 20;
const TAKE: Duration = Duration::from_millis(1500);

/// Megabytes per second of `write` + `fdatasync`, each `block` bytes, into a file whose blocks are written already.
pub(crate) fn fdatasync(folder: &Path, block: usize) -> std::io::Result<f64> {
    let path = folder.join("fdatasync.probe");
    let measured = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&path)
        .and_then(|file| write_and_sync(file, block));
    // The probe is of no further use, and a leftover is only a leftover.
    let _ = std::fs::remove_file(&path);
    measured
}

fn write_and_sync(mut file: File, block: usize) -> std::io::Result<f64> {
    let zeros = vec![0u8; 1 << 20];
    for _ in 0..FILE_BYTES / zeros.len() as u64 {
        file.write_all(&zeros)?;
    }
    file.sync_all()?;
    let data: Vec<u8> = (0..block).map(|index| (index * 31 % 251) as u8).collect();
    let (start, mut written, mut at) = (now(), 0u64, 0u64);
    while start.elapsed() < TAKE {
        if at + block as u64 > FILE_BYTES {
            at = 0;
        }
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&data)?;
        file.sync_data()?;
        at += block as u64;
        written += block as u64;
    }
    Ok(written as f64 / MEGABYTE / start.elapsed().as_secs_f64())
}

/// Megabytes per second of SHA-256 on one core: every body is hashed once to check its signature.
pub(crate) fn sha256() -> f64 {
    let data = vec![7u8; 1 << 20];
    let (start, mut hashed) = (now(), 0u64);
    while start.elapsed() < TAKE {
        std::hint::black_box(digest(&SHA256, std::hint::black_box(&data)));
        hashed += data.len() as u64;
    }
    hashed as f64 / MEGABYTE / start.elapsed().as_secs_f64()
}

/// Megabytes per second from one socket to another on this machine.
pub(crate) fn loopback() -> std::io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let reader = std::thread::spawn(move || -> std::io::Result<u64> {
        let (mut stream, _) = listener.accept()?;
        let (mut buffer, mut total) = (vec![0u8; 256 << 10], 0u64);
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(total),
                read => total += read as u64,
            }
        }
    });
    let mut stream = TcpStream::connect(address)?;
    let (data, start) = (vec![7u8; 256 << 10], now());
    while start.elapsed() < TAKE {
        stream.write_all(&data)?;
    }
    drop(stream);
    let total = reader.join().map_err(|_| std::io::Error::other("the reading thread panicked"))??;
    Ok(total as f64 / MEGABYTE / start.elapsed().as_secs_f64())
}

/// Processor, cores, memory and kernel in one line.
pub(crate) fn describe() -> String {
    let line_value = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory_kib: u64 =
        line_value("/proc/meminfo", "MemTotal").split(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processor = line_value("/proc/cpuinfo", "model name");
    format!("{processor}, {cores} cores, {} GiB, kernel {}", memory_kib.div_ceil(1 << 20), kernel.trim())
}

/// Makes the kernel forget the contents of files, which only root may.
pub(crate) fn drop_caches() -> std::io::Result<()> {
    std::fs::write("/proc/sys/vm/drop_caches", "1")
}

/// Megabytes per second of reading the largest files below `folder` from end to end, for about a second.
pub(crate) fn sequential_read(folder: &Path) -> std::io::Result<f64> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let (mut buffer, mut total, start) = (vec![0u8; 1 << 20], 0u64, now());
    for (_, path) in files {
        let mut file = File::open(path)?;
        loop {
            let read = file.read(&mut buffer)?;
            total += read as u64;
            if read == 0 || start.elapsed() > TAKE {
                break;
            }
        }
        if start.elapsed() > TAKE {
            break;
        }
    }
    Ok(total as f64 / MEGABYTE / start.elapsed().as_secs_f64())
}

/// All files below `folder` with their sizes.
fn collect(folder: &Path, files: &mut Vec<(u64, std::path::PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push((metadata.len(), entry.path()));
        }
    }
    Ok(())
}
