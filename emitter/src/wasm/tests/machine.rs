//! Runs emitted code, as WebAssembly's specification has it, for the operations that tests use.
//!
//! Arithmetic goes through the rows of the operation table; what is independent here is what
//! emission adds: nesting, branches, the operand stack, locals and sections.

use std::collections::HashMap;

use wasmparser::{DataKind, Operator, Parser, Payload};

use crate::ir::interp::evaluate;
use crate::ir::{Imm, PAGE_SIZE, WasmOp};

/// Why a run did not end with results.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trapped;

pub(super) struct Machine<'a> {
    functions: Vec<Code<'a>>,
    pub(super) memory: Vec<u8>,
    pub(super) globals: Vec<u64>,
    by_name: HashMap<String, WasmOp>,
}

struct Code<'a> {
    params: usize,
    results: usize,
    locals: usize,
    ops: Vec<Operator<'a>>,
    /// For each `block`, `loop`, `if` and `else` the place of its `end`, or of its `else`.
    ends: Vec<usize>,
    elses: Vec<Option<usize>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Machine<'a> {
        let by_name = WasmOp::ALL.iter().map(|op| (format!("{op:?}"), *op)).collect();
        let mut machine = Machine { functions: Vec::new(), memory: Vec::new(), globals: Vec::new(), by_name };
        let mut types = Vec::new();
        let mut signatures = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.unwrap() {
                Payload::TypeSection(section) => {
                    types = section.into_iter_err_on_gc_types().map(Result::unwrap).collect();
                }
                Payload::FunctionSection(section) => signatures = section.into_iter().map(Result::unwrap).collect(),
                Payload::MemorySection(section) => {
                    let pages = section.into_iter().next().unwrap().unwrap().initial;
                    machine.memory = vec![0; pages as usize * PAGE_SIZE as usize];
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        let value = constant(&global.unwrap().init_expr);
                        machine.globals.push(value);
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let ty = &types[signatures[machine.functions.len()] as usize];
                    let declared = body.get_locals_reader().unwrap().into_iter().map(|run| run.unwrap().0 as usize);
                    let locals = ty.params().len() + declared.sum::<usize>();
                    let ops: Vec<Operator<'_>> =
                        body.get_operators_reader().unwrap().into_iter().map(Result::unwrap).collect();
                    machine.functions.push(Code::new(ty.params().len(), ty.results().len(), locals, ops));
                }
                Payload::DataSection(section) => {
                    for data in section {
                        let data = data.unwrap();
                        let DataKind::Active { memory_index: _, offset_expr } = data.kind else {
                            panic!("passive data")
                        };
                        let start = constant(&offset_expr) as usize;
                        machine.memory[start..start + data.data.len()].copy_from_slice(data.data);
                    }
                }
                _ => {}
            }
        }
        machine
    }

    pub(super) fn run(&mut self, function: usize, args: &[u64]) -> Result<Vec<u64>, Trapped> {
        let code = &self.functions[function];
        let (results, count) = (code.results, code.ops.len());
        let mut locals = args.to_vec();
        assert_eq!(args.len(), code.params);
        locals.resize(code.locals, 0);
        let mut stack: Vec<u64> = Vec::new();
        // Open constructs: where a branch goes, and how high the stack is there.
        let mut labels: Vec<(usize, usize)> = vec![(count, 0)];
        let mut at = 0;
        while at < count {
            let code = &self.functions[function];
            let mut branch = None;
            match code.ops[at].clone() {
                Operator::Block { .. } => labels.push((code.ends[at] + 1, stack.len())),
                Operator::Loop { .. } => labels.push((at, stack.len())),
                Operator::If { .. } => {
                    let taken = stack.pop().unwrap() != 0;
                    labels.push((code.ends[at] + 1, stack.len()));
                    if !taken {
                        // Without an `else` the `end` follows, which closes the label.
                        at = code.elses[at].unwrap_or(code.ends[at] - 1);
                    }
                }
                Operator::Else => at = code.ends[at] - 1,
                Operator::End => {
                    labels.pop();
                }
                Operator::Br { relative_depth } => branch = Some(relative_depth),
                Operator::BrIf { relative_depth } => {
                    branch = (stack.pop().unwrap() != 0).then_some(relative_depth);
                }
                Operator::Return => break,
                Operator::Unreachable => return Err(Trapped),
                Operator::Drop => {
                    stack.pop().unwrap();
                }
                Operator::Select => {
                    let cond = stack.pop().unwrap();
                    let otherwise = stack.pop().unwrap();
                    if cond == 0 {
                        *stack.last_mut().unwrap() = otherwise;
                    }
                }
                Operator::LocalGet { local_index } => stack.push(locals[local_index as usize]),
                Operator::LocalSet { local_index } => locals[local_index as usize] = stack.pop().unwrap(),
                Operator::LocalTee { local_index } => locals[local_index as usize] = *stack.last().unwrap(),
                Operator::GlobalGet { global_index } => stack.push(self.globals[global_index as usize]),
                Operator::GlobalSet { global_index } => self.globals[global_index as usize] = stack.pop().unwrap(),
                Operator::I32Const { value } => stack.push(u64::from(value as u32)),
                Operator::I64Const { value } => stack.push(value as u64),
                Operator::F64Const { value } => stack.push(value.bits()),
                Operator::I64Load { memarg } => {
                    let address = (stack.pop().unwrap() + memarg.offset) as usize;
                    let bytes = self.memory.get(address..address + 8).ok_or(Trapped)?;
                    stack.push(u64::from_le_bytes(bytes.try_into().unwrap()));
                }
                Operator::I64Store { memarg } => {
                    let value = stack.pop().unwrap();
                    let address = (stack.pop().unwrap() + memarg.offset) as usize;
                    self.memory.get_mut(address..address + 8).ok_or(Trapped)?.copy_from_slice(&value.to_le_bytes());
                }
                Operator::Call { function_index } => {
                    let params = self.functions[function_index as usize].params;
                    let args = stack.split_off(stack.len() - params);
                    let results = self.run(function_index as usize, &args)?;
                    stack.extend(results);
                }
                other => {
                    let op = self.by_name[&format!("{other:?}")];
                    let args = stack.split_off(stack.len() - op.params().len());
                    stack.push(evaluate(op, &args, Imm::None).ok_or(Trapped)?);
                }
            }
            if let Some(depth) = branch {
                labels.truncate(labels.len() - depth as usize);
                let (to, height) = labels.pop().unwrap();
                stack.truncate(height);
                if labels.is_empty() {
                    panic!("a branch to the function's own label is not something that emission writes");
                }
                at = to;
                continue;
            }
            at += 1;
        }
        let results = stack.split_off(stack.len() - results);
        Ok(results)
    }
}

impl<'a> Code<'a> {
    fn new(params: usize, results: usize, locals: usize, ops: Vec<Operator<'a>>) -> Code<'a> {
        let mut ends = vec![0; ops.len()];
        let mut elses = vec![None; ops.len()];
        let mut open: Vec<usize> = Vec::new();
        for (at, op) in ops.iter().enumerate() {
            match op {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => open.push(at),
                Operator::Else => {
                    elses[*open.last().unwrap()] = Some(at);
                    // The `else` shares the `end` of its `if`.
                    open.push(at);
                }
                Operator::End => {
                    while let Some(start) = open.pop() {
                        ends[start] = at;
                        if !matches!(ops[start], Operator::Else) {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
        Code { params, results, locals, ops, ends, elses }
    }
}

fn constant(expr: &wasmparser::ConstExpr<'_>) -> u64 {
    match expr.get_operators_reader().into_iter().next().unwrap().unwrap() {
        Operator::I32Const { value } => u64::from(value as u32),
        Operator::I64Const { value } => value as u64,
        Operator::F64Const { value } => value.bits(),
        other => panic!("{other:?} as a constant"),
    }
}
