//! `count` and the verifier's ownership rule hold each other to account: what counting makes of
//! any pure function is accepted, and every change to the counts of a path to a return is not.
//! Run, such a program frees all that it made, and nothing twice.

use mochi_emitter::ir::CapturingWasi;
use mochi_emitter::ir::interp::{Interpreter, Limits, TrapKind};
use mochi_emitter::ir::{
    Block, DataBlob, DataId, FuncId, Function, FunctionBuilder, GlobalData, GlobalId, Imm, Init, Inst, Kind, ListType,
    MochiOp, Module, Op, Ownership, Param, Phase, Record, RecordType, Signature, Spans, Terminator, Type, Value,
    Variable, is_uncounted, parse, print_module, verify_module,
};
use mochi_emitter::opt::count::count;
use mochi_emitter::pipeline::legalized;
use mochi_emitter::{Language, OptLevel, Options, SourceFile};
use proptest::prelude::*;

const VARIABLES: usize = 3;
const FUNCTIONS: usize = 3;

/// A statement over a few int and string variables, named by number.
#[derive(Clone, Debug)]
enum Stmt {
    IntConst(usize),
    IntOp(MochiOp, usize, usize, usize),
    Copy(usize, usize),
    StrConst(usize),
    StrCopy(usize, usize),
    Concat(usize, usize, usize),
    ToStr(usize, usize),
    Slice(usize, usize, usize),
    Len(usize, usize),
    Print(usize),
    PrintStr(usize),
    /// Evaluated, and the result thrown away.
    Unused(usize),
    LoadGlobal(usize),
    StoreGlobal(usize),
    /// Of an int, a string and what comes next.
    NewNode(usize, usize, usize, usize),
    NodeCopy(usize, usize),
    GetNumber(usize, usize),
    GetText(usize, usize),
    /// The next one, if there is one.
    GetNext(usize, usize),
    GetItem(usize, usize),
    SetNumber(usize, usize),
    SetText(usize, usize),
    /// To a new node, as a ring would never be freed, or to none.
    SetNext(usize, Option<usize>),
    SetItem(usize, usize),
    /// In place, if nothing else has a share of the list.
    AppendItem(usize, usize),
    LoadNode(usize),
    StoreNode(usize),
    Call(usize, usize, usize, usize),
    If(usize, Vec<Stmt>, Vec<Stmt>),
    While(usize, Vec<Stmt>),
    /// Runs its body before it tests.
    DoWhile(usize, Vec<Stmt>),
    Fail,
    Return(usize),
    Sequence(Vec<Stmt>),
}

/// What is read from a node is used after the node has been written.
fn lending() -> impl Strategy<Value = Stmt> {
    let var = || 0..VARIABLES;
    let read = prop_oneof![
        (var(), var()).prop_map(|(to, from)| Stmt::GetText(to, from)),
        (var(), var()).prop_map(|(to, from)| Stmt::GetItem(to, from)),
        (var(), var()).prop_map(|(to, from)| Stmt::GetNext(to, from)),
    ];
    let write = prop_oneof![
        (var(), var()).prop_map(|(node, str)| Stmt::SetText(node, str)),
        (var(), var()).prop_map(|(node, str)| Stmt::SetItem(node, str)),
        (var(), prop::option::of(var())).prop_map(|(node, str)| Stmt::SetNext(node, str)),
        (var(), var()).prop_map(|(to, from)| Stmt::NodeCopy(to, from)),
        (var(), var(), var(), var()).prop_map(|(to, int, str, next)| Stmt::NewNode(to, int, str, next)),
        (0..FUNCTIONS, var(), var(), var()).prop_map(|(func, to, int, str)| Stmt::Call(func, to, int, str)),
    ];
    let used = prop_oneof![
        var().prop_map(Stmt::PrintStr),
        (var(), var()).prop_map(|(to, from)| Stmt::GetText(to, from)),
        (var(), var(), var()).prop_map(|(to, left, right)| Stmt::Concat(to, left, right)),
    ];
    let parts = (read, prop::collection::vec(write, 1..3), prop::collection::vec(used, 1..3));
    parts.prop_map(|(read, writes, used)| Stmt::Sequence(std::iter::once(read).chain(writes).chain(used).collect()))
}

