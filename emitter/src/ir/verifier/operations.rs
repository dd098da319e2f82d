//! Types of operands and results, by operation.

use super::{Place, Verifier};
use crate::ir::{
    ENTRY, FuncId, Function, Imm, ImmKind, Inst, InstData, Kind, MochiOp, Module, NONE_FLOAT, Op, Phase, SMALL_LIMIT,
    Type, TypePattern, Value, ValueDef,
};

impl Verifier<'_> {
    /// Compares operands or results with what they should be.
    pub(super) fn fit(
        &mut self,
        inst: Inst,
        patterns: impl ExactSizeIterator<Item = TypePattern>,
        results: bool,
    ) -> bool {
        let data = self.func.inst(inst);
        let (values, what) = if results { (&data.results, "result") } else { (&data.args, "operand") };
        let place = Place::Inst(inst);
        if values.len() != patterns.len() {
            self.fault(place, format!("{} {what}s instead of {}", values.len(), patterns.len()));
            return false;
        }
        let mut all_fit = true;
        for (index, (&value, pattern)) in values.iter().zip(patterns).enumerate() {
            let ty = self.func.ty(value);
            if !pattern.accepts(ty) {
                all_fit = false;
                let (ty, wanted) = (self.module.type_text(ty), describe(self.module, pattern));
                self.fault(place, format!("{what} {index} is {ty}, not {wanted}"));
            }
        }
        all_fit
    }

    pub(super) fn mochi(&mut self, inst: Inst, op: MochiOp) {
        let args_fit = self.fit(inst, op.params().iter().map(|&(_, pattern)| pattern), false);
        let results_fit = self.fit(inst, op.results().iter().copied(), true);
        if !args_fit || !results_fit {
            return;
        }
        let func = self.func;
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        let ty = |values: &[Value]| values.first().map(|&value| func.ty(value));
        let (from, to) = (ty(&data.args), ty(&data.results));
        if let Some(to) = to
            && keeps_none(op)
            && !to.nullable
            && data.args.iter().any(|&arg| func.ty(arg).nullable)
        {
            self.fault(place, format!("an operand can be none, so the result is {to}?"));
        }
        if let (MochiOp::Convert, Some(from), Some(to)) = (op, from, to)
            && to != Type::ANY
            && from.kind != to.kind
            && !self.is_variant(from, to)
            && !self.is_variant(to, from)
        {
            let (from, to) = (self.module.type_text(from), self.module.type_text(to));
            self.fault(place, format!("{from} cannot be converted to {to}"));
        }
        if let (MochiOp::Copy, Some(from), Some(to)) = (op, from, to)
            && from != to
        {
            let (from, to) = (self.module.type_text(from), self.module.type_text(to));
            self.fault(place, format!("a copy of {from} is no {to}"));
        }
        if let (MochiOp::Dup | MochiOp::Drop, Some(from)) = (op, from)
            && !from.is_counted()
        {
            self.fault(place, format!("a {from} is not counted"));
        }
        self.shape(inst);
        self.constants(inst, op);
        self.lists(inst, op);
        self.fields(inst, op);
        self.entries(inst, op);
        self.any_lists(inst, op);
        self.closures(inst, op);
        if op.imm() == ImmKind::Global {
            self.global(inst, !op.params().is_empty(), false);
        }
    }

    /// What is loaded is of the type that its shape is of.
    fn shape(&mut self, inst: Inst) {
        let data = self.func.inst(inst);
        let Imm::Shape(shape) = data.imm else { return };
        let (wanted, found) = (self.module.shapes[shape.index()].ty(), self.func.ty(data.results[0]));
        if wanted != found {
            let (found, wanted) = (self.module.type_text(found), self.module.type_text(wanted));
            self.fault(Place::Inst(inst), format!("{shape} is {wanted}, not {found}"));
        }
    }

    /// What lies in static data can be the elements of the list that it becomes.
    fn constants(&mut self, inst: Inst, op: MochiOp) {
        let InstData { imm, results, .. } = self.func.inst(inst);
        let (MochiOp::ListOf, Imm::Data(data), &[list]) = (op, *imm, &results[..]) else { return };
        let bytes = &self.module.data[data.index()].bytes;
        let are_words = |fits: fn(i64) -> bool| {
            let (words, rest) = bytes.as_chunks::<8>();
            rest.is_empty() && words.iter().all(|&word| fits(i64::from_le_bytes(word)))
        };
        let element = self.module.element(self.func.ty(list));
        let fits = match element.map(|element| element.kind) {
            Some(Kind::Int | Kind::Any) => are_words(|word| (-SMALL_LIMIT..SMALL_LIMIT).contains(&word)),
            Some(Kind::Float) => are_words(|word| word as u64 != NONE_FLOAT),
            Some(Kind::Bool) => bytes.iter().all(|&byte| byte <= 1),
            _ => false,
        };
        if !fits {
            let list = self.module.type_text(self.func.ty(list));
            self.fault(Place::Inst(inst), format!("{data} has not the elements of a {list}"));
        }
    }

    /// Whether the first type is a record that is a variant of the second.
    fn is_variant(&self, record: Type, union: Type) -> bool {
        self.module.record(record).and_then(|record| record.union).is_some_and(|known| Kind::Union(known) == union.kind)
    }

    /// Compares the record of an operation and the field that it names, and what variants there are.
    pub(super) fn fields(&mut self, inst: Inst, op: MochiOp) {
        let func = self.func;
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        if let (MochiOp::RecordIs, Imm::Record(record)) = (op, data.imm) {
            let union = func.ty(data.args[0]);
            if !self.is_variant(Type::of(Kind::Record(record)), union) {
                let union = self.module.type_text(union);
                self.fault(place, format!("{union} is never that"));
            }
        }
        let (Some(&value), Imm::I32(index)) = (data.args.first(), data.imm) else { return };
        let Some(record) = self.module.record(func.ty(value)) else { return };
        if op.imm() != ImmKind::I32 || op == MochiOp::ObjectToStr {
            return;
        }
        let field = usize::try_from(index).ok().and_then(|index| record.fields.get(index));
        let Some(&(_, wanted)) = field else {
            return self.fault(place, format!("{} has no field {index}", record.name));
        };
        let params = op.params().iter().map(|&(_, pattern)| pattern).zip(&data.args);
        let results = op.results().iter().copied().zip(&data.results);
        for (pattern, &value) in params.chain(results) {
            let ty = func.ty(value);
            if pattern == TypePattern::Field && ty != wanted {
                let (found, wanted) = (self.module.type_text(ty), self.module.type_text(wanted));
                self.fault(place, format!("{} is {found}, but the field is {wanted}", self.name(value)));
            }
        }
    }

    /// What values of any kind are gone through as, and called with, are lists of such values; keys are texts,
    /// numbers of rows ints, and other operations make lists of strings or ints, which may be lists of more than these.
    fn any_lists(&mut self, inst: Inst, op: MochiOp) {
        let data = self.func.inst(inst);
        let (list, wanted) = match op {
            MochiOp::AnyIter | MochiOp::AnyElements => (data.results[0], Type::ANY),
            MochiOp::AnyCall => (data.args[1], Type::ANY),
            MochiOp::AnyOrder => (data.results[0], Type::INT),
            MochiOp::AnyKeys | MochiOp::StrSplit => (data.results[0], Type::STR),
            MochiOp::AnyDigest => (data.results[0], Type::INT),
            _ => return,
        };
        let ty = self.func.ty(list);
        let is_list_of_any = self.module.element(ty) == Some(Type::ANY);
        if !is_list_of_any && self.module.element(ty).map(|element| element.without_none()) != Some(wanted) {
            let (ty, wanted) = (self.module.type_text(ty), self.module.type_text(wanted));
            self.fault(Place::Inst(inst), format!("{} is {ty}, not list<{wanted}>", self.name(list)));
        }
    }

    /// Compares the map of an operation with its values, and lists of keys or values with the map.
    pub(super) fn entries(&mut self, inst: Inst, op: MochiOp) {
        let func = self.func;
        let data = func.inst(inst);
        let Some(held) = data.args.first().and_then(|&map| self.module.map_value(func.ty(map))) else { return };
        let params = op.params().iter().map(|&(_, pattern)| pattern).zip(&data.args);
        let results = op.results().iter().copied().zip(&data.results);
        for (pattern, &value) in params.chain(results) {
            let ty = func.ty(value);
            let entry = if held == Type::ANY { held } else { held.or_none() };
            let (found, wanted) = match (pattern, op) {
                (TypePattern::Held, _) => (Some(ty), held),
                (TypePattern::Entry, _) => (Some(ty), entry),
                (TypePattern::List, MochiOp::MapKeys) => (self.module.element(ty), Type::STR),
                (TypePattern::List, MochiOp::MapValues) => (self.module.element(ty), held),
                _ => continue,
            };
            if found != Some(wanted) {
                let (found, wanted) = (self.module.type_text(ty), self.module.type_text(wanted));
                let message = format!("{} is {found}, but the map is one of {wanted}", self.name(value));
                self.fault(Place::Inst(inst), message);
            }
        }
    }

    /// The code of a closure, if that is known: it was made here, or it is the one that runs here.
    pub(super) fn code(&self, closure: Value) -> Option<FuncId> {
        match self.func.def(closure) {
            ValueDef::Param(ENTRY, 0) => self.func.closure.is_some().then_some(self.id),
            ValueDef::Param(..) => None,
            ValueDef::Result(inst, _) => {
                let InstData { op, imm, .. } = self.func.inst(inst);
                match (op, imm) {
                    (Op::Mochi(MochiOp::ClosureNew | MochiOp::ClosureConst), Imm::Func(code)) => Some(*code),
                    _ => None,
                }
            }
        }
    }

    /// Compares closures, their code and what they capture.
    pub(super) fn closures(&mut self, inst: Inst, op: MochiOp) {
        let (func, module) = (self.func, self.module);
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        if let (MochiOp::ClosureNew | MochiOp::ClosureConst, Imm::Func(code)) = (op, data.imm) {
            let code = module.func(code);
            let ty = func.ty(data.results[0]);
            match &code.closure {
                Some(closure) if op == MochiOp::ClosureConst && !closure.captures.is_empty() => {
                    self.fault(place, format!("{} captures something", code.name));
                }
                Some(_) if code.sig.params.first().map(|param| param.ty) == Some(ty) => {}
                _ => self.fault(place, format!("{} is no code of a {}", code.name, module.type_text(ty))),
            }
        }
        let (MochiOp::ClosureInit | MochiOp::ClosureGet | MochiOp::ClosurePeek, Imm::I32(index)) = (op, data.imm)
        else {
            return;
        };
        let captures = self.code(data.args[0]).and_then(|code| module.functions.get(code.index()));
        let Some(captures) = captures.and_then(|code| code.closure.as_ref()).map(|closure| &closure.captures) else {
            return self.fault(place, format!("what {} captures is not known here", self.name(data.args[0])));
        };
        if op == MochiOp::ClosureInit && matches!(func.def(data.args[0]), ValueDef::Param(..)) {
            self.fault(place, "only a new closure is filled".to_owned());
        }
        let value = if op == MochiOp::ClosureInit { data.args[1] } else { data.results[0] };
        let ty = func.ty(value);
        match usize::try_from(index).ok().and_then(|index| captures.get(index)) {
            None => self.fault(place, format!("there is nothing captured at {index}")),
            Some(&wanted) if wanted != ty => {
                let (found, wanted) = (module.type_text(ty), module.type_text(wanted));
                self.fault(place, format!("{} is {found}, but what is captured there is {wanted}", self.name(value)));
            }
            Some(_) => {}
        }
    }

    /// Compares the lists of an operation and their elements.
    pub(super) fn lists(&mut self, inst: Inst, op: MochiOp) {
        let func = self.func;
        let data = func.inst(inst);
        let params = op.params().iter().map(|&(_, pattern)| pattern).zip(&data.args);
        let results = op.results().iter().copied().zip(&data.results);
        let mut list: Option<Type> = None;
        for (pattern, &value) in params.chain(results) {
            let ty = func.ty(value);
            let wanted = match (pattern, list) {
                (TypePattern::List | TypePattern::NullableList, Some(list)) => Type { nullable: ty.nullable, ..list },
                (TypePattern::List | TypePattern::NullableList, None) => *list.insert(ty),
                (TypePattern::Element, Some(list)) => self.module.element(list).unwrap_or(list),
                _ => continue,
            };
            // Of lists that are compared, one may have elements that are none and the other not.
            let fits = match op {
                MochiOp::ListEq | MochiOp::ListNe => self.is_same_but_for_none(ty, wanted),
                _ => ty == wanted,
            };
            if !fits {
                let name = self.name(value);
                let (found, wanted) = (self.module.type_text(ty), self.module.type_text(wanted));
                self.fault(Place::Inst(inst), format!("{name} is {found}, but the list makes it {wanted}"));
            }
        }
    }

    fn is_same_but_for_none(&self, a: Type, b: Type) -> bool {
        let (mut a, mut b) = (a.without_none(), b.without_none());
        while a != b {
            let (Some(a_element), Some(b_element)) = (self.module.element(a), self.module.element(b)) else {
                return false;
            };
            (a, b) = (a_element.without_none(), b_element.without_none());
        }
        true
    }

    pub(super) fn global(&mut self, inst: Inst, store: bool, machine: bool) {
        let Imm::Global(global) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let ty = self.module.globals[global.index()].ty;
        let ty = TypePattern::Exact(if machine { ty.machine() } else { ty });
        self.fit(inst, std::iter::repeat_n(ty, usize::from(store)), false);
        self.fit(inst, std::iter::repeat_n(ty, usize::from(!store)), true);
    }

    pub(super) fn call(&mut self, inst: Inst) {
        let Imm::Func(callee) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let callee = self.module.func(callee);
        let sig = &callee.sig;
        // A signature speaks of machine types as soon as its function is legalized; the rest of
        // the module may not have got there.
        let legalized = |func: &Function| func.import.is_some() || func.phase == Phase::Legalized;
        let machine = legalized(self.func) != legalized(callee);
        let expected = |ty: Type| {
            let ty = if machine { ty.machine() } else { ty };
            if machine && !legalized(self.func) { TypePattern::Machine(ty) } else { TypePattern::Exact(ty) }
        };
        self.fit(inst, sig.params.iter().map(|param| expected(param.ty)), false);
        self.fit(inst, sig.results.iter().map(|&ty| expected(ty)), true);
        let Imm::Func(id) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let closure = self.func.inst(inst).args.first().copied();
        if callee.closure.is_some() && closure.and_then(|closure| self.code(closure)) != Some(id) {
            self.fault(Place::Inst(inst), format!("this is no closure that {} is the code of", callee.name));
        }
    }

    pub(super) fn call_value(&mut self, inst: Inst) {
        let func = self.func;
        let data = func.inst(inst);
        let place = Place::Inst(inst);
        let callee = data.args.first().map(|&value| func.ty(value));
        let sig = callee.filter(|callee| !callee.nullable).and_then(|callee| self.module.func_sig(callee));
        let Some(sig) = sig else {
            return self.fault(place, "the first operand is no function".to_owned());
        };
        let params: Vec<TypePattern> =
            callee.into_iter().chain(sig.params.iter().copied()).map(TypePattern::Exact).collect();
        self.fit(inst, params.into_iter(), false);
        let results: Vec<TypePattern> = sig.result.into_iter().map(TypePattern::Exact).collect();
        self.fit(inst, results.into_iter(), true);
    }

    pub(super) fn call_indirect(&mut self, inst: Inst) {
        let Imm::Sig(sig) = self.func.inst(inst).imm else { unreachable!("the immediate was checked") };
        let sig = &self.module.sigs[sig.index()];
        let params: Vec<TypePattern> =
            sig.params.iter().map(|param| param.ty).chain([Type::I32]).map(TypePattern::Exact).collect();
        self.fit(inst, params.into_iter(), false);
        self.fit(inst, sig.results.iter().copied().map(TypePattern::Exact), true);
    }
}

