//! A host for the interpreter: the WASI functions that programs use, on buffers.
//!
//! Nothing here reaches the machine it runs on: time, input, arguments and environment are
//! what the caller put in, so that a run depends on them alone.

use std::collections::BTreeMap;

use super::interp::{Host, Trap, TrapKind};

const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: u64 = 0;
const BAD_DESCRIPTOR: u64 = 8;
const NO_ENTRY: u64 = 44;
const NOT_CAPABLE: u64 = 76;
/// The descriptor of the only directory, and the first of files.
const DIRECTORY: u64 = 3;
const FIRST_FILE: usize = 4;
const CREATE: u64 = 1;
const CHARACTER_DEVICE: u8 = 2;
const REGULAR_FILE: u8 = 4;

/// Captures what a program writes and feeds it what it reads.
#[derive(Clone, Debug, Default)]
pub struct CapturingWasi {
    pub stdin: Vec<u8>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// `NAME=value` each.
    pub environment: Vec<String>,
    /// The program's name first.
    pub arguments: Vec<String>,
    /// Nanoseconds; the clock moves on by `clock_step` with each look at it.
    pub clock: u64,
    pub clock_step: u64,
    /// Whether standard input and output claim to be a terminal.
    pub terminal: bool,
    /// The most bytes that one read gives; none for no limit.
    pub read_limit: Option<usize>,
    /// How many calls there were, for tests of buffering.
    pub writes: usize,
    /// The files of the directory that the program was given, `.`, by name; none for no directory.
    pub files: Option<BTreeMap<String, Vec<u8>>>,
    /// Names of the files that were opened and how far they were read.
    opened: Vec<Option<(String, usize)>>,
    read: usize,
    random: u64,
}

impl CapturingWasi {
    pub fn with_stdin(stdin: impl Into<Vec<u8>>) -> CapturingWasi {
        CapturingWasi { stdin: stdin.into(), ..CapturingWasi::default() }
    }

    /// Standard output as text.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    fn write(&mut self, args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
        self.writes += 1;
        let into = match args[0] {
            1 => &mut self.stdout,
            2 => &mut self.stderr,
            file => match file_of(&mut self.files, &mut self.opened, file) {
                Some((contents, _)) => contents,
                None => return Ok(BAD_DESCRIPTOR),
            },
        };
        let mut written = 0;
        for (address, length) in vectors(args, memory)? {
            into.extend_from_slice(bytes(memory, address, length)?);
            written += length;
        }
        put(memory, args[3], &written.to_le_bytes())?;
        Ok(SUCCESS)
    }

    fn read(&mut self, args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
        let mut left = self.read_limit.unwrap_or(usize::MAX);
        let (contents, read) = match args[0] {
            0 => (&mut self.stdin, &mut self.read),
            file => match file_of(&mut self.files, &mut self.opened, file) {
                Some(file) => file,
                None => return Ok(BAD_DESCRIPTOR),
            },
        };
        let mut total = 0;
        for (address, length) in vectors(args, memory)? {
            let from = &contents[*read..];
            let count = from.len().min(length as usize).min(left);
            bytes(memory, address, length)?[..count].copy_from_slice(&from[..count]);
            *read += count;
            left -= count;
            total += count as u32;
        }
        put(memory, args[3], &total.to_le_bytes())?;
        Ok(SUCCESS)
    }

    fn open(&mut self, args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
        let name = String::from_utf8_lossy(bytes(memory, args[2] as u32, args[3] as u32)?).into_owned();
        let Some(files) = self.files.as_mut().filter(|_| args[0] == DIRECTORY) else { return Ok(BAD_DESCRIPTOR) };
        if name.starts_with("..") {
            return Ok(NOT_CAPABLE);
        }
        if args[4] & CREATE != 0 {
            files.insert(name.clone(), Vec::new());
        } else if !files.contains_key(&name) {
            return Ok(NO_ENTRY);
        }
        self.opened.push(Some((name, 0)));
        let descriptor = FIRST_FILE + self.opened.len() - 1;
        put(memory, args[8], &(descriptor as u32).to_le_bytes())?;
        Ok(SUCCESS)
    }

    fn close(&mut self, descriptor: u64) -> u64 {
        match place_of(descriptor).and_then(|at| self.opened.get_mut(at)).and_then(Option::take) {
            Some(_) => SUCCESS,
            None => BAD_DESCRIPTOR,
        }
    }

    /// The directory's name is `.`, one byte.
    fn describe_directory(&self, args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
        if args[0] != DIRECTORY || self.files.is_none() {
            return Ok(BAD_DESCRIPTOR);
        }
        put(memory, args[1], &[0, 0, 0, 0, 1, 0, 0, 0])?;
        Ok(SUCCESS)
    }

    fn describe(&self, args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
        let kind = match args[0] {
            0 | 1 if self.terminal => CHARACTER_DEVICE,
            0..=2 => REGULAR_FILE,
            _ => return Ok(BAD_DESCRIPTOR),
        };
        let mut status = [0; 24];
        status[0] = kind;
        put(memory, args[1], &status)?;
        Ok(SUCCESS)
    }

    fn time(&mut self, args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
        put(memory, args[2], &self.clock.to_le_bytes())?;
        self.clock = self.clock.wrapping_add(self.clock_step);
        Ok(SUCCESS)
    }

    /// Bytes that look random and are the same in every run (SplitMix64).
    fn fill_random(&mut self, args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
        for byte in bytes(memory, args[0] as u32, args[1] as u32)? {
            self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.random;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = (mixed >> 56) as u8;
        }
        Ok(SUCCESS)
    }
}

