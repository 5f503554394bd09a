"""Addresses and ports that a URL of somebody else must not lead to: one table each, with the reason of every entry.

After the special-purpose registries of IANA (IPv4 and IPv6, as of October 2025) and the providers' own
documentation of their metadata services. The registries' "globally reachable" is not the measure: multicast,
AS112 and the transition prefixes are reachable, and no receiver of ours lives there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Final, NamedTuple

__all__ = [
    "METADATA",
    "METADATA_NAMES",
    "REFUSED",
    "REFUSED_PORTS",
    "USUAL_PORTS",
    "Address",
    "Range",
    "find",
    "forms",
]

Address = IPv4Address | IPv6Address


class Range(NamedTuple):
    """A network that is refused.

    Attributes:
        network: e.g. `10.0.0.0/8`.
        reason: what it is, with its article: `a private network`.
        source: where that is said.
    """

    network: str
    reason: str
    source: str


REFUSED: Final = (
    Range("0.0.0.0/8", "this host on this network", "RFC 1122 §3.2.1.3"),
    Range("10.0.0.0/8", "a private network", "RFC 1918 §3"),
    Range("100.64.0.0/10", "a network behind carrier-grade NAT", "RFC 6598 §7"),
    Range("127.0.0.0/8", "a loopback address", "RFC 1122 §3.2.1.3"),
    Range("169.254.0.0/16", "a link-local address", "RFC 3927 §2.1"),
    Range("172.16.0.0/12", "a private network", "RFC 1918 §3"),
    Range("192.0.0.0/24", "an address for protocols", "RFC 6890 §2.1"),
    Range("192.0.2.0/24", "a network for documentation", "RFC 5737 §3"),
    Range("192.31.196.0/24", "an AS112 sink", "RFC 7535 §7"),
    Range("192.52.193.0/24", "a multicast tunnel relay", "RFC 7450 §8.1"),
    Range("192.88.99.0/24", "a 6to4 relay", "RFC 7526 §6"),
    Range("192.168.0.0/16", "a private network", "RFC 1918 §3"),
    Range("192.175.48.0/24", "an AS112 sink", "RFC 7534 §3.1"),
    Range("198.18.0.0/15", "a network for benchmarks", "RFC 2544 §C.2.2"),
    Range("198.51.100.0/24", "a network for documentation", "RFC 5737 §3"),
    Range("203.0.113.0/24", "a network for documentation", "RFC 5737 §3"),
    Range("224.0.0.0/4", "a multicast group", "RFC 5771 §3"),
    Range("255.255.255.255/32", "the broadcast address", "RFC 8190 §2.1"),
    Range("240.0.0.0/4", "a reserved network", "RFC 1112 §4"),
    Range("::/128", "the unspecified address", "RFC 4291 §2.5.2"),
    Range("::1/128", "the loopback address", "RFC 4291 §2.5.3"),
    Range("::/96", "an IPv4-compatible address", "RFC 4291 §2.5.5.1"),
    Range("::ffff:0:0/96", "an IPv4-mapped address", "RFC 4291 §2.5.5.2"),
    Range("::ffff:0:0:0/96", "an IPv4-translated address", "RFC 2765 §2.1"),
    Range("64:ff9b::/96", "an IPv4 address behind NAT64", "RFC 6052 §2.1"),
    Range("64:ff9b:1::/48", "an IPv4 address behind local NAT64", "RFC 8215 §5"),
    Range("100::/64", "a discard-only address", "RFC 6666 §5"),
    Range("100:0:0:1::/64", "a dummy address", "RFC 9780 §3"),
    Range("2001::/32", "a Teredo tunnel", "RFC 4380 §2.6"),
    Range("2001:2::/48", "a network for benchmarks", "RFC 5180 §8"),
    Range("2001:10::/28", "an overlay identifier (ORCHID)", "RFC 4843 §2"),
    Range("2001:20::/28", "an overlay identifier (ORCHIDv2)", "RFC 7343 §2"),
    Range("2001:30::/28", "a drone's identifier", "RFC 9374 §6.3"),
    Range("2001::/23", "an address for protocols", "RFC 2928 §2"),
    Range("2001:db8::/32", "a network for documentation", "RFC 3849 §2"),
    Range("2002::/16", "a 6to4 tunnel", "RFC 3056 §2"),
    Range("2620:4f:8000::/48", "an AS112 sink", "RFC 7534 §3.1"),
    Range("3ffe::/16", "a network of the former 6bone", "RFC 3701 §2"),
    Range("3fff::/20", "a network for documentation", "RFC 9637 §3"),
    Range("5f00::/16", "a segment routing identifier", "RFC 9602 §6"),
    Range("fc00::/7", "a unique local network", "RFC 4193 §3"),
    Range("fe80::/10", "a link-local address", "RFC 4291 §2.5.6"),
    Range("fec0::/10", "a site-local address", "RFC 3879 §4"),
    Range("ff00::/8", "a multicast group", "RFC 4291 §2.7"),
    *(  # what remains outside of 2000::/3
        Range(network, "an address that is not for global unicast", "RFC 4291 §2.4")
        for network in ("::/3", "4000::/2", "8000::/1")
    ),
)
"""Refused unless allowed. The first range that holds an address gives the reason."""

METADATA: Final = tuple(
    Range(network, f"the metadata service of {whose}", source)
    for network, whose, source in (
        ("169.254.169.254/32", "most clouds", "docs.aws.amazon.com, IMDS"),
        ("169.254.170.2/32", "Amazon ECS", "docs.aws.amazon.com, task IAM roles"),
        ("169.254.170.23/32", "Amazon EKS", "docs.aws.amazon.com, EKS Pod Identity"),
        ("169.254.42.42/32", "Scaleway", "scaleway.com/en/docs, instance metadata"),
        ("169.254.0.23/32", "Tencent Cloud", "tencentcloud.com/document, CVM metadata"),
        ("169.254.10.10/32", "Tencent Cloud", "tencentcloud.com/document, CVM metadata"),
        ("100.100.100.200/32", "Alibaba Cloud", "alibabacloud.com/help, ECS metadata"),
        ("168.63.129.16/32", "Azure", "learn.microsoft.com, what is 168.63.129.16"),
        ("192.0.0.192/32", "Oracle Cloud", "docs.oracle.com, compute classic metadata"),
        ("fd00:ec2::/32", "Amazon EC2", "docs.aws.amazon.com, IMDS"),
        ("fd20:ce::254/128", "Google Cloud", "docs.cloud.google.com, metadata server"),
        ("fd00:c1::a9fe:a9fe/128", "Oracle Cloud", "docs.oracle.com, IMDS"),
        ("fd00:42::42/128", "Scaleway", "scaleway.com/en/docs, instance metadata"),
        ("fd00:a9fe:a9fe::1/128", "Akamai", "techdocs.akamai.com, metadata service"),
        ("fd00:100::100:200/128", "Alibaba Cloud", "alibabacloud.com/help, ECS metadata"),
        ("fe80::a9fe:a9fe/128", "OpenStack", "docs.openstack.org/nova, metadata"),
    )
)
"""Refused always: these hand out the machine's credentials to whoever asks."""

