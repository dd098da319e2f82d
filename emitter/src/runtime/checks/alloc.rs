//! The allocator: blocks do not overlap, and memory is used again.

use super::{Machine, Random, module_of, module_with};
use crate::runtime::Features;

#[test]
fn blocks_keep_their_contents() {
    let module = module_of(&[]);
    let mut machine = Machine::new(&module);
    let mut random = Random(1);
    let mut live: Vec<(u64, u64, u8)> = Vec::new();
    for round in 0..4000_u32 {
        if live.len() < 10 || random.below(100) < 52 {
            let size = if random.below(50) == 0 { 1000 + random.below(300_000) } else { 16 + random.below(200) };
            let block = machine.call("alloc", &[size]);
            assert_eq!(block % 16, 0);
            let mark = round as u8;
            machine.write(block, &vec![mark; size as usize]);
            live.push((block, size, mark));
        } else {
            let (block, size, mark) = live.swap_remove(random.below(live.len() as u64) as usize);
            let bytes = &machine.interp.memory()[block as usize..][..size as usize];
            assert!(bytes.iter().all(|&byte| byte == mark));
            machine.call("free", &[block, size]);
        }
    }
}

#[test]
fn small_blocks_come_from_large_ones_that_were_freed() {
    // Without the headers of the debugger.
    let module = module_with(&[], Features::default());
    let mut machine = Machine::new(&module);
    let large = machine.call("alloc", &[10 << 20]);
    machine.call("free", &[large, 10 << 20]);
    let pages = machine.interp.memory().len();
    for _ in 0..20_000 {
        machine.call("alloc", &[512]);
    }
    assert_eq!(machine.interp.memory().len(), pages);
}

#[test]
fn the_newest_block_grows_in_place() {
    let module = module_of(&["alloc_extend"]);
    let mut machine = Machine::new(&module);
    let first = machine.call("alloc", &[100]);
    let second = machine.call("alloc", &[100]);
    assert_eq!(machine.call("alloc_extend", &[first, 100, 200]), 0);
    assert_eq!(machine.call("alloc_extend", &[second, 100, 1 << 20]), 1);
    assert!(machine.call("alloc", &[16]) >= second + (1 << 20));
}

#[test]
fn what_cannot_be_had_traps() {
    let module = module_of(&[]);
    let mut machine = Machine::new(&module);
    machine.interp.limits.pages = 100;
    machine.call("alloc", &[5 << 20]);
    assert!(machine.try_call("alloc", &[3 << 20]).is_err());
    assert!(machine.try_call("alloc", &[0x9000_0000]).is_err());
}

#[test]
fn what_was_freed_is_not_used() {
    let module = module_of(&["report_live"]);
    let mut machine = Machine::new(&module);
    let string = machine.string(b"gone");
    machine.call("string_release", &[string]);
    let report = (1, "error: use of freed memory\n  at test.mochi:0\n".to_owned());
    assert_eq!(machine.fail("string_release", &[string]), report);
    let mut machine = Machine::new(&module);
    let block = machine.call("alloc", &[40]);
    machine.call("free", &[block, 40]);
    assert_eq!(machine.fail("free", &[block, 40]), report);
}

#[test]
fn writes_to_freed_memory_are_noticed() {
    let module = module_of(&["report_live"]);
    let report = "error: memory was written to after it was freed; it was made\n  at test.mochi:0\n";
    // At the end, for a block that still waits.
    let mut machine = Machine::new(&module);
    let block = machine.call("alloc", &[40]);
    machine.call("free", &[block, 40]);
    machine.write(block + 39, &[1]);
    assert_eq!(machine.fail("report_live", &[]), (1, report.to_owned()));
    // When so much was freed since that it would be used again.
    let mut machine = Machine::new(&module);
    let blocks: Vec<u64> = (0..3).map(|_| machine.call("alloc", &[100_000])).collect();
    machine.call("free", &[blocks[0], 100_000]);
    machine.write(blocks[0], &[0]);
    machine.call("free", &[blocks[1], 100_000]);
    assert_eq!(machine.fail("free", &[blocks[2], 100_000]), (1, report.to_owned()));
}

#[test]
fn freed_blocks_wait_before_they_are_used_again() {
    let module = module_of(&["report_live"]);
    let mut machine = Machine::new(&module);
    let first = machine.call("alloc", &[4096]);
    machine.call("free", &[first, 4096]);
    let mut waited = 0;
    loop {
        let next = machine.call("alloc", &[4096]);
        if next == first {
            break;
        }
        machine.call("free", &[next, 4096]);
        waited += 1;
    }
    assert_eq!(waited, 64);
    machine.call("free", &[first, 4096]);
    machine.call("report_live", &[]);
}