fn stmts() -> impl Strategy<Value = Vec<Stmt>> {
    let var = || 0..VARIABLES;
    let op = prop::sample::select(vec![MochiOp::IntAdd, MochiOp::IntSub, MochiOp::IntMul, MochiOp::IntDiv]);
    let simple = prop_oneof![
        var().prop_map(Stmt::IntConst),
        (op, var(), var(), var()).prop_map(|(op, to, left, right)| Stmt::IntOp(op, to, left, right)),
        (var(), var()).prop_map(|(to, from)| Stmt::Copy(to, from)),
        var().prop_map(Stmt::StrConst),
        (var(), var()).prop_map(|(to, from)| Stmt::StrCopy(to, from)),
        (var(), var(), var()).prop_map(|(to, left, right)| Stmt::Concat(to, left, right)),
        (var(), var()).prop_map(|(to, from)| Stmt::ToStr(to, from)),
        (var(), var(), var()).prop_map(|(to, from, at)| Stmt::Slice(to, from, at)),
        (var(), var()).prop_map(|(to, from)| Stmt::Len(to, from)),
        var().prop_map(Stmt::Print),
        var().prop_map(Stmt::PrintStr),
        var().prop_map(Stmt::Unused),
        var().prop_map(Stmt::LoadGlobal),
        var().prop_map(Stmt::StoreGlobal),
        (var(), var(), var(), var()).prop_map(|(to, int, str, next)| Stmt::NewNode(to, int, str, next)),
        (var(), var()).prop_map(|(to, from)| Stmt::NodeCopy(to, from)),
        (var(), var()).prop_map(|(to, from)| Stmt::GetNumber(to, from)),
        (var(), var()).prop_map(|(to, from)| Stmt::GetText(to, from)),
        (var(), var()).prop_map(|(to, from)| Stmt::GetNext(to, from)),
        (var(), var()).prop_map(|(to, from)| Stmt::GetItem(to, from)),
        (var(), var()).prop_map(|(node, int)| Stmt::SetNumber(node, int)),
        (var(), var()).prop_map(|(node, str)| Stmt::SetText(node, str)),
        (var(), prop::option::of(var())).prop_map(|(node, str)| Stmt::SetNext(node, str)),
        (var(), var()).prop_map(|(node, str)| Stmt::SetItem(node, str)),
        (var(), var()).prop_map(|(node, str)| Stmt::AppendItem(node, str)),
        var().prop_map(Stmt::LoadNode),
        var().prop_map(Stmt::StoreNode),
        (0..FUNCTIONS, var(), var(), var()).prop_map(|(func, to, int, str)| Stmt::Call(func, to, int, str)),
        Just(Stmt::Fail),
        var().prop_map(Stmt::Return),
        lending(),
    ];
    let stmt = simple.prop_recursive(3, 24, 5, |inner| {
        let body = || prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            (0..VARIABLES, body(), body()).prop_map(|(cond, then, otherwise)| Stmt::If(cond, then, otherwise)),
            (0..VARIABLES, body()).prop_map(|(cond, body)| Stmt::While(cond, body)),
            (0..VARIABLES, body()).prop_map(|(cond, body)| Stmt::DoWhile(cond, body)),
        ]
    });
    prop::collection::vec(stmt, 0..12)
}

/// Functions of an even number give an int, the others a string; all take one of each.
fn result_type(func: usize) -> Type {
    if func.is_multiple_of(2) { Type::INT } else { Type::STR }
}

struct Build {
    b: FunctionBuilder,
    ints: Vec<Variable>,
    strs: Vec<Variable>,
    nodes: Vec<Variable>,
    result: Type,
}

const NODE: Type = Type::of(Kind::Record(RecordType(0)));
const ITEMS: Type = Type::of(Kind::List(ListType(0)));
const NUMBER: Imm = Imm::I32(0);
const TEXT: Imm = Imm::I32(1);
const NEXT: Imm = Imm::I32(2);
const LIST: Imm = Imm::I32(3);

