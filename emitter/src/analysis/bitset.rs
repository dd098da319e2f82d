//! A set of small numbers, sparse in steps of 64.
//!
//! What is live at a block is a handful out of all values of a function, and what is handed out
//! together is live together: a sorted list of 64-bit pieces stays short where a plain bit
//! vector a block would make a large function cost the square of its size.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitSet {
    /// The piece's place (`number / 64`) and its bits, by rising place; no piece is empty.
    pieces: Vec<(u32, u64)>,
}

fn split(number: usize) -> (u32, u64) {
    ((number / 64) as u32, 1 << (number % 64))
}

impl BitSet {
    pub fn new() -> BitSet {
        BitSet::default()
    }

    /// Adds a number; whether it is new.
    pub fn insert(&mut self, number: usize) -> bool {
        let (place, bit) = split(number);
        // Sets are mostly filled in rising order.
        let at = match self.pieces.last() {
            Some(&(last, _)) if last > place => self.pieces.partition_point(|&(other, _)| other < place),
            Some(&(last, _)) => self.pieces.len() - (last == place) as usize,
            None => 0,
        };
        match self.pieces.get_mut(at) {
            Some((other, bits)) if *other == place => {
                let new = *bits & bit == 0;
                *bits |= bit;
                new
            }
            _ => {
                self.pieces.insert(at, (place, bit));
                true
            }
        }
    }

    /// Takes a number out; whether it was there.
    pub fn remove(&mut self, number: usize) -> bool {
        let (place, bit) = split(number);
        let Ok(at) = self.pieces.binary_search_by_key(&place, |&(other, _)| other) else { return false };
        let bits = &mut self.pieces[at].1;
        let found = *bits & bit != 0;
        *bits &= !bit;
        if *bits == 0 {
            self.pieces.remove(at);
        }
        found
    }

    pub fn contains(&self, number: usize) -> bool {
        let (place, bit) = split(number);
        self.pieces.binary_search_by_key(&place, |&(other, _)| other).is_ok_and(|at| self.pieces[at].1 & bit != 0)
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|&(_, bits)| bits.count_ones() as usize).sum()
    }

    /// The numbers in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.pieces.iter().flat_map(|&(place, bits)| {
            let mut rest = bits;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
                (bit < 64).then(|| place as usize * 64 + bit as usize)
            })
        })
    }
}

impl FromIterator<usize> for BitSet {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> BitSet {
        let mut set = BitSet::new();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_come_back_in_order_whatever_order_they_went_in() {
        let mut set: BitSet = [700, 3, 64, 0, 63, 128, 3].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 63, 64, 128, 700]);
        assert_eq!(set.len(), 6);
        assert!(set.remove(64) && !set.remove(64) && !set.remove(65));
        assert!(!set.insert(63) && set.insert(65));
        assert!(set.contains(65) && !set.contains(64) && !set.contains(100_000));
    }

    proptest::proptest! {
        #[test]
        fn behaves_like_an_ordered_set(steps in proptest::collection::vec((0usize..400, proptest::bool::ANY), 0..200)) {
            let mut set = BitSet::new();
            let mut model = BTreeSet::new();
            for (number, add) in steps {
                if add {
                    assert_eq!(set.insert(number), model.insert(number));
                } else {
                    assert_eq!(set.remove(number), model.remove(&number));
                }
                assert_eq!(set.contains(number), model.contains(&number));
            }
            assert!(set.iter().eq(model.iter().copied()));
            assert_eq!(set.len(), model.len());
            assert_eq!(set.is_empty(), model.is_empty());
        }
    }
}
