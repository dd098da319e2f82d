//! The `.cwasm` file: Wasmtime's ELF image followed by a signed trailer.
//!
//! ```text
//! ELF image │ metadata (postcard) │ signature, 64 bytes │ metadata length, u32 LE │ "MOCHIAOT"
//! ```
//!
//! Compiled code is native code that Wasmtime can hardly check: a flipped bit crashes the process or
//! computes something else. So nothing is loaded whose digest, signature and engine have not been compared,
//! and what is compared and what is loaded are the same buffer. The signature covers a domain string and the
//! metadata as they stand in the file; the metadata hold the image's digest and length, which leaves no byte
//! of the file uncovered. There is no time stamp: compiling twice gives the same file.
//!
//! The trailer stands behind the image because Wasmtime's reader finds its sections from the front.

use crate::engine::{self, Effort, Settings};
use crate::failure::{Failure, Result};
use crate::keys::{PublicKey, SigningKey, hex};
use ed25519_dalek::{Signature, Signer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasmtime::Engine;

const MAGIC: &[u8; 8] = b"MOCHIAOT";
const DOMAIN: &[u8] = b"mochi-wasm ahead-of-time artifact, version 1\0";
const FORMAT: u8 = 1;
const SIGNATURE: usize = 64;
/// Metadata are a few hundred bytes; a longer claim is damage.
const METADATA_LIMIT: usize = 4096;

/// What the trailer says about the image in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    format: u8,
    elf_length: u64,
    elf_sha256: [u8; 32],
    /// The module that was compiled; a sibling `.wasm` with this digest can replace the artifact.
    pub wasm_sha256: [u8; 32],
    /// [`engine::fingerprint`] of the engine that compiled it.
    pub engine: [u8; 32],
    pub wasmtime: String,
    pub tool: String,
    pub triple: String,
    /// Compiled for the very machine, with all features of its processor.
    pub native: bool,
    effort: u8,
    /// Whose signature follows.
    pub key: PublicKey,
}

/// An artifact that has passed every check but that of the engine; see [`Verified::engine_like`].
pub struct Verified<'a> {
    elf: &'a [u8],
    pub metadata: Metadata,
}

/// Why a file is not accepted as an artifact.
#[derive(Debug)]
pub enum Refusal {
    /// No trailer at its end: unsigned, cut off, or something else altogether.
    NoTrailer,
    Damaged(&'static str),
    /// Intact, but signed by a key that this user does not trust.
    UnknownKey(PublicKey),
}

/// The digest by which modules are known.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Appends the signed trailer to `elf`, which Wasmtime has just made from `wasm` under `settings`.
pub fn seal(elf: Vec<u8>, wasm: &[u8], engine: &Engine, settings: &Settings, key: &SigningKey) -> Result<Vec<u8>> {
    let metadata = Metadata {
        format: FORMAT,
        elf_length: elf.len() as u64,
        elf_sha256: sha256(&elf),
        wasm_sha256: sha256(wasm),
        engine: engine::fingerprint(engine),
        wasmtime: engine::WASMTIME.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        triple: settings.triple(),
        native: settings.target.is_none(),
        effort: settings.effort as u8,
        key: key.public(),
    };
    let encoded = postcard::to_stdvec(&metadata)
        .map_err(|error| Failure::host("cannot encode the artifact's trailer").because(error))?;
    let signature = key.signer().sign(&signed_bytes(&encoded));
    let mut file = elf;
    file.extend_from_slice(&encoded);
    file.extend_from_slice(&signature.to_bytes());
    file.extend_from_slice(&(encoded.len() as u32).to_le_bytes());
    file.extend_from_slice(MAGIC);
    Ok(file)
}

/// Checks the file as far as that is possible without an engine. `is_trusted` is asked last.
pub fn verify<'a>(
    file: &'a [u8],
    is_trusted: impl FnOnce(&PublicKey) -> bool,
) -> std::result::Result<Verified<'a>, Refusal> {
    let rest = file.strip_suffix(MAGIC).ok_or(Refusal::NoTrailer)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or(Refusal::NoTrailer)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (rest, signature) = rest.split_last_chunk::<SIGNATURE>().ok_or(Refusal::Damaged("the signature is cut off"))?;
    if length > METADATA_LIMIT || length > rest.len() {
        return Err(Refusal::Damaged("the trailer's length is impossible"));
    }
    let (elf, encoded) = rest.split_at(rest.len() - length);
    let metadata: Metadata =
        postcard::from_bytes(encoded).map_err(|_| Refusal::Damaged("the trailer cannot be read"))?;
    if metadata.format != FORMAT {
        return Err(Refusal::Damaged("the trailer has an unknown format"));
    }
    let key = metadata.key.verifier().ok_or(Refusal::Damaged("the trailer names an impossible key"))?;
    key.verify_strict(&signed_bytes(encoded), &Signature::from_bytes(signature))
        .map_err(|_| Refusal::Damaged("the signature does not match"))?;
    if metadata.elf_length != elf.len() as u64 || metadata.elf_sha256 != sha256(elf) {
        return Err(Refusal::Damaged("the code does not match its digest"));
    }
    if !is_trusted(&metadata.key) {
        return Err(Refusal::UnknownKey(metadata.key));
    }
    Ok(Verified { elf, metadata })
}

