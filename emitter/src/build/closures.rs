//! Function values: making and calling them, and the code that is between.
//!
//! A function takes what it captures as its first parameters. Who calls a function value knows nothing
//! of that, and passes the value itself: so each function that is used as a value has, for each type
//! that it is used as, code that takes the captured values out of it and calls the function.
//!
//!     func "f/value"(v0: fun<int -> int>, v1: int) -> int captures (str):
//!         v2: str = closure.get 0 v0
//!         v3: int = call f(v2, v1)
//!         return v3

use std::collections::BTreeMap;

use mochi_frontend::typed::{self, Expr, FunctionId};
use mochi_frontend::types;

use crate::ir::{
    Closure, FuncId, FuncSig, FuncType, Function, FunctionBuilder, Imm, Kind, MochiOp, Module, Op, Param, Phase,
    Signature, Type, Value,
};

use super::types::lower_type;
use super::{DataPool, FunctionCtx, signature_of};

/// The code of function values that the functions need.
pub(super) struct Codes {
    /// How many functions come before it in the module.
    pub(super) first: usize,
    pub(super) functions: Vec<Function>,
    known: BTreeMap<(FunctionId, FuncType), FuncId>,
}

impl Codes {
    pub(super) fn new(first: usize) -> Codes {
        Codes { first, functions: Vec::new(), known: BTreeMap::new() }
    }
}

/// Adds the function types to the module, each with the number that it has in the typed program. What can
/// only be none is neither passed nor given back.
pub(super) fn lower_func_types(program: &typed::Program, module: &mut Module) {
    for func in &program.funcs {
        let params = func.params.iter().filter_map(|&ty| lower_type(ty)).collect();
        module.func_types.push(FuncSig { params, result: lower_type(func.result) });
    }
}

impl FunctionCtx<'_, '_> {
    pub(super) fn closure(&mut self, expr: &Expr, function: FunctionId, captures: &[Expr]) -> Option<Value> {
        let values = self.args(captures)?;
        self.fb.set_span(Some(expr.span));
        let ty = lower_type(expr.ty).expect("a function value has a type");
        let code = Imm::Func(self.code(function, expr.ty));
        if values.is_empty() {
            return Some(self.fb.value(MochiOp::ClosureConst, Vec::new(), code, ty));
        }
        let closure = self.fb.value(MochiOp::ClosureNew, Vec::new(), code, ty);
        for (index, value) in values.into_iter().enumerate() {
            self.fb.effect(MochiOp::ClosureInit, vec![closure, value], Imm::I32(index as i32));
        }
        Some(closure)
    }

    pub(super) fn call_value(&mut self, expr: &Expr, of: Value, args: &[Expr]) -> Option<Value> {
        let mut values = vec![of];
        values.extend(self.args(args)?);
        self.fb.set_span(Some(expr.span));
        let results: Vec<Type> = lower_type(expr.ty).into_iter().collect();
        let call = self.fb.inst(Op::CallValue, values, Imm::None, &results);
        let value = self.fb.func().inst(call).results.first().copied();
        if expr.ty == types::Type::NEVER {
            self.fb.unreachable();
            return None;
        }
        Some(value.unwrap_or_else(|| self.none(Type::ANY)))
    }

    /// The code by which values of the type `ty` call `function`.
    fn code(&mut self, function: FunctionId, ty: types::Type) -> FuncId {
        let types::Kind::Func(func_type) = ty.kind else { panic!("{ty} is no function") };
        let key = (function, FuncType::new(func_type.index()));
        if let Some(&code) = self.pool.codes.known.get(&key) {
            return code;
        }
        let code = FuncId::new(self.pool.codes.first + self.pool.codes.functions.len());
        let copies = self.pool.codes.known.range((function, FuncType(0))..=(function, FuncType(u32::MAX))).count();
        self.pool.codes.known.insert(key, code);
        let number = if copies == 0 { String::new() } else { (copies + 1).to_string() };
        let name = format!("{}/value{number}", self.pool.names[function.index()]);
        let built = build_code(self.program, self.pool, function, self.program.func(func_type), key.1, name);
        self.pool.codes.functions.push(built);
        code
    }
}