METADATA_NAMES: Final = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.tencentyun.com",
    }
)
"""Names of metadata services, refused before they are resolved."""

USUAL_PORTS: Final = frozenset({80, 443})
"""Of the ports below 1024, which belong to other services by assignment (RFC 6335 §6), only these are used."""

REFUSED_PORTS: Final = {
    1433: "Microsoft SQL Server", 1521: "Oracle Database", 1719: "H.323", 1720: "H.323", 1723: "PPTP",
    2049: "NFS", 2181: "ZooKeeper", 2375: "Docker", 2376: "Docker", 2379: "etcd", 2380: "etcd", 2525: "SMTP",
    3306: "MySQL", 3389: "RDP", 3659: "Apple SASL", 4045: "NFS locks", 4190: "Sieve", 5060: "SIP", 5061: "SIP",
    5432: "PostgreSQL", 5672: "AMQP", 5900: "VNC", 6000: "X11", 6379: "Redis", 6443: "Kubernetes",
    6566: "SANE", 6665: "IRC", 6666: "IRC", 6667: "IRC", 6668: "IRC", 6669: "IRC", 6679: "IRC", 6697: "IRC",
    9042: "Cassandra", 9092: "Kafka", 10080: "Amanda", 10250: "Kubernetes", 11211: "memcached",
    27017: "MongoDB",
}  # fmt: skip
"""Ports from 1024 on whose services take a stray POST for commands (https://fetch.spec.whatwg.org/#port-blocking),
or whose operators would not expect one: databases, brokers, mail, control planes."""

_TEREDO: Final = IPv6Network("2001::/32")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_LAST_32_BITS: Final = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"))
)
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214 §6.1, without and with the universal bit
_WORD: Final = 0xFFFFFFFF


def forms(address: Address) -> Iterator[Address]:
    """The address, and each IPv4 address that is written into it and may be where it leads.

    Judged one by one, for a tunnel or translator on the way is as good as the address inside.
    """
    yield address
    if isinstance(address, IPv6Address):
        bits = int(address)
        if address in _SIX_TO_FOUR:
            yield IPv4Address(bits >> 80 & _WORD)
        elif address in _TEREDO:  # the server, and the client in inverted bits (RFC 4380 §4)
            yield IPv4Address(bits >> 64 & _WORD)
            yield IPv4Address(~bits & _WORD)
        elif bits > 1 and (
            bits >> 32 & _WORD in _ISATAP or any(address in network for network in _LAST_32_BITS)
        ):
            yield IPv4Address(bits & _WORD)


def find(address: Address, ranges: tuple[Range, ...]) -> Range | None:
    """The first of the ranges that holds the address."""
    number = int(address)
    for mask, value, found in _bits(ranges)[address.version]:
        if number & mask == value:
            return found
    return None


@cache
def _bits(ranges: tuple[Range, ...]) -> dict[int, list[tuple[int, int, Range]]]:
    """Mask and value of each range, by version: twenty times as fast as `address in network`."""
    found: dict[int, list[tuple[int, int, Range]]] = {4: [], 6: []}
    for each in ranges:
        network = ip_network(each.network)
        found[network.version].append((int(network.netmask), int(network.network_address), each))
    return found
