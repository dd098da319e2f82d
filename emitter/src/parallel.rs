//! Work on many functions at once.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// More threads than this have nothing to do: the largest function takes as long as the rest on them.
const MOST_THREADS: usize = 4;

/// Work of fewer units is done before another thread has started.
const LEAST_WORK: usize = 2_000;

/// Recursion that the main thread's stack allows is allowed here too.
const STACK: usize = 8 << 20;

/// Calls `work` on each item, the largest first, on as many threads as are worth it. `size` tells how much work an item
/// is, in instructions.
pub(crate) fn for_each<T: Send>(mut items: Vec<T>, size: impl Fn(&T) -> usize, work: impl Fn(T) + Sync) {
    let total: usize = items.iter().map(&size).sum();
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = cores.min(MOST_THREADS).min(items.len()).min(total / LEAST_WORK);
    if threads < 2 {
        return items.into_iter().for_each(work);
    }
    // The last item is taken first.
    items.sort_by_key(size);
    let items = Mutex::new(items);
    let run = || {
        // A panic of another thread leaves the list whole, and ends the program when the threads are joined.
        while let Some(item) = { items.lock().unwrap_or_else(PoisonError::into_inner).pop() } {
            work(item);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no more threads are to be had, this one does their work.
            if thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
}

/// What `work` makes of each item, in the order of the items.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], size: impl Fn(&T) -> usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let pairs: Vec<(&T, &mut Option<R>)> = items.iter().zip(&mut results).collect();
    for_each(pairs, |(item, _)| size(item), |(item, result)| *result = Some(work(item)));
    results.into_iter().map(|result| result.expect("each item is worked on")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).map(|at| at * 7919 % 1000).collect();
        assert_eq!(map(&items, |&item| item, |&item| item + 1), items.iter().map(|item| item + 1).collect::<Vec<_>>());
    }

    #[test]
    fn each_item_is_worked_on_once() {
        let counts: Vec<Mutex<u32>> = (0..100).map(|_| Mutex::new(0)).collect();
        for_each(counts.iter().collect(), |_| 1000, |count| *count.lock().expect("no other has panicked") += 1);
        assert!(counts.iter().all(|count| *count.lock().expect("no other has panicked") == 1));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_not_lost() {
        let main = thread::current().id();
        // Each thread waits until another has come, so that not all work is done on one.
        let barrier = std::sync::Barrier::new(2);
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        if cores < 2 {
            panic!("a scoped thread panicked: there is one core only, and nothing to test");
        }
        for_each(
            vec![(), ()],
            |()| LEAST_WORK,
            |()| {
                barrier.wait();
                assert!(thread::current().id() == main, "a planted failure");
            },
        );
    }
}