impl Build {
    fn function(number: usize, body: &[Stmt]) -> Function {
        let param = |ty| Param { ty, owned: false };
        let result = result_type(number);
        let sig = Signature { params: vec![param(Type::INT), param(Type::STR), param(NODE)], results: vec![result] };
        let mut b = FunctionBuilder::new(Function::new(format!("f{number}"), sig, Phase::Pure));
        let [int, str, node] = [0, 1, 2].map(|index| b.func().params()[index]);
        let mut variables = |ty: Type, value: Value| -> Vec<Variable> {
            (0..VARIABLES)
                .map(|_| {
                    let variable = b.declare_variable(ty);
                    b.def_var(variable, value);
                    variable
                })
                .collect()
        };
        let (ints, strs, nodes) = (variables(Type::INT, int), variables(Type::STR, str), variables(NODE, node));
        let mut build = Build { b, ints, strs, nodes, result };
        build.stmts(body);
        if !build.b.is_unreachable() {
            build.ret(0);
        }
        build.b.finish()
    }

    fn int(&mut self, number: usize) -> Value {
        self.b.use_var(self.ints[number])
    }

    fn str(&mut self, number: usize) -> Value {
        self.b.use_var(self.strs[number])
    }

    fn node(&mut self, number: usize) -> Value {
        self.b.use_var(self.nodes[number])
    }

    /// A new node with one item.
    fn new_node(&mut self, number: Value, text: Value, next: Value) -> Value {
        // Texts of its own, which nothing else keeps alive.
        let [text, item] = [0, 1].map(|_| self.b.value(MochiOp::StrUpper, vec![text], Imm::None, Type::STR));
        let list = self.b.value(MochiOp::ListNew, vec![], Imm::I32(1), ITEMS);
        let list = self.b.value(MochiOp::ListPush, vec![list, item], Imm::None, ITEMS);
        let node = self.b.value(MochiOp::RecordNew, vec![], Imm::None, NODE);
        for (value, field) in [(number, NUMBER), (text, TEXT), (next, NEXT), (list, LIST)] {
            self.b.effect(MochiOp::RecordInit, vec![node, value], field);
        }
        node
    }

    /// Sets a variable to a node unless that is none.
    fn set_node(&mut self, number: usize, node: Value) {
        let is_none = self.b.value(MochiOp::IsNone, vec![node], Imm::None, Type::BOOL);
        let (some, end) = (self.b.create_block(), self.b.create_block());
        self.b.branch(is_none, end, some);
        self.b.seal(some);
        self.b.switch_to(some);
        let node = self.b.value(MochiOp::Convert, vec![node], Imm::None, NODE);
        self.b.def_var(self.nodes[number], node);
        self.b.jump(end, vec![]);
        self.b.seal(end);
        self.b.switch_to(end);
    }

    fn set_int(&mut self, number: usize, op: MochiOp, args: Vec<Value>, imm: Imm) {
        let value = self.b.value(op, args, imm, Type::INT);
        self.b.def_var(self.ints[number], value);
    }

    fn set_str(&mut self, number: usize, op: MochiOp, args: Vec<Value>, imm: Imm) {
        let value = self.b.value(op, args, imm, Type::STR);
        self.b.def_var(self.strs[number], value);
    }

    fn ret(&mut self, number: usize) {
        let value = if self.result == Type::INT { self.int(number) } else { self.str(number) };
        self.b.ret(vec![value]);
    }