fn describe(module: &Module, pattern: TypePattern) -> String {
    match pattern {
        TypePattern::Exact(ty) => module.type_text(ty),
        TypePattern::Kind(kind) => format!("{0} or {0}?", Type::of(kind)),
        TypePattern::Machine(ty) => format!("carried by {ty}"),
        TypePattern::Mochi | TypePattern::Element | TypePattern::Field | TypePattern::Held | TypePattern::Entry => {
            "a type of the language".to_owned()
        }
        TypePattern::Record => "a record that is never none".to_owned(),
        TypePattern::Object => "a record, union, function or map".to_owned(),
        TypePattern::Map => "a map that is never none".to_owned(),
        TypePattern::NullableMap => "a map".to_owned(),
        TypePattern::Key => "a key: int, str or any".to_owned(),
        TypePattern::Union => "a union that is never none".to_owned(),
        TypePattern::Func => "a function that is never none".to_owned(),
        TypePattern::List => "a list that is never none".to_owned(),
        TypePattern::NullableList => "a list".to_owned(),
        TypePattern::Nullable => "a type that has none".to_owned(),
    }
}

/// Whether an operand that is none makes the result none.
fn keeps_none(op: MochiOp) -> bool {
    use MochiOp::{
        FloatAdd, FloatDiv, FloatMul, FloatNeg, FloatRem, FloatSub, IntAdd, IntDiv, IntMul, IntNeg, IntRem, IntSub,
        IntToFloat,
    };
    matches!(
        op,
        IntAdd
            | IntSub
            | IntMul
            | IntDiv
            | IntRem
            | IntNeg
            | IntToFloat
            | FloatAdd
            | FloatSub
            | FloatMul
            | FloatDiv
            | FloatRem
            | FloatNeg
    )
}
