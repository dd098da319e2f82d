//! The canonical ABI, as far as these interfaces need it: a core module passes addresses, lengths and the numbers of
//! resources, and gets what is more than one number written to where it says.

use super::http;
use crate::limits;
use crate::sandbox::State;
use wasmtime::{Caller, Error, Extern, Memory, Result};

/// Resources that a program may have at once.
const MAX_RESOURCES: usize = 1000;
/// The most bytes that the host keeps in them.
const MAX_HELD: usize = 256 << 20;
/// The most bytes of one text, such as a path or a prompt.
const MAX_TEXT: i32 = 16 << 20;

/// The resources of a program, by their numbers, which begin with 1.
#[derive(Debug, Default)]
pub(crate) struct Table {
    resources: Vec<Option<http::Resource>>,
}

impl Table {
    pub(super) fn add(&mut self, resource: http::Resource) -> Result<i32> {
        let free = self.resources.iter().position(Option::is_none);
        let index = free.unwrap_or(self.resources.len());
        if index == MAX_RESOURCES {
            return Err(Error::msg(format!("the program holds more than {MAX_RESOURCES} resources of the host")));
        }
        match free {
            Some(index) => self.resources[index] = Some(resource),
            None => self.resources.push(Some(resource)),
        }
        Ok(index as i32 + 1)
    }

    /// Refuses to keep so many more bytes if that is too much.
    pub(super) fn make_room(&self, more: usize) -> Result<()> {
        let held: usize = self.resources.iter().flatten().map(http::Resource::size).sum();
        if held.saturating_add(more) <= MAX_HELD {
            return Ok(());
        }
        Err(Error::msg(format!("the program has the host keep more than {}", limits::size(MAX_HELD as u64))))
    }

    pub(super) fn get(&mut self, number: i32) -> Result<&mut http::Resource> {
        let resource = self.resources.get_mut((number.cast_unsigned() as usize).wrapping_sub(1));
        resource.and_then(Option::as_mut).ok_or_else(|| unknown(number))
    }

    pub(super) fn take(&mut self, number: i32) -> Result<http::Resource> {
        let resource = self.resources.get_mut((number.cast_unsigned() as usize).wrapping_sub(1));
        resource.and_then(Option::take).ok_or_else(|| unknown(number))
    }
}

pub(super) fn unknown(number: i32) -> Error {
    Error::msg(format!("the program has no resource {number} of that kind"))
}

/// The program that calls a function of the host, and its memory.
pub(super) struct Guest<'a, 'c> {
    caller: &'a mut Caller<'c, State>,
    memory: Memory,
}

impl<'a, 'c> Guest<'a, 'c> {
    pub(super) fn new(caller: &'a mut Caller<'c, State>) -> Result<Guest<'a, 'c>> {
        match caller.get_export("memory") {
            Some(Extern::Memory(memory)) => Ok(Guest { caller, memory }),
            _ => Err(Error::msg("the module exports no `memory`")),
        }
    }

    pub(super) fn state(&mut self) -> &mut State {
        self.caller.data_mut()
    }

    pub(super) fn bytes(&self, at: i32, length: i32) -> Result<Vec<u8>> {
        let (at, length) = (at.cast_unsigned() as usize, length.cast_unsigned() as usize);
        let bytes = at.checked_add(length).and_then(|end| self.memory.data(&*self.caller).get(at..end));
        bytes.map(<[u8]>::to_vec).ok_or_else(outside)
    }

    /// A string, which must be UTF-8.
    pub(super) fn text(&self, at: i32, length: i32) -> Result<String> {
        if !(0..=MAX_TEXT).contains(&length) {
            return Err(Error::msg(format!("a text of the program is longer than {}", limits::size(MAX_TEXT as u64))));
        }
        String::from_utf8(self.bytes(at, length)?).map_err(|_| Error::msg("a string of the program is not UTF-8"))
    }

    pub(super) fn write(&mut self, at: i32, offset: u32, bytes: &[u8]) -> Result<()> {
        let start = at.cast_unsigned() as usize + offset as usize;
        let memory = self.memory.data_mut(&mut *self.caller);
        memory.get_mut(start..start + bytes.len()).ok_or_else(outside)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn write_number(&mut self, at: i32, offset: u32, number: i32) -> Result<()> {
        self.write(at, offset, &number.to_le_bytes())
    }

    /// Memory of the program's for what it gets.
    pub(super) fn allocate(&mut self, size: usize, align: i32) -> Result<i32> {
        let Some(Extern::Func(realloc)) = self.caller.get_export("cabi_realloc") else {
            return Err(Error::msg("the module exports no `cabi_realloc`"));
        };
        let size = i32::try_from(size).map_err(|_| Error::msg("the host has more to return than fits"))?;
        realloc.typed::<(i32, i32, i32, i32), i32>(&*self.caller)?.call(&mut *self.caller, (0, 0, align, size))
    }

    /// Gives the program bytes, and writes where they are.
    pub(super) fn give(&mut self, at: i32, offset: u32, bytes: &[u8]) -> Result<()> {
        let address = self.allocate(bytes.len(), 1)?;
        self.write(address, 0, bytes)?;
        self.write_number(at, offset, address)?;
        self.write_number(at, offset + 4, bytes.len() as i32)
    }
}

fn outside() -> Error {
    Error::msg("the program names memory that it does not have")
}
