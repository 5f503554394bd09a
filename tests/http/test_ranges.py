"""The tables of refused addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.http.ranges import METADATA, REFUSED, Range, find, forms


def refused(text: str) -> Range | None:
    return find(ip_address(text), REFUSED)


@pytest.mark.parametrize("entry", [*REFUSED, *METADATA], ids=lambda entry: entry.network)
def test_each_range_is_refused_from_its_first_address_to_its_last(entry):
    """Both ends of a range are found, as that range or one inside of it, and each says why and where it is said."""
    network = ip_network(entry.network)
    table = REFUSED if entry in REFUSED else METADATA
    for address in (network[0], network[-1]):
        found = find(address, table)
        assert found is not None
        assert ip_network(found.network).overlaps(network)
    assert entry.reason.split()[0] in {"a", "an", "the", "this"}
    assert entry.source


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ("9.255.255.255", "11.0.0.0"), ("100.63.255.255", "100.128.0.0"), ("126.255.255.255", "128.0.0.0"),
        ("169.253.255.255", "169.255.0.0"), ("172.15.255.255", "172.32.0.0"), ("191.255.255.255", "192.0.1.0"),
        ("192.0.1.255", "192.0.3.0"), ("192.88.98.255", "192.88.100.0"), ("192.167.255.255", "192.169.0.0"),
        ("198.17.255.255", "198.20.0.0"), ("198.51.99.255", "198.51.101.0"), ("203.0.112.255", "203.0.114.0"),
        ("1.0.0.0", "223.255.255.255"), ("2001:200::", "2001:db7:ffff::1"), ("2001:db9::", "2001:ffff::1"),
        ("2003::", "3ffd:ffff::1"), ("2620:4f:7fff::1", "2620:4f:8001::"), ("3fff:1000::", "2a00::1"),
    ],
)  # fmt: skip
def test_their_neighbours_are_not(below, above):
    """The addresses next to a range are public."""
    assert refused(below) is None
    assert refused(above) is None


@given(st.ip_addresses())
def test_whatever_python_calls_not_global_is_refused(address):
    """`is_global` never knows a non-global address that the table does not know; sampled over its special ranges."""
    if not address.is_global:
        assert find(address, REFUSED) is not None


@given(st.ip_addresses(v=6).filter(lambda address: int(address) >> 125 != 1))
def test_nothing_outside_of_global_unicast_passes(address):
    """Only 2000::/3 is given out as global unicast (RFC 4291 §2.4)."""
    assert find(address, REFUSED) is not None


GLOBAL_BUT_NO_RECEIVER = [
    "::1.2.3.4", "::ffff:0:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "3ffe::1", "4000::1",
    "8000::1", "fec0::1", "ff0e::1", "ff02::1", "224.0.0.1", "239.255.255.255", "192.31.196.1", "192.52.193.1",
    "192.88.99.1", "192.175.48.1", "2620:4f:8000::1",
]  # fmt: skip


def test_python_calls_a_dozen_of_them_global():
    """Why `is_global` alone does not do: it lets pass multicast, site-local, unallocated and transition addresses.

    How many depends on Python's version; each is refused here by any.
    """
    assert all(refused(text) for text in GLOBAL_BUT_NO_RECEIVER)
    assert sum(ip_address(text).is_global for text in GLOBAL_BUT_NO_RECEIVER) >= 12
    azure = ip_address("168.63.129.16")
    assert azure.is_global
    assert find(azure, METADATA) is not None


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("::ffff:10.1.2.3", ["10.1.2.3"]),
        ("::10.1.2.3", ["10.1.2.3"]),
        ("::ffff:0:10.1.2.3", ["10.1.2.3"]),
        ("64:ff9b::10.1.2.3", ["10.1.2.3"]),
        ("64:ff9b:1:ffff::10.1.2.3", ["10.1.2.3"]),
        ("2002:0a01:0203::1", ["10.1.2.3"]),
        ("2001:0:5db8:1:0:0:f5fe:fdfc", ["93.184.0.1", "10.1.2.3"]),
        ("2a00:1450::5efe:10.1.2.3", ["10.1.2.3"]),
        ("2a00:1450::200:5efe:10.1.2.3", ["10.1.2.3"]),
        ("2a00:1450::1:5efe:10.1.2.3", []),
        ("2a00:1450::10.1.2.3", []),
        ("::", []),
        ("::1", []),
        ("10.1.2.3", []),
    ],
)
def test_addresses_inside_of_addresses(text, inside):
    """Mapped, compatible, translated, NAT64, 6to4, Teredo (server and client) and ISATAP addresses are unwrapped."""
    address, *found = forms(ip_address(text))
    assert address == ip_address(text)
    assert found == [IPv4Address(each) for each in inside]


@given(st.ip_addresses(v=4))
def test_every_wrapping_is_undone(address):
    """Whatever is wrapped comes out again."""
    number = int(address)
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert address in [*forms(IPv6Address(wrapped))]