    /// Whether the variable is less than the next one.
    fn cond(&mut self, number: usize) -> Value {
        let (left, right) = (self.int(number), self.int((number + 1) % VARIABLES));
        self.b.value(MochiOp::IntLt, vec![left, right], Imm::None, Type::BOOL)
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            if self.b.is_unreachable() {
                return;
            }
            self.stmt(stmt);
        }
    }

    fn jump(&mut self, to: Block) {
        if !self.b.is_unreachable() {
            self.b.jump(to, vec![]);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::IntConst(to) => self.set_int(*to, MochiOp::IntConst, vec![], Imm::I64(7)),
            Stmt::IntOp(op, to, left, right) => {
                let args = vec![self.int(*left), self.int(*right)];
                self.set_int(*to, *op, args, Imm::None);
            }
            Stmt::Copy(to, from) => {
                let value = self.int(*from);
                self.b.def_var(self.ints[*to], value);
            }
            Stmt::StrConst(to) => self.set_str(*to, MochiOp::StrConst, vec![], Imm::Data(DataId(0))),
            Stmt::StrCopy(to, from) => {
                let value = self.str(*from);
                self.b.def_var(self.strs[*to], value);
            }
            Stmt::Concat(to, left, right) => {
                let args = vec![self.str(*left), self.str(*right)];
                self.set_str(*to, MochiOp::StrConcat, args, Imm::None);
            }
            Stmt::ToStr(to, from) => {
                let args = vec![self.int(*from)];
                self.set_str(*to, MochiOp::IntToStr, args, Imm::I32(0));
            }
            Stmt::Slice(to, from, at) => {
                let args = vec![self.str(*from), self.int(*at), self.int(*at)];
                self.set_str(*to, MochiOp::StrSlice, args, Imm::None);
            }
            Stmt::Len(to, from) => {
                let args = vec![self.str(*from)];
                self.set_int(*to, MochiOp::StrLen, args, Imm::None);
            }
            Stmt::Print(number) => {
                let value = self.int(*number);
                self.b.effect(MochiOp::Print, vec![value], Imm::None);
            }
            Stmt::PrintStr(number) => {
                let value = self.str(*number);
                self.b.effect(MochiOp::Print, vec![value], Imm::None);
            }
            Stmt::Unused(number) => {
                let value = self.str(*number);
                self.b.value(MochiOp::StrConcat, vec![value, value], Imm::None, Type::STR);
            }
            Stmt::LoadGlobal(to) => self.set_str(*to, MochiOp::LoadGlobal, vec![], Imm::Global(GlobalId(0))),
            Stmt::StoreGlobal(from) => {
                let value = self.str(*from);
                self.b.effect(MochiOp::StoreGlobal, vec![value], Imm::Global(GlobalId(0)));
            }
            Stmt::NewNode(to, int, str, next) => {
                let next = self.node(*next);
                let next = self.b.value(MochiOp::Convert, vec![next], Imm::None, NODE.or_none());
                let (number, text) = (self.int(*int), self.str(*str));
                let node = self.new_node(number, text, next);
                self.b.def_var(self.nodes[*to], node);
            }
            Stmt::NodeCopy(to, from) => {
                let node = self.node(*from);
                self.b.def_var(self.nodes[*to], node);
            }
            Stmt::GetNumber(to, from) => {
                let args = vec![self.node(*from)];
                self.set_int(*to, MochiOp::RecordGet, args, NUMBER);
            }
            Stmt::GetText(to, from) => {
                let args = vec![self.node(*from)];
                self.set_str(*to, MochiOp::RecordGet, args, TEXT);
            }
            Stmt::GetNext(to, from) => {
                let from = self.node(*from);
                let next = self.b.value(MochiOp::RecordGet, vec![from], NEXT, NODE.or_none());
                self.set_node(*to, next);
            }
            Stmt::GetItem(to, from) => {
                let from = self.node(*from);
                let list = self.b.value(MochiOp::RecordGet, vec![from], LIST, ITEMS);
                let last = self.b.int_const(-1);
                self.set_str(*to, MochiOp::ListGet, vec![list, last], Imm::None);
            }
            Stmt::SetNumber(node, int) => {
                let args = vec![self.node(*node), self.int(*int)];
                self.b.effect(MochiOp::RecordSet, args, NUMBER);
            }
            Stmt::SetText(node, str) => {
                let args = vec![self.node(*node), self.str(*str)];
                self.b.effect(MochiOp::RecordSet, args, TEXT);
            }
            Stmt::SetNext(node, str) => {
                let mut next = self.b.value(MochiOp::None, vec![], Imm::None, NODE.or_none());
                if let Some(str) = str {
                    let (number, text) = (self.b.int_const(7), self.str(*str));
                    let node = self.new_node(number, text, next);
                    next = self.b.value(MochiOp::Convert, vec![node], Imm::None, NODE.or_none());
                }
                let args = vec![self.node(*node), next];
                self.b.effect(MochiOp::RecordSet, args, NEXT);
            }
            Stmt::SetItem(node, str) => {
                let node = self.node(*node);
                let list = self.b.value(MochiOp::RecordGet, vec![node], LIST, ITEMS);
                let args = vec![list, self.b.int_const(0), self.str(*str)];
                self.b.effect(MochiOp::ListSet, args, Imm::None);
            }
            Stmt::AppendItem(node, str) => {
                let (node, text) = (self.node(*node), self.str(*str));
                let list = self.b.value(MochiOp::RecordTake, vec![node], LIST, ITEMS);
                let list = self.b.value(MochiOp::ListPush, vec![list, text], Imm::None, ITEMS);
                self.b.effect(MochiOp::RecordInit, vec![node, list], LIST);
            }
            Stmt::LoadNode(to) => {
                let node = self.b.value(MochiOp::LoadGlobal, vec![], Imm::Global(GlobalId(1)), NODE.or_none());
                self.set_node(*to, node);
            }
            Stmt::StoreNode(from) => {
                let node = self.node(*from);
                let node = self.b.value(MochiOp::Convert, vec![node], Imm::None, NODE.or_none());
                self.b.effect(MochiOp::StoreGlobal, vec![node], Imm::Global(GlobalId(1)));
            }
            Stmt::Call(func, to, int, str) => {
                let args = vec![self.int(*int), self.str(*str), self.node(*int)];
                let ty = result_type(*func);
                let value = self.b.call(FuncId::new(*func), args, &[ty]).expect("all functions have a result");
                let variables = if ty == Type::INT { &self.ints } else { &self.strs };
                self.b.def_var(variables[*to], value);
            }
            Stmt::If(cond, then, otherwise) => {
                let cond = self.cond(*cond);
                let (yes, no, end) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
                self.b.branch(cond, yes, no);
                for (block, body) in [(yes, then), (no, otherwise)] {
                    self.b.seal(block);
                    self.b.switch_to(block);
                    self.stmts(body);
                    self.jump(end);
                }
                self.b.seal(end);
                self.resume(end, yes, no);
            }
            Stmt::While(cond, body) => {
                let (head, inside, end) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
                self.b.jump(head, vec![]);
                self.b.switch_to(head);
                let cond = self.cond(*cond);
                self.b.branch(cond, inside, end);
                self.b.seal(inside);
                self.b.seal(end);
                self.b.switch_to(inside);
                self.stmts(body);
                self.jump(head);
                self.b.seal(head);
                self.b.switch_to(end);
            }
            Stmt::DoWhile(cond, body) => {
                let (head, end) = (self.b.create_block(), self.b.create_block());
                self.b.jump(head, vec![]);
                self.b.switch_to(head);
                self.stmts(body);
                if self.b.is_unreachable() {
                    self.b.seal(head);
                    self.b.seal(end);
                    return;
                }
                let cond = self.cond(*cond);
                self.b.branch(cond, head, end);
                self.b.seal(head);
                self.b.seal(end);
                self.b.switch_to(end);
            }
            Stmt::Fail => {
                self.b.effect(MochiOp::Fail, vec![], Imm::Data(DataId(0)));
                self.b.unreachable();
            }
            Stmt::Return(number) => self.ret(*number),
            Stmt::Sequence(stmts) => self.stmts(stmts),
        }
    }

    /// Goes on after an `if` unless neither of its branches does.
    fn resume(&mut self, end: Block, yes: Block, no: Block) {
        let func = self.b.func();
        let arrives = func
            .block_ids()
            .filter(|&block| block >= yes.min(no))
            .any(|block| func.block(block).term.targets().any(|target| target.block == end));
        if arrives {
            self.b.switch_to(end);
        }
    }
}

