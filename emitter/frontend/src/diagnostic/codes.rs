//! Every diagnostic code, with its help.

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $help:literal;)*) => {
        /// A diagnostic's code. The same code means the same thing as in the reference implementation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            pub fn name(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)* }
            }

            /// What to do about it, in general.
            pub fn help(self) -> &'static str {
                match self { $(Code::$code => $help,)* }
            }
        }
    };
}

codes! {
    /// Any other parse error.
    P999 "";
    /// A construct of the language that this compiler does not support yet.
    M001 "";
}
