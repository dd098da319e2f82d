//! The tokens of the language.

macro_rules! kinds {
    (keywords { $($keyword:ident $word:literal,)* } punctuation { $($punct:ident $sign:literal,)* }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            /// The end of the file; the last token is always this one.
            End,
            Ident,
            Int,
            Float,
            Str,
            $($keyword,)*
            $($punct,)*
        }

        impl Kind {
            pub(super) fn keyword(word: &str) -> Option<Kind> {
                match word { $($word => Some(Kind::$keyword),)* _ => None }
            }

            /// How the token is written, if it is always written the same.
            pub(super) fn spelling(self) -> Option<&'static str> {
                match self {
                    Kind::End | Kind::Ident | Kind::Int | Kind::Float | Kind::Str => None,
                    $(Kind::$keyword => Some($word),)*
                    $(Kind::$punct => Some($sign),)*
                }
            }
        }
    };
}

kinds! {
    keywords {
        True "true", False "false",
        Test "test", Expect "expect", Agent "agent", Intent "intent", On "on", Stream "stream", Emit "emit",
        Type "type", Fun "fun", Extern "extern", Import "import", Return "return", Break "break",
        Continue "continue", Let "let", Var "var", If "if", Else "else", Then "then", For "for", While "while",
        In "in", Generate "generate", Match "match", Fetch "fetch", Load "load", Save "save",
        Package "package", Export "export", Fact "fact", Rule "rule", All "all", None "none",
    }
    punctuation {
        EqEq "==", NotEq "!=", LessEq "<=", GreaterEq ">=", AndAnd "&&", OrOr "||", Arrow "=>", Turnstile ":-",
        DotDot "..", QuestionQuestion "??",
        Minus "-", Plus "+", Star "*", Slash "/", Percent "%", Eq "=", Less "<", Greater ">", Not "!", Bar "|",
        OpenBrace "{", CloseBrace "}", OpenBracket "[", CloseBracket "]", OpenParen "(", CloseParen ")",
        Comma ",", Dot ".", Colon ":", Question "?",
        // Runtime dialect only; its shifts are adjacent `<` and `>` tokens.
        And "&", Caret "^",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Whether only white space precedes the token on its line. The grammar does not
    /// care; error recovery does.
    pub(super) starts_line: bool,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The `///` lines directly above a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Doc {
    /// Index of the token.
    pub(super) token: usize,
    pub(super) lines: Vec<String>,
}
