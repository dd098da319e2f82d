//! The user's signing key and the keys that the user trusts.
//!
//! The first `compile` makes a key of the user's own; artifacts signed with it run on this account without
//! asking. It lies in a file of mode 0600 in a directory of mode 0700. A key file with wider permissions or
//! strange contents is an error and never replaced: the user must learn of it.

use crate::failure::{Failure, Result, show};
use crate::places::{Places, make_private_dir};
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// An Ed25519 public key, as artifacts and the trust list carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublicKey(pub [u8; 32]);

/// The user's own key pair.
pub struct SigningKey(ed25519_dalek::SigningKey);

const KEY_FILE: &str = "signing.key";
const TRUST_FILE: &str = "trusted";
const KEY_PREFIX: &str = "ed25519-secret ";

impl PublicKey {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<PublicKey> {
        unhex(text).map(PublicKey).filter(|key| key.verifier().is_some())
    }

    pub(crate) fn verifier(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(&self.0).ok().filter(|key| !key.is_weak())
    }
}

impl SigningKey {
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn signer(&self) -> &ed25519_dalek::SigningKey {
        &self.0
    }

    /// The user's key, made now if there is none.
    pub fn load_or_create(places: &Places) -> Result<SigningKey> {
        let path = key_path(places);
        if let Some(key) = SigningKey::load(places)? {
            return Ok(key);
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| Failure::host("cannot make a signing key").because(error))?;
        let cannot_write =
            |error: io::Error| Failure::host(format!("cannot write the signing key {}", show(&path))).because(error);
        let dir = path.parent().unwrap_or(Path::new("."));
        make_private_dir(dir).map_err(cannot_write)?;
        // The temporary file is created with mode 0600, and a key that appeared meanwhile wins.
        let mut file = tempfile::Builder::new().prefix(".key").tempfile_in(dir).map_err(cannot_write)?;
        writeln!(file, "{KEY_PREFIX}{}", hex(&seed)).map_err(cannot_write)?;
        file.as_file().sync_all().map_err(cannot_write)?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_write(error.error)),
        }
        SigningKey::load(places)?.ok_or_else(|| Failure::host(format!("the signing key {} vanished", show(&path))))
    }

    /// The user's key, if there is one.
    pub fn load(places: &Places) -> Result<Option<SigningKey>> {
        let path = key_path(places);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::host(format!("cannot read the signing key {}", show(&path))).because(error));
            }
        };
        check_key_mode(&path)?;
        let seed = text.trim_end().strip_prefix(KEY_PREFIX).and_then(unhex);
        let Some(seed) = seed else {
            return Err(Failure::host(format!("the signing key {} is corrupt", show(&path))).help(
                "restore it, or remove it to have a new one made; artifacts signed with it will then be refused",
            ));
        };
        Ok(Some(SigningKey(ed25519_dalek::SigningKey::from_bytes(&seed))))
    }
}

#[cfg(unix)]
fn check_key_mode(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)
        .map_err(|error| Failure::host(format!("cannot read the signing key {}", show(path))).because(error))?;
    if metadata.mode() & 0o077 != 0 {
        return Err(Failure::host(format!("the signing key {} can be read by others", show(path)))
            .help(format!("chmod 600 {}", show(path))));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_key_mode(_path: &Path) -> Result<()> {
    Ok(())
}

/// The keys whose artifacts run here: the user's own and those added by hand.
pub(crate) struct Trust {
    pub own: Option<PublicKey>,
    pub added: Vec<(PublicKey, String)>,
    path: PathBuf,
}

impl Trust {
    pub(crate) fn load(places: &Places) -> Result<Trust> {
        let own = SigningKey::load(places)?.map(|key| key.public());
        let path = places.config.join(TRUST_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::host(format!("cannot read {}", show(&path))).because(error)),
        };
        let mut added = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, comment) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let Some(key) = PublicKey::parse(key) else {
                return Err(Failure::host(format!("{}:{}: not a public key", show(&path), number + 1)));
            };
            added.push((key, comment.trim().to_owned()));
        }
        Ok(Trust { own, added, path })
    }

    pub(crate) fn contains(&self, key: &PublicKey) -> bool {
        self.own.as_ref() == Some(key) || self.added.iter().any(|(added, _)| added == key)
    }

    /// Adds `key`; false when it was there.
    pub(crate) fn add(&mut self, key: PublicKey, comment: &str) -> Result<bool> {
        if self.contains(&key) {
            return Ok(false);
        }
        self.added.push((key, comment.to_owned()));
        self.save().map(|()| true)
    }

    /// Removes `key`; false when it was not there.
    pub(crate) fn remove(&mut self, key: &PublicKey) -> Result<bool> {
        let before = self.added.len();
        self.added.retain(|(added, _)| added != key);
        if self.added.len() == before {
            return Ok(false);
        }
        self.save().map(|()| true)
    }

    fn save(&self) -> Result<()> {
        let mut text =
            String::from("# Keys whose precompiled code runs on this account. One a line, then a comment.\n");
        for (key, comment) in &self.added {
            text.push_str(&format!("{} {comment}\n", hex(&key.0)));
        }
        let failed = |error: io::Error| Failure::host(format!("cannot write {}", show(&self.path))).because(error);
        let dir = self.path.parent().unwrap_or(Path::new("."));
        make_private_dir(dir).map_err(failed)?;
        let mut file = tempfile::Builder::new().prefix(".trusted").tempfile_in(dir).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn key_path(places: &Places) -> PathBuf {
    places.data.join("keys").join(KEY_FILE)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}
