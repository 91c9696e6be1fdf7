//! Networks, as people write them: `10.0.0.0/8, 192.0.2.7, fd00::/8`.

use std::net::IpAddr;

/// Some addresses: those that lie in one of the networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<(IpAddr, u8)>);

impl Networks {
    /// Networks in CIDR notation, or single addresses, divided by commas. `None` when one of them is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let named = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        named.map(network).collect::<Option<_>>().map(Self)
    }

    /// Whether an address lies in one of them. An IPv4 address is the same when it comes in the form of IPv6.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = bits(address.to_canonical());
        self.0.iter().any(|(network, prefix)| {
            let network = bits(*network);
            let rest = network.1 - u32::from(*prefix);
            network.1 == address.1
                && (rest == 128 || network.0.checked_shr(rest) == address.0.checked_shr(rest))
        })
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(longest);
    (prefix <= longest).then_some((address, prefix))
}

/// The address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_a_network_when_its_first_bits_are_the_same() {
        let cases = [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("fd00::/8, ::1", "::1", true),
            ("fd00::/8, ::1", "fe00::1", false),
            ("", "127.0.0.1", false),
        ];
        for (networks, address, want) in cases {
            let parsed = Networks::parse(networks).unwrap();
            let contained = parsed.contain(address.parse().unwrap());
            assert_eq!(contained, want, "{address} in {networks}");
        }
        for wrong in [
            "proxy",
            "10.0.0.0/33",
            "::1/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
        ] {
            assert_eq!(Networks::parse(wrong), None, "{wrong}");
        }
    }
}
