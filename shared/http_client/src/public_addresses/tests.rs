//! Every row of IANA's special-purpose registries, and other addresses that are not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::is_public;

/// The IPv4 special-purpose address registry as of 2025, then blocks that are not in it. A row that the registry calls
/// globally reachable serves a protocol and no files.
const SPECIAL_V4: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("0.0.0.0/32", "this host: unspecified"),
    ("10.0.0.0/8", "private use"),
    ("100.64.0.0/10", "shared address space: carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private use"),
    ("192.0.0.0/24", "IETF protocol assignments"),
    ("192.0.0.0/29", "IPv4 service continuity prefix"),
    ("192.0.0.8/32", "IPv4 dummy address"),
    ("192.0.0.9/32", "Port Control Protocol anycast"),
    ("192.0.0.10/32", "TURN anycast"),
    ("192.0.0.170/31", "NAT64 and DNS64 discovery"),
    ("192.0.2.0/24", "documentation: TEST-NET-1"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "6to4 relay anycast, deprecated"),
    ("192.88.99.2/32", "6a44 relay anycast"),
    ("192.168.0.0/16", "private use"),
    ("192.175.48.0/24", "direct delegation AS112 service"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation: TEST-NET-2"),
    ("203.0.113.0/24", "documentation: TEST-NET-3"),
    ("240.0.0.0/4", "reserved"),
    ("255.255.255.255/32", "limited broadcast"),
    ("224.0.0.0/4", "multicast"),
    ("233.252.0.0/24", "documentation: MCAST-TEST-NET"),
    ("169.254.169.254/32", "metadata of most clouds"),
    ("169.254.170.2/32", "credentials of a container"),
    ("100.100.100.200/32", "metadata of a cloud that uses shared space"),
    ("192.0.0.192/32", "metadata of a cloud that uses protocol assignments"),
];

/// The IPv6 special-purpose address registry as of 2025, then blocks that are not in it.
const SPECIAL_V6: &[(&str, &str)] = &[
    ("::1/128", "loopback"),
    ("::/128", "unspecified"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("64:ff9b::/96", "NAT64: carries an IPv4 address"),
    ("64:ff9b:1::/48", "NAT64 for local use"),
    ("100::/64", "discard-only"),
    ("100:0:0:1::/64", "dummy prefix"),
    ("2001::/23", "IETF protocol assignments"),
    ("2001::/32", "Teredo: carries an IPv4 address"),
    ("2001:1::1/128", "Port Control Protocol anycast"),
    ("2001:1::2/128", "TURN anycast"),
    ("2001:1::3/128", "DNS-SD service registration anycast"),
    ("2001:2::/48", "benchmarking"),
    ("2001:3::/32", "AMT"),
    ("2001:4:112::/48", "AS112"),
    ("2001:10::/28", "ORCHID, deprecated"),
    ("2001:20::/28", "ORCHIDv2"),
    ("2001:30::/28", "drone remote ID"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4: carries an IPv4 address"),
    ("2620:4f:8000::/48", "direct delegation AS112 service"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing SIDs"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local, deprecated"),
    ("ff00::/8", "multicast"),
    ("::/96", "IPv4-compatible, deprecated"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("::ffff:127.0.0.1/128", "mapped loopback"),
    ("::ffff:8.8.8.8/128", "mapped public address"),
    ("64:ff9b::7f00:1/128", "NAT64 to loopback"),
    ("2002:7f00:1::/48", "6to4 of loopback"),
    ("fd00:ec2::254/128", "metadata of EC2"),
    ("4000::/3", "unassigned"),
    ("e000::/4", "unassigned"),
];

/// The first, the middle and the last address of a block. `bits` is 32 or 128.
fn samples(block: &str, bits: u32) -> [u128; 3] {
    let (network, length) = block.split_once('/').expect("a block");
    let first = match network.parse().expect("an address") {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    };
    let length: u32 = length.parse().expect("a length");
    let within = match bits - length {
        128 => u128::MAX,
        host => (1 << host) - 1,
    };
    assert_eq!(first & within, 0, "{block} has bits beyond its length");
    [first, first | (within >> 1), first | within]
}

#[test]
fn no_special_ipv4_address_is_public() {
    for (block, what) in SPECIAL_V4 {
        for sample in samples(block, 32) {
            let address = Ipv4Addr::from(u32::try_from(sample).expect("32 bits"));
            assert!(!is_public(address.into()), "{address} of {block}, {what}");
        }
    }
}

#[test]
fn no_special_ipv6_address_is_public() {
    for (block, what) in SPECIAL_V6 {
        for sample in samples(block, 128) {
            let address = Ipv6Addr::from(sample);
            assert!(!is_public(address.into()), "{address} of {block}, {what}");
        }
    }
}

#[test]
fn no_ipv6_form_of_an_ipv4_address_is_public() {
    for text in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "1.1.1.1"] {
        let v4: Ipv4Addr = text.parse().expect("an address");
        let [a, b, c, d] = v4.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for v6 in [
            v4.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !high, !low),
        ] {
            assert!(!is_public(v6.into()), "{v6} is {v4}");
        }
    }
}

#[test]
fn neighbours_of_special_blocks_are_public() {
    for text in [
        "1.0.0.0",
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "52.218.0.1",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.31.195.255",
        "192.31.197.0",
        "192.52.192.255",
        "192.52.194.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "192.175.47.255",
        "192.175.49.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2600:1f18::1",
        "2620:4f:7fff::1",
        "2620:4f:8001::1",
        "2a05:d018::1",
        "3ffe:ffff::1",
        "3fff:1000::1",
    ] {
        assert!(is_public(text.parse().expect("an address")), "{text}");
    }
}
