//! `trust`: whose precompiled code runs on this account.

use crate::cli::TrustAction;
use crate::failure::{Failure, Result};
use crate::keys::{PublicKey, SigningKey, Trust, hex};
use crate::output;
use crate::places::Places;

pub(crate) fn trust(action: &TrustAction) -> Result<()> {
    let places = Places::of_user()?;
    match action {
        TrustAction::Add { key, comment } => {
            let key = parse(key)?;
            Trust::load(&places)?.add(key, comment.as_deref().unwrap_or_default())?;
            Ok(())
        }
        TrustAction::Remove { key } => {
            let key = parse(key)?;
            let mut trust = Trust::load(&places)?;
            if trust.own == Some(key) {
                return Err(Failure::usage("this is your own key, which is always trusted"));
            }
            if trust.remove(&key)? {
                Ok(())
            } else {
                Err(Failure::usage(format!("the key {} is not trusted", hex(&key.0))))
            }
        }
        TrustAction::List => {
            let own = SigningKey::load_or_create(&places)?.public();
            let mut text = format!("{} (own)\n", hex(&own.0));
            for (key, comment) in &Trust::load(&places)?.added {
                text.push_str(format!("{} {comment}", hex(&key.0)).trim_end());
                text.push('\n');
            }
            output::write_stdout(text.as_bytes())
        }
    }
}

fn parse(text: &str) -> Result<PublicKey> {
    PublicKey::parse(text).ok_or_else(|| {
        Failure::usage(format!("`{text}` is not a public key"))
            .help("a key is 64 hexadecimal digits; `mochi-wasm trust list` shows yours")
    })
}
