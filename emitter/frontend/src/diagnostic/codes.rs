//! Every diagnostic code, with what it means and what to do about it.
//!
//! `P` codes come from the parser, `T` codes from the checker; both are the
//! reference implementation's numbers and mean the same thing here. `M` codes are
//! this compiler's own. Numbers that the reference leaves unused stay unused.

macro_rules! codes {
    ($($(#[doc = $summary:literal])+ $code:ident $help:literal;)*) => {
        /// A diagnostic's code. The same code means the same thing as in the reference implementation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $summary])+ $code,)* }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$code,)*];

            pub fn name(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)* }
            }

            /// Whether the parser makes it.
            pub fn is_of_the_parser(self) -> bool {
                self.name().starts_with('P')
            }

            /// What the code stands for, in one line.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$code => concat!($($summary),+).trim_ascii(),)* }
            }

            /// What to do about it, in general.
            pub fn help(self) -> &'static str {
                match self { $(Code::$code => $help,)* }
            }

            /// The code that is written `name`, such as `T008`.
            pub fn from_name(name: &str) -> Option<Code> {
                match name { $(stringify!($code) => Some(Code::$code),)* _ => None }
            }
        }
    };
}

codes! {
    /// A block is not opened or not closed.
    P001 "Every `{` needs its `}`; look for the block that the end of the file leaves open.";
    /// A statement cannot start here.
    P002 "A statement starts with a keyword such as `let` or `if`, with a name that is assigned, or with a call.";
    /// A function has no body.
    P010 "Write the body in braces after the parameters: `fun f(x: int): int { return x }`.";
    /// A function's head does not end in a body.
    P011 "After the parameters come, in this order, `: type`, `! effects` and the body in braces.";
    /// An expression is missing.
    P020 "Write a value here: a literal, a name, a call, or an expression in parentheses.";
    /// A name is missing.
    P030 "A name starts with a letter or `_` and is not one of the reserved words.";
    /// Something else stands where a name belongs.
    P031 "A name starts with a letter or `_`; numbers, strings and reserved words cannot be names.";
    /// The text cannot be read as Mochi.
    P040 "Close the string with `\"` on the same line, or remove the character that is not part of the language.";
    /// A string has an escape that does not exist.
    P041 "The escapes are \\n \\r \\t \\a \\b \\f \\v \\\\ \\\" \\xHH \\NNN (octal) \\uHHHH and \\UHHHHHHHH; a line end inside a string is written \\n.";
    /// A block comment is not closed.
    P042 "Close the comment with `*/`; comments do not nest.";
    /// A number is directly followed by a letter.
    P043 "Put a space between the number and the name, or start the name with a letter; digit separators do not exist.";
    /// A number does not fit its type.
    P045 "An int literal is at most 9223372036854775807; larger numbers can be computed, since arithmetic does not wrap.";
    /// A base prefix has no digits.
    P046 "Write at least one digit after `0x`, `0b` or `0o`.";
    /// A `*` has no left operand.
    P050 "`*` only multiplies: write a value on both sides.";
    /// A comma stands where nothing can be listed.
    P051 "Remove the comma. Calls and parameter lists take no comma after their last entry.";
    /// A parenthesis does not match.
    P052 "Check that each `(` has its `)`.";
    /// A `}` closes nothing.
    P053 "Remove the `}`, or look for the block above that was closed too early.";
    /// A colon is out of place.
    P054 "A colon stands between a name and its type, between a map key and its value, and between the bounds of a slice.";
    /// A dot is out of place.
    P055 "A dot is followed by the name of a field or method; a range `a..b` exists only in `for`.";
    /// `let` stands inside an expression.
    P056 "Move the `let` to a statement of its own.";
    /// An index is empty.
    P060 "Write an index `xs[i]` or at least one bound `xs[a:b]`, `xs[a:]`, `xs[:b]`.";
    /// A match arm has no result.
    P061 "Each arm is `pattern => expression` or `pattern => { statements }`.";
    /// A path of `load` or `save` is empty.
    P062 "Write the path of the file, or leave it out to use the standard streams.";
    /// This expression cannot be a pattern.
    P063 "A pattern is a literal without sign, a name, `_`, or `Constructor(pattern, …)`.";
    /// The language of an import is unknown.
    P064 "The languages are go, python, typescript, zig, lua, clj and clojure.";
    /// The value of this expression is not used.
    P065 "Return the value, assign it, or remove the expression; only calls do something by themselves.";
    /// The parser could not go on.
    P070 "This is a defect of the compiler; please report the program.";
    /// The program does not follow the grammar.
    P999 "Check the text just before this place.";

    /// A declaration has neither type nor value.
    T000 "Write `let x: type` or `let x = value`.";
    /// A variable that does not exist is assigned.
    T001 "Declare it first: `var x = …`.";
    /// A name is not defined.
    T002 "Check the spelling, or declare the variable before this place.";
    /// A function is not defined.
    T003 "Check the spelling, or declare the function.";
    /// A value that is not a function is called.
    T004 "Only functions, methods and constructors can be called.";
    /// A method's parameter has no type.
    T005 "Write the type of every parameter of a method.";
    /// A call has too many arguments.
    T006 "Remove the arguments that the function does not take.";
    /// An argument has the wrong type.
    T007 "Pass a value of the parameter's type, or convert it with `as`.";
    /// Types do not agree.
    T008 "Make both sides the same type, or convert one with `as`.";
    /// A value cannot be assigned to this variable.
    T009 "Assign a value of the variable's type, or declare the variable with a wider one.";
    /// A `return` does not fit the function's result type.
    T010 "Return a value of the declared type, or change the declaration.";
    /// The condition of `expect` is not a bool.
    T011 "Write a comparison or another bool expression after `expect`.";
    /// Two values cannot be compared.
    T013 "Compare values of one type, or two numbers.";
    /// An expression cannot be used here.
    T014 "Write a literal, a name, a call or an expression in parentheses.";
    /// An index is not an int.
    T015 "Lists and strings are indexed by int.";
    /// An index is missing.
    T016 "Write the index between the brackets.";
    /// A map cannot be sliced.
    T017 "Slices exist for lists and strings; take a map's parts by key.";
    /// A value of this type cannot be indexed.
    T018 "Only lists, strings and maps have elements.";
    /// A map key has the wrong type.
    T019 "Use a key of the map's key type.";
    /// An operator does not apply to these types.
    T020 "Convert the operands so that they have a type that the operator knows.";
    /// An operator is not supported.
    T021 "Use another operator, or a function.";
    /// A value of this type cannot be iterated.
    T022 "`for` goes over lists, maps, strings and ranges `a..b`.";
    /// A range bound is not an int.
    T023 "Both bounds of a range are ints.";
    /// An immutable variable is assigned.
    T024 "Declare it with `var` instead of `let`.";
    /// A type is not defined.
    T025 "Check the spelling, or declare the type.";
    /// A struct has no such field.
    T026 "Check the spelling against the type's declaration.";
    /// A value that is not a struct has no fields.
    T027 "Only structs and maps have fields.";
    /// The URL of `fetch` is not a string.
    T028 "Write the URL as a string.";
    /// The options are not a map.
    T029 "Write the options as a map: `with { method: \"POST\" }`.";
    /// An option has the wrong type.
    T030 "Check the option's type in the documentation of the construct.";
    /// A stream is not defined.
    T031 "Declare it first: `stream Name { field: type }`.";
    /// The source of a query is not a list.
    T032 "A query reads a list or a group; use `values` or `keys` for a map.";
    /// The `where` of a query is not a bool.
    T033 "Write a comparison or another bool expression after `where`.";
    /// The source of a join is not a list.
    T034 "A join reads a list.";
    /// The `on` of a join is not a bool.
    T035 "Write a comparison or another bool expression after `on`.";
    /// `len` of a value that has no length.
    T036 "`len` counts the elements of lists, strings and maps.";
    /// `count` of a value that is not a collection.
    T037 "`count` takes a list or a group.";
    /// `avg` of a value that is not a collection of numbers.
    T038 "`avg` takes a list or a group of numbers.";
    /// A builtin function is called with the wrong number of arguments.
    T039 "Check the function's parameters.";
    /// A condition is not a bool.
    T040 "Write a comparison or another bool expression.";
    /// `sum` of a value that is not a collection of numbers.
    T041 "`sum` takes a list or a group of numbers.";
    /// The `having` of a query is not a bool.
    T042 "Write a comparison or another bool expression after `having`.";
    /// An operator is applied to a value of unknown type.
    T043 "Give the value a type with `as`.";
    /// A condition of a query has effects.
    T044 "Call the function before the query and use its result here.";
    /// `break` or `continue` outside a loop.
    T045 "Use it inside `for` or `while`; a function's body starts anew.";
    /// A conversion between these types does not exist.
    T046 "Numbers convert to numbers; use `str` for text and `parseIntStr` for numbers in text.";
    /// A type parameter would have two types at once.
    T047 "Pass arguments that agree about the type parameter.";
    /// A type parameter is not determined by the arguments.
    T048 "Use the type parameter in the type of a parameter.";
    /// The number of type arguments is wrong.
    T049 "Write as many type arguments as the declaration has parameters.";
    /// A match does not cover every variant.
    T050 "Add the missing variants, or an arm `_ => …`.";
    /// A mutable variable would alias an immutable collection.
    T051 "Copy the collection, or declare the first variable with `var`.";
    /// An alias would widen the element type.
    T052 "Build a new list or map of the wider type.";
    /// A struct literal leaves out fields.
    T053 "Give every field a value.";
    /// A match arm can never be reached.
    T054 "Remove the arm, or move it before the one that covers it.";
    /// `skip` or `take` is not an int.
    T055 "Write an int expression.";
    /// A sort key has no order.
    T056 "Sort by numbers, strings, or lists of them.";
    /// The values of a `distinct` cannot be compared.
    T057 "Select numbers, strings, bools, or structs and lists of them.";
    /// An optional value is used without a test.
    T058 "Test it against `none` first, or use `?.`, `?[` or `??`.";
    /// An optional value is compared with one that is not.
    T059 "Compare with `none`, or unwrap the value with `??` first.";
    /// `?.` on a value that is not optional.
    T060 "Use `.`: this value is never none.";
    /// `?.` on an optional value that is not a struct.
    T061 "Only structs and maps have fields.";
    /// `?[` on a value that is not optional.
    T062 "Use `[`: this value is never none.";
    /// `?[` on an optional value that has no elements.
    T063 "Only lists, strings and maps have elements.";
    /// An effect label is unknown.
    T064 "The effects are io, fs, net, time and meta.";
    /// A function has more effects than it declares.
    T065 "Add the effect to the function's list, or remove the call that has it.";
    /// An expression with effects stands where none are allowed.
    T066 "Move the call to a statement before this one.";

    /// A construct of the language that this compiler does not support yet.
    M001 "Rewrite the program without it.";
    /// The program is nested too deeply.
    M002 "Move inner parts into variables or functions of their own.";
    /// The source is not valid UTF-8.
    M003 "Save the file in the encoding UTF-8.";
    /// A character changes the direction of the text around it.
    M004 "Remove the character, or write it as \\u escape: it can make the code look different from what it says.";
    /// A part of the program is larger than the output format allows.
    M005 "Split it into smaller parts.";
    /// IR text cannot be read, or breaks a rule of the IR.
    M006 "The grammar is in `emitter/src/ir/parser.rs`, the rules are in `emitter/src/ir/verifier.rs`.";
    /// An option names a pass that does not exist.
    M007 "The passes are listed in `emitter/src/opt/mod.rs`.";
    /// A module that is imported cannot be found or read.
    M008 "Paths that start with `./` or `../` are relative to the importing file; they name a file, whose `.mochi` may be left out, or a directory.";
    /// Modules import each other in a circle.
    M009 "Move what they share into a module that imports none of them.";
    /// A module does not have this name, or keeps it for itself.
    M010 "Write `export` before the declaration in the module, or use one of the names that it exports.";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_is_found_by_its_name_and_has_words() {
        for &code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(code));
            assert!(code.summary().ends_with('.') && code.help().ends_with('.'), "{}", code.name());
        }
        assert_eq!(Code::from_name("T012"), None);
    }
}
