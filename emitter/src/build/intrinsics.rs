//! Operations of the libraries: each is one of the IR.

use mochi_frontend::intrinsics::Intrinsic;
use mochi_frontend::typed::Expr;

use super::FunctionCtx;
use crate::ir::{Imm, MochiOp, Type, Value};

impl FunctionCtx<'_, '_> {
    pub(super) fn intrinsic(&mut self, expr: &Expr, intrinsic: Intrinsic, args: &[Expr]) -> Option<Value> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.expr(arg)?);
        }
        let (op, ty) = match intrinsic {
            Intrinsic::Sqrt => (MochiOp::FloatSqrt, Type::FLOAT),
            Intrinsic::Floor => (MochiOp::FloatFloor, Type::FLOAT),
            Intrinsic::Ceil => (MochiOp::FloatCeil, Type::FLOAT),
            Intrinsic::Truncate => (MochiOp::FloatTrunc, Type::FLOAT),
            Intrinsic::Magnitude => (MochiOp::FloatAbs, Type::FLOAT),
            Intrinsic::Pow => (MochiOp::FloatPow, Type::FLOAT),
            Intrinsic::Exp => (MochiOp::FloatExp, Type::FLOAT),
            Intrinsic::Log => (MochiOp::FloatLog, Type::FLOAT),
            Intrinsic::Log2 => (MochiOp::FloatLog2, Type::FLOAT),
            Intrinsic::Log10 => (MochiOp::FloatLog10, Type::FLOAT),
            Intrinsic::Power => (MochiOp::FloatPower, Type::FLOAT),
            Intrinsic::Sin => (MochiOp::FloatSin, Type::FLOAT),
            Intrinsic::Cos => (MochiOp::FloatCos, Type::FLOAT),
            Intrinsic::Tan => (MochiOp::FloatTan, Type::FLOAT),
            Intrinsic::Asin => (MochiOp::FloatAsin, Type::FLOAT),
            Intrinsic::Acos => (MochiOp::FloatAcos, Type::FLOAT),
            Intrinsic::Atan2 => (MochiOp::FloatAtan2, Type::FLOAT),
            Intrinsic::Md5 => (MochiOp::StrMd5, Type::STR),
            Intrinsic::UrlUnescape => (MochiOp::StrUnescapeUrl, Type::STR),
            Intrinsic::UrlEscape => (MochiOp::StrEscapeUrl, Type::STR),
            Intrinsic::HttpHeader => (MochiOp::HttpHeader, Type::BOOL),
            Intrinsic::HttpExchange => (MochiOp::HttpExchange, Type::STR),
            Intrinsic::HttpLocation => (MochiOp::HttpLocation, Type::STR),
            Intrinsic::HttpStatus => (MochiOp::HttpStatus, Type::INT),
            Intrinsic::LlmStop => (MochiOp::LlmStop, Type::INT),
            Intrinsic::LlmParameter => (MochiOp::LlmParameter, Type::INT),
            Intrinsic::LlmMessage => (MochiOp::LlmMessage, Type::INT),
            Intrinsic::LlmTool => (MochiOp::LlmTool, Type::INT),
            Intrinsic::LlmCalls => (MochiOp::LlmCalls, Type::INT),
            Intrinsic::LlmCallText => (MochiOp::LlmCallText, Type::STR),
            Intrinsic::LlmFail => (MochiOp::LlmFail, Type::STR),
            Intrinsic::LlmGenerate => (MochiOp::LlmGenerate, Type::STR),
            Intrinsic::LlmEmbed => (MochiOp::LlmEmbed, Type::INT),
            Intrinsic::LlmNumber => (MochiOp::LlmNumber, Type::FLOAT),
            Intrinsic::ReadJson => (MochiOp::ReadJson, Type::ANY),
            Intrinsic::ReadFile => (MochiOp::ReadFile, Type::STR),
            Intrinsic::Environment => (MochiOp::Environment, Type::STR),
            Intrinsic::Clock => (MochiOp::Clock, Type::INT),
        };
        self.fb.set_span(Some(expr.span));
        Some(self.fb.value(op, values, Imm::None, ty))
    }
}