fn build(bodies: &[Vec<Stmt>]) -> Module {
    let mut module = Module::default();
    module.add_data(DataBlob { bytes: b"x".to_vec(), size: 1, align: 1, ..DataBlob::default() });
    module.globals.push(GlobalData { name: "text".to_owned(), ty: Type::STR, init: Init::I32(0) });
    module.globals.push(GlobalData { name: "node".to_owned(), ty: NODE.or_none(), init: Init::I32(0) });
    module.list_of(Type::STR);
    let field = |name: &str, ty| (name.to_owned(), ty);
    let fields = [("number", Type::INT), ("text", Type::STR), ("next", NODE.or_none()), ("items", ITEMS)];
    module.records.push(Record {
        name: "Node".to_owned(),
        fields: fields.into_iter().map(|(name, ty)| field(name, ty)).collect(),
        methods: vec![],
        union: None,
        form: mochi_emitter::ir::RecordForm::Struct,
    });
    for (number, body) in bodies.iter().enumerate() {
        module.add_function(Build::function(number, body));
    }
    module
}

/// The text of a program that calls the functions and prints what they give.
fn program(bodies: &[Vec<Stmt>]) -> String {
    let mut module = build(bodies);
    let mut b = FunctionBuilder::new(Function::new("main", Signature::default(), Phase::Pure));
    let text = b.value(MochiOp::StrConst, vec![], Imm::Data(DataId(0)), Type::STR);
    b.effect(MochiOp::StoreGlobal, vec![text], Imm::Global(GlobalId(0)));
    // Beyond the small range, so that ints are objects too.
    let int = b.int_const(i64::MAX);
    let mut build = Build { b, ints: vec![], strs: vec![], nodes: vec![], result: Type::INT };
    let none = build.b.value(MochiOp::None, vec![], Imm::None, NODE.or_none());
    let node = build.new_node(int, text, none);
    let Build { mut b, .. } = build;
    for func in 0..FUNCTIONS {
        let result = b.call(FuncId::new(func), vec![int, text, node], &[result_type(func)]).expect("a result");
        b.effect(MochiOp::Print, vec![result], Imm::None);
    }
    b.ret(vec![]);
    module.start = Some(module.add_function(b.finish()));
    print_module(&module, Spans::Omit)
}