fn build_code(
    program: &typed::Program,
    pool: &mut DataPool<'_>,
    function: FunctionId,
    value_type: &typed::FuncType,
    func_type: FuncType,
    name: String,
) -> Function {
    let func = &program.functions[function.index()];
    let FuncSig { params, result } = pool.module.func_types[func_type.index()].clone();
    let closure = Type::of(Kind::Func(func_type));
    let params = std::iter::once(closure).chain(params).map(|ty| Param { ty, owned: false });
    let sig = Signature { params: params.collect(), results: result.into_iter().collect() };
    let target = signature_of(pool.module, func);
    let written: Vec<Option<Type>> =
        func.params[func.captures..].iter().map(|param| lower_type(func.locals[param.index()].ty)).collect();
    let captured = target.params.len() - written.iter().flatten().count();

    let fb = FunctionBuilder::new(Function::new(name, sig, Phase::Pure));
    let mut ctx =
        FunctionCtx { program, pool, id: function, func, fb, locals: Vec::new(), loops: Vec::new(), restart: None };
    ctx.fb.set_span(Some(func.span));
    let captures: Vec<Type> = target.params[..captured].iter().map(|param| param.ty).collect();
    let mut given = ctx.fb.func().params().to_vec().into_iter();
    let value = given.next().expect("the first parameter is the closure");
    let mut args: Vec<Value> = Vec::new();
    for (index, &ty) in captures.iter().enumerate() {
        args.push(ctx.fb.value(MochiOp::ClosureGet, vec![value], Imm::I32(index as i32), ty));
    }
    assert_eq!(value_type.params.len(), written.len(), "{} as a value of another arity", func.name);
    for (&passed, &wanted) in value_type.params.iter().zip(&written) {
        let passed = lower_type(passed).map(|_| given.next().expect("a parameter for each type"));
        match (passed, wanted) {
            (Some(passed), Some(wanted)) => args.push(ctx.convert(passed, wanted)),
            (None, Some(wanted)) => args.push(ctx.none(wanted)),
            (_, None) => {}
        }
    }
    let returned = ctx.fb.call(FuncId::new(function.index()), args, &target.results);
    match result {
        _ if func.result == types::Type::NEVER => ctx.fb.unreachable(),
        None => ctx.fb.ret(Vec::new()),
        Some(ty) => {
            let value = match returned {
                Some(returned) => ctx.convert(returned, ty),
                None => ctx.none(ty),
            };
            ctx.fb.ret(vec![value]);
        }
    }
    let mut built = ctx.fb.finish();
    built.closure = Some(Closure { captures, generic: None });
    built
}

/// Gives the code of closures that anyone may call, where some do without knowing the type, a way
/// in that takes a list of arguments. Only functions that take values of any kind get there.
pub(super) fn add_generic_codes(module: &mut Module) {
    let calls = |func: &Function| func.insts.iter().any(|inst| inst.op == Op::Mochi(MochiOp::AnyCall));
    if !module.functions.iter().any(calls) {
        return;
    }
    let mut known: BTreeMap<FuncType, FuncId> = BTreeMap::new();
    for index in 0..module.functions.len() {
        let Some(closure) = module.functions[index].closure.as_ref().map(|_| module.functions[index].sig.params[0].ty)
        else {
            continue;
        };
        let Kind::Func(func_type) = closure.kind else { unreachable!("code takes its closure first") };
        if module.func_types[func_type.index()].params.iter().any(|&ty| ty != Type::ANY) {
            continue;
        }
        let generic = match known.get(&func_type) {
            Some(&generic) => generic,
            None => {
                let generic = generic_code(module, closure, func_type);
                let generic = module.add_function(generic);
                known.insert(func_type, generic);
                generic
            }
        };
        if let Some(closure) = &mut module.functions[index].closure {
            closure.generic = Some(generic);
        }
    }
}

fn generic_code(module: &mut Module, closure: Type, func_type: FuncType) -> Function {
    let list = module.list_of(Type::ANY);
    let FuncSig { params, result } = &module.func_types[func_type.index()];
    let sig = Signature {
        params: vec![Param { ty: closure, owned: false }, Param { ty: list, owned: true }],
        results: vec![Type::ANY],
    };
    let mut fb = FunctionBuilder::new(Function::new(format!("call/{}", func_type.0), sig, Phase::Pure));
    let (value, list) = (fb.func().params()[0], fb.func().params()[1]);
    let mut args = vec![value];
    for index in 0..params.len() {
        let at = fb.int_const(index as i64);
        args.push(fb.value(MochiOp::ListAt, vec![list, at], Imm::None, Type::ANY));
    }
    let results: Vec<Type> = result.iter().copied().collect();
    let call = fb.inst(Op::CallValue, args, Imm::None, &results);
    let returned = match fb.func().inst(call).results.first().copied() {
        None => fb.value(MochiOp::None, Vec::new(), Imm::None, Type::ANY),
        Some(value) if fb.ty(value) == Type::ANY => value,
        Some(value) => fb.value(MochiOp::Convert, vec![value], Imm::None, Type::ANY),
    };
    fb.ret(vec![returned]);
    fb.finish()
}
