//! Which hosts a program may talk to.
//!
//! A rule names a host, and the addresses behind that name must be public: a name that leads into the machine or its
//! network is refused, whoever controls the name. Addresses of the machine and its network are granted by
//! naming them, or `localhost`.

use super::Refusal;
use crate::failure::{Failure, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ureq::http::Uri;

#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// Every address is granted.
    unlimited: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// In lower case; `*` stands for every host, `*.DOMAIN` for every one below a domain.
    host: String,
    /// None for every port.
    port: Option<u16>,
}

impl Rules {
    /// For what the operator names, not the program.
    pub(super) fn unlimited() -> Rules {
        Rules { rules: Vec::new(), unlimited: true }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn add(&mut self, text: &str) -> Result<()> {
        let wrong = || Failure::usage(format!("--allow-net {text} names no host")).help("write HOST or HOST:PORT");
        let is_bare_address = text.parse::<Ipv6Addr>().is_ok();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !is_bare_address && !port.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| wrong())?))
            }
            _ => (text, None),
        };
        let host = plain(host);
        if host.is_empty() || host.contains(|c: char| c == '/' || c == '@' || c.is_whitespace() || c.is_control()) {
            return Err(wrong());
        }
        self.rules.push(Rule { host, port });
        Ok(())
    }

    /// Refuses a URL whose host is not granted.
    pub(super) fn check(&self, url: &str) -> std::result::Result<(), Refusal> {
        let uri: Uri = url.parse().map_err(|_| Refusal::Text("invalid URL".to_owned()))?;
        if self.fitting(&uri).next().is_some() { Ok(()) } else { Err(Refusal::Denied) }
    }

    /// Whether an address that the URL's host turned out to have is granted.
    pub(super) fn permits_address(&self, uri: &Uri, address: IpAddr) -> bool {
        self.unlimited
            || !is_private(address)
            || self.fitting(uri).any(|rule| rule.host == "localhost" || rule.host.parse::<IpAddr>().is_ok())
    }

    fn fitting(&self, uri: &Uri) -> impl Iterator<Item = &Rule> {
        let host = plain(uri.host().unwrap_or_default());
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        });
        self.rules.iter().filter(move |rule| {
            let is_host = match rule.host.strip_prefix('*') {
                Some("") => true,
                Some(domain) => host.len() > domain.len() && host.ends_with(domain),
                None => host == rule.host,
            };
            is_host && rule.port.is_none_or(|granted| Some(granted) == port)
        })
    }
}

/// A host's name without the brackets of an address, without the dot of the root, in lower case.
fn plain(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// Whether an address is not one of the public Internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| is_private_v6(address), is_private_v4),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // This network, shared address space, protocol assignments, benchmarks, reserved.
        || a == 0
        || (a == 100 && b & 0xC0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xFE == 18)
        || a >= 240
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        // Once site-local; documentation.
        || first & 0xFFC0 == 0xFEC0
        || (first == 0x2001 && second == 0xDB8)
}

/// The IPv4 address that an address of IPv6 leads to: mapped, translated (NAT64) or tunnelled (6to4).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xFFFF) | (0x64, 0xFF9B, 0, 0, 0, 0) => Some(of(high, low)),
        (0, 0, 0, 0, 0, 0) if high != 0 => Some(of(high, low)),
        (0x2002, ..) => Some(of(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Rules {
        let mut rules = Rules::default();
        texts.iter().for_each(|text| rules.add(text).expect(text));
        rules
    }

    #[test]
    fn rules_name_hosts_and_ports() {
        let granted = |rule: &str, url: &str| rules(&[rule]).check(url).is_ok();
        for (rule, url) in [
            ("example.com", "http://example.com/a"),
            ("example.com", "https://EXAMPLE.com.:8443/"),
            ("example.com:443", "https://example.com/"),
            ("example.com:80", "http://example.com/?q"),
            ("*.example.com", "https://a.b.example.com/"),
            ("*", "http://anything.test:1/"),
            ("[::1]:80", "http://[::1]/"),
            ("::1", "http://[::1]:8080/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ] {
            assert!(granted(rule, url), "{rule} {url}");
        }
        for (rule, url) in [
            ("example.com", "http://example.com.evil.test/"),
            ("example.com", "http://notexample.com/"),
            ("example.com:443", "http://example.com/"),
            ("*.example.com", "https://example.com/"),
            ("*.example.com", "https://badexample.com/"),
            ("example.com", "http://evil.test/example.com"),
            ("example.com", "http://example.com@evil.test/"),
        ] {
            assert_eq!(rules(&[rule]).check(url), Err(Refusal::Denied), "{rule} {url}");
        }
        assert!(Rules::default().check("http://example.com/").is_err());
        for wrong in ["", ":80", "a:b", "http://example.com", "a/b", "a b", "a:99999", "u@h"] {
            assert!(Rules::default().add(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_that_are_not_public_need_to_be_named() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
        ];
        for text in private {
            let address: IpAddr = text.parse().expect(text);
            assert!(is_private(address), "{text}");
            let uri: Uri = "http://name.test/".parse().expect("a URL");
            assert!(!rules(&["name.test"]).permits_address(&uri, address), "{text}");
            assert!(!rules(&["*"]).permits_address(&uri, address), "{text}");
        }
        for text in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "100.128.0.1", "172.32.0.1"] {
            assert!(!is_private(text.parse().expect(text)), "{text}");
        }
        let uri: Uri = "http://127.0.0.1:8080/".parse().expect("a URL");
        let loopback: IpAddr = "127.0.0.1".parse().expect("an address");
        assert!(rules(&["127.0.0.1:8080"]).permits_address(&uri, loopback));
        assert!(!rules(&["127.0.0.1:9090"]).permits_address(&uri, loopback));
        let uri: Uri = "http://localhost/".parse().expect("a URL");
        assert!(rules(&["localhost"]).permits_address(&uri, loopback));
    }
}