/// Runs a program in the interpreter: how it ended, what it wrote and complained about.
fn run(text: &str, opt: OptLevel) -> (Result<(), TrapKind>, String, String) {
    let options = Options { language: Language::Ir, opt, debug_memory: true, ..Options::default() };
    let module = legalized(&SourceFile::new("main.mir", text), &options).expect("the program is sound");
    let mut interpreter = Interpreter::new(&module, CapturingWasi::default());
    interpreter.limits = Limits { steps: Some(200_000), pages: 64, ..Limits::default() };
    let end = interpreter.run_start().map(|_| ()).map_err(|trap| trap.kind);
    (end, interpreter.host.output(), interpreter.host.errors())
}

fn complaints(module: &Module) -> Option<String> {
    let errors = verify_module(module).err()?;
    Some(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The blocks on some path from the entry to a return.
fn on_a_path_to_a_return(func: &Function) -> Vec<bool> {
    let closure = |start: Vec<bool>, step: &dyn Fn(Block, &mut Vec<bool>)| {
        let mut reached = start;
        loop {
            let before = reached.clone();
            for block in func.block_ids() {
                step(block, &mut reached);
            }
            if reached == before {
                return reached;
            }
        }
    };
    let entry = func.block_ids().map(|block| block.index() == 0).collect();
    let forward = closure(entry, &|block, reached| {
        if reached[block.index()] {
            func.block(block).term.targets().for_each(|target| reached[target.block.index()] = true);
        }
    });
    let returns = func.block_ids().map(|block| matches!(func.block(block).term, Terminator::Return(_))).collect();
    let backward = closure(returns, &|block, reached| {
        if func.block(block).term.targets().any(|target| reached[target.block.index()]) {
            reached[block.index()] = true;
        }
    });
    forward.into_iter().zip(backward).map(|(forward, backward)| forward && backward).collect()
}

/// A way to spoil the counts of a function.
#[derive(Clone, Copy, Debug)]
enum Spoil {
    /// Leave out the `dup` or `drop` at a place of a block.
    Remove(Block, usize),
    /// Add a `dup` or `drop` of a value at a place of a block.
    Add(Block, usize, MochiOp, Value),
    /// Flip whether a flex operand is consumed.
    Flip(Inst, usize),
}

/// All single changes to the counts on paths to a return.
fn spoils(func: &Function) -> Vec<Spoil> {
    let counts = on_a_path_to_a_return(func);
    let mut all = Vec::new();
    for block in func.block_ids().filter(|block| counts[block.index()]) {
        for (at, &inst) in func.block(block).insts.iter().enumerate() {
            let data = func.inst(inst);
            if matches!(data.op, Op::Mochi(MochiOp::Dup | MochiOp::Drop)) {
                all.push(Spoil::Remove(block, at));
            }
            for (index, &arg) in data.args.iter().enumerate().filter(|&(_, &arg)| !is_uncounted(func, arg)) {
                all.push(Spoil::Add(block, at, MochiOp::Dup, arg));
                all.push(Spoil::Add(block, at, MochiOp::Drop, arg));
                if let Op::Mochi(op) = data.op
                    && op.params()[index].0 == Ownership::Flex
                {
                    all.push(Spoil::Flip(inst, index));
                }
            }
            for &result in data.results.iter().filter(|&&result| !is_uncounted(func, result)) {
                all.push(Spoil::Add(block, at + 1, MochiOp::Dup, result));
                all.push(Spoil::Add(block, at + 1, MochiOp::Drop, result));
            }
        }
    }
    all
}

fn spoil(func: &mut Function, how: Spoil) {
    match how {
        Spoil::Remove(block, at) => {
            func.block_mut(block).insts.remove(at);
        }
        Spoil::Add(block, at, op, value) => {
            let inst = func.make_inst(op.into(), vec![value], Imm::None, &[], None);
            func.block_mut(block).insts.insert(at, inst);
        }
        Spoil::Flip(inst, index) => func.inst_mut(inst).consumed ^= 1 << index,
    }
}

fn bodies() -> impl Strategy<Value = Vec<Vec<Stmt>>> {
    prop::collection::vec(stmts(), FUNCTIONS)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counted_functions_are_accepted_and_spoiled_ones_are_not(bodies in bodies(), choices in prop::collection::vec(any::<prop::sample::Index>(), 12)) {
        let mut module = build(&bodies);
        prop_assert_eq!(complaints(&module), None);
        count(&mut module);
        let text = print_module(&module, Spans::Write);
        if let Some(complaints) = complaints(&module) {
            prop_assert!(false, "{}\n{}", complaints, text);
        }
        for (number, choice) in choices.iter().enumerate() {
            let id = FuncId::new(number % FUNCTIONS);
            let all = spoils(module.func(id));
            if all.is_empty() {
                continue;
            }
            let how = all[choice.index(all.len())];
            let mut spoiled = module.clone();
            spoil(spoiled.func_mut(id), how);
            prop_assert!(complaints(&spoiled).is_some(), "{:?} of {} went unnoticed\n{}", how, id, text);
        }
    }

    #[test]
    fn text_round_trips(bodies in bodies()) {
        let mut module = build(&bodies);
        for _ in 0..2 {
            let text = print_module(&module, Spans::Write);
            match parse(&text) {
                Ok(parsed) => prop_assert_eq!(print_module(&parsed.module, Spans::Write), text),
                Err(errors) => prop_assert!(false, "{}\n{}", errors[0], text),
            }
            count(&mut module);
        }
    }

    #[test]
    fn programs_free_what_they_make(bodies in bodies()) {
        let text = program(&bodies);
        let mut ends = Vec::new();
        for opt in [OptLevel::None, OptLevel::Speed] {
            let (end, output, errors) = run(&text, opt);
            match &end {
                Ok(()) => prop_assert_eq!(errors, "", "{}", text),
                Err(TrapKind::Exit(_)) => prop_assert!(errors.starts_with("error: "), "{}\n{}", errors, text),
                // Loops without end, and recursion.
                Err(TrapKind::StepLimit | TrapKind::StackOverflow) => return Ok(()),
                // Out of memory.
                Err(TrapKind::Unreachable) => return Ok(()),
                Err(
                    TrapKind::DivisionByZero
                    | TrapKind::IntegerOverflow
                    | TrapKind::MemoryOutOfBounds
                    | TrapKind::IndirectCall
                    | TrapKind::Host(_)
                ) => prop_assert!(false, "{:?}\n{}", end, text),
            }
            ends.push((end, output));
        }
        prop_assert_eq!(&ends[0], &ends[1], "{}", text);
    }
}