impl<'a> Verified<'a> {
    pub(crate) fn elf(&self) -> &'a [u8] {
        self.elf
    }

    /// The engine to load this artifact with, if one like `wanted` can: same machine, same variant, same release.
    pub fn engine_like(&self, wanted: &Settings) -> Result<Option<(Engine, Settings)>> {
        let Some(effort) = Effort::from_byte(self.metadata.effort) else { return Ok(None) };
        let here = Settings { target: None, effort, ..wanted.clone() };
        if self.metadata.native {
            let engine = engine::engine(&here)?;
            return Ok((engine::fingerprint(&engine) == self.metadata.engine).then_some((engine, here)));
        }
        if !is_this_machine(&self.metadata.triple) {
            return Ok(None);
        }
        // Code that was cross-compiled for this kind of machine uses fewer features of its processor, and loads into
        // an ordinary engine.
        let made_with = Settings { target: Some(self.metadata.triple.clone()), ..here.clone() };
        if engine::fingerprint(&engine::engine(&made_with)?) != self.metadata.engine {
            return Ok(None);
        }
        Ok(Some((engine::engine(&here)?, here)))
    }
}

impl Refusal {
    /// The message for a file shown as `name`, with the ways out.
    pub fn into_failure(self, name: &str) -> Failure {
        let failure = match &self {
            Refusal::NoTrailer => Failure::cannot_execute(format!("{name} is refused: it is not signed"))
                .because("there is no trailer at its end: it is machine code of unknown origin, or was cut off"),
            Refusal::Damaged(why) => Failure::cannot_execute(format!("{name} is refused: it is damaged")).because(why),
            Refusal::UnknownKey(key) => {
                Failure::cannot_execute(format!("{name} is refused: it is signed by a key that is not trusted here"))
                    .because(format!("the key is {}", hex(&key.0)))
            }
        };
        let failure = failure.help("run the .wasm instead, which is checked and compiled here");
        match &self {
            Refusal::NoTrailer | Refusal::Damaged(_) => failure
                .help("or compile it again: precompiled code is a cache, not for passing on")
                .help("(`mochi-wasm trust add KEY` and `--trust-cwasm` accept another signer, never an unsigned or damaged file)"),
            Refusal::UnknownKey(key) => failure
                .help(format!("or, if you trust its maker with this account: mochi-wasm trust add {}", hex(&key.0)))
                .help("or pass --trust-cwasm, if you made it yourself"),
        }
    }
}

fn signed_bytes(encoded: &[u8]) -> Vec<u8> {
    [DOMAIN, encoded].concat()
}

/// Whether code for `triple` can run here as far as architecture and system go.
fn is_this_machine(triple: &str) -> bool {
    let host = target_lexicon::Triple::host();
    triple.parse::<target_lexicon::Triple>().is_ok_and(|triple| {
        triple.architecture == host.architecture && triple.operating_system == host.operating_system
    })
}
