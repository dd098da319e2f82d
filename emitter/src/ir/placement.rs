//! Chooses the addresses of static data, for the interpreter and for emission alike, and fills in
//! those and the numbers of functions.
//!
//! Initialised data comes first, by falling alignment so that hardly any padding is needed,
//! then data that starts as zeros, which a module need not contain. Ties keep the order of ids:
//! the same module always gets the same addresses.

use super::{DataBlob, DataId, Module, Table};

/// Where static data begins; what lies below guards against null pointers.
pub const DATA_START: u32 = 1024;
/// The alignment of the first address that the allocator may use.
pub const HEAP_ALIGN: u32 = 16;
/// The size of a page of linear memory.
pub const PAGE_SIZE: u32 = 65536;

/// Where everything static lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The address of each piece of data, by `DataId`.
    pub addresses: Vec<u32>,
    /// The first address after static data, aligned to [`HEAP_ALIGN`].
    pub heap_base: u32,
    /// The bytes from [`DATA_START`] on, addresses filled in, without trailing zeros.
    pub image: Vec<u8>,
    /// The functions that can be called indirectly.
    pub table: Table,
}

impl Placement {
    pub fn address(&self, data: DataId) -> u32 {
        self.addresses[data.index()]
    }

    /// The pages that memory has at the start: enough for static data.
    pub fn initial_pages(&self) -> u32 {
        self.heap_base.div_ceil(PAGE_SIZE).max(1)
    }
}

/// Places the data of a module from [`DATA_START`] up.
pub fn place_data(module: &Module, table: Table) -> Placement {
    let mut order: Vec<usize> = (0..module.data.len()).collect();
    order.sort_by_key(|&index| {
        let blob = &module.data[index];
        (is_zero(blob), std::cmp::Reverse(blob.align.max(1)))
    });
    let mut addresses = vec![0; module.data.len()];
    let mut next = DATA_START;
    let mut initialised_end = DATA_START;
    for index in order {
        let blob = &module.data[index];
        assert!(blob.bytes.len() <= blob.size as usize, "d{index} has more bytes than its size {}", blob.size);
        let address = next.next_multiple_of(blob.align.max(1));
        addresses[index] = address;
        next = address.checked_add(blob.size).expect("static data fits the address space");
        if !is_zero(blob) {
            initialised_end = next;
        }
    }
    let heap_base = next.next_multiple_of(HEAP_ALIGN);
    let mut image = vec![0; (initialised_end - DATA_START) as usize];
    for (blob, &address) in module.data.iter().zip(&addresses) {
        if is_zero(blob) {
            continue;
        }
        let start = (address - DATA_START) as usize;
        let place = &mut image[start..start + blob.size as usize];
        place[..blob.bytes.len()].copy_from_slice(&blob.bytes);
        for &(offset, data) in &blob.relocs {
            add_to::<4>(place, offset, addresses[data.index()]);
        }
        for &(offset, data) in &blob.word_relocs {
            add_to::<8>(place, offset, addresses[data.index()]);
        }
        for &(offset, func) in &blob.func_relocs {
            add_to::<4>(place, offset, table.number(func));
        }
    }
    let used = image.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    image.truncate(used);
    Placement { addresses, heap_base, image, table }
}

fn is_zero(blob: &DataBlob) -> bool {
    blob.bytes.iter().all(|&byte| byte == 0)
        && blob.relocs.is_empty()
        && blob.word_relocs.is_empty()
        && blob.func_relocs.is_empty()
}

/// Adds an address to the `N`-byte number at `offset`.
fn add_to<const N: usize>(place: &mut [u8], offset: u32, address: u32) {
    let bytes = &mut place[offset as usize..offset as usize + N];
    let mut word = [0; 8];
    word[..N].copy_from_slice(bytes);
    let sum = u64::from_le_bytes(word).wrapping_add(u64::from(address));
    bytes.copy_from_slice(&sum.to_le_bytes()[..N]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(bytes: &[u8], size: u32, align: u32) -> DataBlob {
        DataBlob { bytes: bytes.to_vec(), size, align, ..DataBlob::default() }
    }

    #[test]
    fn initialised_data_comes_first_and_addresses_are_added() {
        let mut module = Module::default();
        let zeros = module.add_data(blob(&[], 100, 16));
        let text = module.add_data(blob(b"abc", 3, 1));
        let mut table = blob(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40], 16, 8);
        table.relocs.push((0, text));
        table.word_relocs.push((8, zeros));
        let table = module.add_data(table);
        let placement = place_data(&module, Table::default());
        assert_eq!(placement.address(table), 1024);
        assert_eq!(placement.address(text), 1040);
        assert_eq!(placement.address(zeros), 1056);
        assert_eq!(placement.heap_base, 1168);
        assert_eq!(placement.image.len(), 19);
        assert_eq!(placement.image[0..4], 1040u32.to_le_bytes());
        assert_eq!(placement.image[8..16], (0x4000_0000_0000_0000u64 + 1056).to_le_bytes());
        assert_eq!(placement.initial_pages(), 1);
    }

    #[test]
    fn nothing_needs_nothing() {
        let placement = place_data(&Module::default(), Table::default());
        assert_eq!(placement, Placement { addresses: vec![], heap_base: 1024, image: vec![], table: Table::default() });
    }
}
