//! Groups functions that call each other: the strongly connected components of the call graph.
//!
//! Tarjan's algorithm with its stack written out, since generated programs have call chains
//! of any length. ("Depth-first search and linear graph algorithms", SIAM J. Comput. 1972.)

use super::resolved::{FuncId, Program};

/// The component of each function, indexed by [`FuncId`]; callees have lower numbers.
pub(super) fn components(program: &Program<'_>) -> Vec<u32> {
    const UNSEEN: u32 = u32::MAX;
    let count = program.functions.len();
    let callees: Vec<Vec<FuncId>> =
        program.functions.iter().map(|function| function.callees.iter().copied().collect()).collect();
    let mut component = vec![UNSEEN; count];
    let (mut order, mut low) = (vec![UNSEEN; count], vec![UNSEEN; count]);
    let (mut next_order, mut next_component) = (0, 0);
    let mut open = Vec::new();
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((at, edge)) = path.last_mut() {
            let at = *at;
            if *edge == 0 {
                (order[at], low[at]) = (next_order, next_order);
                next_order += 1;
                open.push(at);
            }
            if let Some(callee) = callees[at].get(*edge) {
                *edge += 1;
                let callee = callee.index();
                if order[callee] == UNSEEN {
                    path.push((callee, 0));
                } else if component[callee] == UNSEEN {
                    low[at] = low[at].min(order[callee]);
                }
                continue;
            }
            if low[at] == order[at] {
                while let Some(member) = open.pop() {
                    component[member] = next_component;
                    if member == at {
                        break;
                    }
                }
                next_component += 1;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[at]);
            }
        }
    }
    component
}
