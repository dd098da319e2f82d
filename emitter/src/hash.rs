//! Hash tables for numbers of this program's own: nobody chooses them to collide, so a hash need not resist that.

/// Numbers of values, blocks and the like to what is known of them. Nothing depends on the order inside.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, rustc_hash::FxBuildHasher>;

/// Numbers of which something is known.
pub(crate) type HashSet<K> = std::collections::HashSet<K, rustc_hash::FxBuildHasher>;