impl Host for CapturingWasi {
    fn call(&mut self, module: &str, field: &str, args: &[u64], memory: &mut [u8]) -> Result<Option<u64>, Trap> {
        let errno = match (module, field) {
            (MODULE, "fd_write") => self.write(args, memory)?,
            (MODULE, "fd_read") => self.read(args, memory)?,
            (MODULE, "fd_fdstat_get") => self.describe(args, memory)?,
            (MODULE, "fd_prestat_get") => self.describe_directory(args, memory)?,
            (MODULE, "fd_prestat_dir_name") => {
                put(memory, args[1], b".")?;
                SUCCESS
            }
            (MODULE, "path_open") => self.open(args, memory)?,
            (MODULE, "fd_close") => self.close(args[0]),
            (MODULE, "clock_time_get") => self.time(args, memory)?,
            (MODULE, "random_get") => self.fill_random(args, memory)?,
            (MODULE, "environ_sizes_get") => put_sizes(&self.environment, args, memory)?,
            (MODULE, "environ_get") => put_strings(&self.environment, args, memory)?,
            (MODULE, "args_sizes_get") => put_sizes(&self.arguments, args, memory)?,
            (MODULE, "args_get") => put_strings(&self.arguments, args, memory)?,
            (MODULE, "proc_exit") => return Err(TrapKind::Exit(args[0] as i32).into()),
            _ => return Err(TrapKind::Host(format!("{module}.{field} is not there")).into()),
        };
        Ok(Some(errno))
    }
}

/// Where an open file is in the list of those that were opened.
fn place_of(descriptor: u64) -> Option<usize> {
    usize::try_from(descriptor).ok()?.checked_sub(FIRST_FILE)
}

/// The contents of an open file and how far it was read.
fn file_of<'a>(
    files: &'a mut Option<BTreeMap<String, Vec<u8>>>,
    opened: &'a mut [Option<(String, usize)>],
    descriptor: u64,
) -> Option<(&'a mut Vec<u8>, &'a mut usize)> {
    let (name, read) = opened.get_mut(place_of(descriptor)?)?.as_mut()?;
    Some((files.as_mut()?.get_mut(name)?, read))
}

fn bytes(memory: &mut [u8], address: u32, length: u32) -> Result<&mut [u8], Trap> {
    let start = address as usize;
    memory.get_mut(start..start + length as usize).ok_or(Trap::from(TrapKind::MemoryOutOfBounds))
}

fn put(memory: &mut [u8], address: u64, contents: &[u8]) -> Result<(), Trap> {
    bytes(memory, address as u32, contents.len() as u32)?.copy_from_slice(contents);
    Ok(())
}

fn get(memory: &mut [u8], address: u32) -> Result<u32, Trap> {
    let mut word = [0; 4];
    word.copy_from_slice(bytes(memory, address, 4)?);
    Ok(u32::from_le_bytes(word))
}

/// The (address, length) pairs that the second and third argument describe.
fn vectors(args: &[u64], memory: &mut [u8]) -> Result<Vec<(u32, u32)>, Trap> {
    let (start, count) = (args[1] as u32, args[2] as u32);
    (0..count)
        .map(|index| Ok((get(memory, start.wrapping_add(index * 8))?, get(memory, start.wrapping_add(index * 8 + 4))?)))
        .collect()
}

fn put_sizes(strings: &[String], args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
    let size: usize = strings.iter().map(|string| string.len() + 1).sum();
    put(memory, args[0], &(strings.len() as u32).to_le_bytes())?;
    put(memory, args[1], &(size as u32).to_le_bytes())?;
    Ok(SUCCESS)
}

fn put_strings(strings: &[String], args: &[u64], memory: &mut [u8]) -> Result<u64, Trap> {
    let (mut pointer, mut at) = (args[0], args[1]);
    for string in strings {
        put(memory, pointer, &(at as u32).to_le_bytes())?;
        put(memory, at, string.as_bytes())?;
        put(memory, at + string.len() as u64, &[0])?;
        pointer += 4;
        at += string.len() as u64 + 1;
    }
    Ok(SUCCESS)
}
