"""What a guard refuses."""

from __future__ import annotations

import asyncio
import pickle
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import BlockedAddressError, ConfigurationError
from integrations_sdk.http.guard import Guard, lookup, permitted
from integrations_sdk.http.ranges import METADATA, REFUSED, REFUSED_PORTS, Range

PUBLIC = "93.184.215.14"


def allows(guard: Guard, address: str, *, host: str = "hook.example", port: int = 443) -> bool:
    return guard.decide(host, port, address) is None


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2a00:1450:4001::200e", "2606:4700::1111"])
def test_public_addresses_pass(address):
    """A guard that allows nothing lets public addresses be called."""
    assert allows(Guard(), address)


@pytest.mark.parametrize("entry", REFUSED, ids=lambda entry: entry.network)
def test_refusals_say_why_and_what_to_do(entry):
    """A refusal names the range, its source and the host to allow, and no address that a name leads to."""
    address = entry.network.partition("/")[0]
    refusal = Guard().decide("hook.example", 443, address)
    assert refusal is not None
    assert "RFC" in refusal.reason
    assert "Guard(allow=('hook.example',))" in refusal.remedy
    error = refusal.error("hook.example", 443)
    assert isinstance(error, BlockedAddressError)
    assert error.sent is False
    assert error.retryable is False


def test_what_is_no_address_is_refused():
    """A resolver that answers with something else does not get through."""
    for text in ("localhost", "127.1", "0177.0.0.1", "", "1.2.3.4.5", "0x7f000001", "2130706433"):
        assert not allows(Guard(), text)
    assert not allows(Guard(), "fe80::1%eth0")


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:{}", "::{}", "64:ff9b::{}", "::ffff:0:{}"]))
def test_an_address_inside_of_another_must_be_permitted_itself(address, wrapping):
    """With the wrapping allowed, what is inside is judged as if it stood alone."""
    guard = Guard(allow=("64:ff9b::/96", "::/64"))
    wrapped = wrapping.format(address)
    if wrapped in {"::0.0.0.0", "::0.0.0.1"}:
        return
    assert allows(guard, wrapped) == allows(guard, str(address))


# --- cloud metadata -------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", METADATA, ids=lambda entry: entry.network)
def test_metadata_is_never_allowed(entry):
    """No network and no host in `allow` opens the way to a metadata service, directly or wrapped."""
    address = entry.network.partition("/")[0]
    guard = Guard(allow=("0.0.0.0/0", "::/0", "hook.example"), ports=(80,))
    wrapped = [f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}"] if "." in address else []
    for each in (address, *wrapped):
        refusal = guard.decide("hook.example", 80, each)
        assert refusal is not None
        assert "never allowed" in refusal.remedy


@pytest.mark.parametrize("host", ["metadata.google.internal", "METADATA.google.internal.", "metadata"])
def test_metadata_names_are_refused_unresolved(host):
    """Names of metadata services are refused even where a proxy would resolve them."""
    refusal = Guard(allow=("metadata.google.internal",)).check(f"http://{host}/computeMetadata/v1/")
    assert refusal is not None
    assert "metadata" in refusal.reason


# --- what is allowed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "expected"),
    [
        ("10.1.0.0/16", "h", 443, "10.1.2.3", True),
        ("10.1.0.0/16", "h", 443, "10.2.0.1", False),
        ("10.1.2.3", "h", 443, "10.1.2.3", True),
        ("10.1.2.3:8080", "h", 8080, "10.1.2.3", True),
        ("10.1.2.3:8080", "h", 443, "10.1.2.3", False),
        ("10.1.2.3:25", "h", 25, "10.1.2.3", True),
        ("10.1.2.3", "h", 25, "10.1.2.3", False),
        ("fd12::/32", "h", 443, "fd12::7", True),
        ("fd12::/32", "h", 443, "fd13::7", False),
        ("[fd12::1]:25", "h", 25, "fd12::1", True),
        ("[fd12::1]:25", "h", 26, "fd12::1", False),
        ("[fd12::/32]", "h", 443, "fd12::1", True),
        ("hooks.internal.example", "hooks.internal.example", 443, "10.9.9.9", True),
        ("Hooks.Internal.example", "hooks.INTERNAL.example.", 443, "::1", True),
        ("hooks.internal.example", "other.internal.example", 443, "10.9.9.9", False),
        ("hooks.internal.example", "hooks.internal.example", 5432, "10.9.9.9", False),
        ("hooks.internal.example:5432", "hooks.internal.example", 5432, "10.9.9.9", True),
        ("hooks.internal.example:5432", "hooks.internal.example", 443, "10.9.9.9", False),
        ("hooks.internal.example:5432", "other.example", 5432, PUBLIC, False),
        ("hooks.internal.example", "hooks.internal.example", 443, "64:ff9b::10.0.0.1", True),
        ("10.1.0.0/16", "h", 443, "::ffff:10.1.2.3", False),
        ("10.1.0.0/16:25", "h", 25, "2002:0a01:0203::", False),
    ],
)
def test_allowing(entry, host, port, address, expected):
    """Networks, addresses and hosts are allowed, each for one port where it says so."""
    assert allows(Guard(allow=(entry,)), address, host=host, port=port) is expected


def test_wrapped_addresses_need_both_allowed():
    """A host behind NAT64 allows the prefix; private addresses behind it stay refused until allowed as well."""
    assert not allows(Guard(), "64:ff9b::8.8.8.8")
    assert allows(Guard(allow=("64:ff9b::/96",)), "64:ff9b::8.8.8.8")
    assert not allows(Guard(allow=("64:ff9b::/96",)), "64:ff9b::10.1.2.3")
    assert allows(Guard(allow=("64:ff9b::/96", "10.1.0.0/16")), "64:ff9b::10.1.2.3")


@pytest.mark.parametrize(
    "entry",
    ["", "10.1.2.3/16", "10.1.2.300", "http://x", "a/b", "[fd12::1", "[fd12::1]x", "x:0", "x:65536", "x:y", "x:",
     "127.1", "2130706433", "bücher.example", "*.example", "-x", "a b", "[]:80", "user@host"],
)  # fmt: skip
def test_wrong_entries_are_named(entry):
    """What is neither network nor address nor host is a configuration error, named by its place."""
    with pytest.raises(ConfigurationError, match=r"allow\[1\]"):
        Guard(allow=("10.0.0.0/8", entry))


def test_every_wrong_field_is_named():
    """All mistakes at once, and none of the values, for a proxy's URL may hold a password."""
    with pytest.raises(ConfigurationError) as caught:
        Guard(allow=("?",), ports=(0, 80, 65536), proxies=("secret", "http://ok.example:1", "http://[x"))
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["allow[0]", "ports[0]", "ports[2]", "proxies[0]", "proxies[2]"]
    assert "secret" not in str(caught.value)


def test_a_single_text_is_one_entry():
    """`allow="10.0.0.0/8"` means that network, not its letters."""
    assert Guard(allow="10.0.0.0/8") == Guard(allow=("10.0.0.0/8",)) == Guard(allow=["10.0.0.0/8"])


def test_more_can_be_refused():
    """An organisation's own public network goes in front of the table."""
    ours = Range("93.184.0.0/16", "a network of ours", "the network plan")
    refusal = Guard(refused=(ours, *REFUSED)).decide("hook.example", 443, PUBLIC)
    assert refusal is not None
    assert "a network of ours" in refusal.reason


# --- ports ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "port", [1, 21, 22, 23, 25, 53, 79, 81, 110, 389, 445, 465, 587, 993, *REFUSED_PORTS]
)
def test_ports_of_other_services_are_refused(port):
    """Mail, databases, brokers and whatever else below 1024 is not for HTTP; the refusal says how to allow it."""
    refusal = Guard().decide("hook.example", port, PUBLIC)
    assert refusal is not None
    assert f"Guard(ports=({port},))" in refusal.remedy
    assert Guard(ports=(port,)).decide("hook.example", port, PUBLIC) is None
    assert Guard().check(f"https://hook.example:{port}/") == refusal


@pytest.mark.parametrize("port", [80, 443, 1024, 3000, 8000, 8080, 8443, 9000, 49152, 65535])
def test_usual_ports_pass(port):
    """80, 443, and what applications listen on."""
    assert allows(Guard(), PUBLIC, port=port)
    assert Guard().check(f"http://hook.example:{port}/") is None


def test_a_port_of_a_network_is_judged_when_the_name_is_resolved():
    """A port allowed for a network passes the look at the URL, and is refused where the name leads elsewhere."""
    guard = Guard(allow=("10.1.0.0/16:25",))
    assert guard.check("http://mail.example:25/") is None
    assert allows(guard, "10.1.2.3", port=25)
    assert not allows(guard, PUBLIC, port=25)


# --- URLs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["https://hook.example/x", "https://hook.example./x", "http://a_b.example:8080/", "https://xn--bcher-kva.example/",
     "https://bücher.example/", f"https://{PUBLIC}/", "https://[2a00:1450:4001::200e]/", "https://4chan.example/",
     "https://0x7f.example/"],
)  # fmt: skip
def test_ordinary_urls_pass(url):
    """Names, names outside of ASCII, and public addresses in their usual spelling."""
    assert Guard().check(url) is None


@pytest.mark.parametrize("url", ["https://u:p@hook.example/", "https://u@hook.example/", "https://@hook.example/",
                                 "https://hook.example\\@127.0.0.1/"])  # fmt: skip
def test_credentials_in_urls_are_refused(url):
    """User and password in a URL are refused, and not repeated."""
    with pytest.raises(BlockedAddressError, match="user and password") as caught:
        Guard().admit(url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0177.0.0.1", "0x7f.0.0.1", "127.1", "127.0.1", "0x7f000001", "017700000001", "134744072",
     "8.8.2056", "08.8.8.8", "8.8.8.8.", "8.8.8.8..", "256.1.1.1", "1.2.3.4.5", "0x", "1.0x10", "[fe80::1%25eth0]",
     "[::1%251]", "%31%32%37.0.0.1", "loc%61lhost", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "127．0．0．1",
     "localhost\\.hook.example", "hook..", "-hook", "hook!", "a,b", "hook.example;x", "4294967297"],
)  # fmt: skip
def test_odd_spellings_are_refused(host):
    """What one library reads as an address and another as a name is refused, public addresses too."""
    refusal = Guard().check(f"http://{host}/")
    assert refusal is not None
    assert "unusual" in refusal.reason


def test_errors_name_host_and_port_only():
    """Path and query of a URL may be secret."""
    with pytest.raises(BlockedAddressError) as caught:
        Guard().admit("http://[::1]:8080/secret?token=secret")
    assert "[::1]:8080" in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(BlockedAddressError, match=r"^10\.0\.0\.1:443 "):
        Guard().admit("https://10.0.0.1/")


# --- proxies --------------------------------------------------------------------------------------


def test_proxies_must_be_trusted():
    """Through a proxy nothing is sent unless the guard names it as one that judges addresses."""
    guard = Guard(proxies=("http://user:word@proxy.example:3128",))
    guard.admit("https://hook.example/", "http://proxy.example:3128/")
    for proxy in (
        "http://proxy.example:3129",
        "https://proxy.example:3128",
        "http://127.0.0.1:6379",
        "nonsense",
    ):
        with pytest.raises(ConfigurationError, match="cannot see"):
            guard.admit("https://hook.example/", proxy)
    with pytest.raises(BlockedAddressError):
        guard.admit("https://127.0.0.1/", "http://proxy.example:3128")
    assert "word" not in repr(guard)


# --- the guard as a value -------------------------------------------------------------------------


def test_guard_argument():
    """`guard=True` is a guard that allows nothing; None and False are none."""
    guard = Guard(allow=("10.0.0.0/8",))
    assert Guard.of(guard) is guard
    assert Guard.of(True) == Guard()
    assert Guard.of(None) is Guard.of(False) is None


def test_guards_are_values():
    """Equal guards share their pools, and survive a process boundary."""
    guard = Guard(allow=("10.0.0.0/8",), ports=(25,))
    assert hash(guard) == hash(Guard(allow=("10.0.0.0/8",), ports=(25,)))
    assert guard != Guard()
    again = pickle.loads(pickle.dumps(guard))
    assert again == guard
    assert allows(again, "10.0.0.1", port=25)


# --- resolving ------------------------------------------------------------------------------------


def resolved(*answers: str, guard: Guard | None = None) -> list[str]:
    async def resolve(host: str, port: int) -> list[str]:
        return list(answers)

    return asyncio.run(permitted(guard or Guard(), "hook.example", 443, resolve))


def test_refused_addresses_are_left_out():
    """Of a mixed answer what is permitted remains, in order and once."""
    found = resolved("127.0.0.1", PUBLIC, "169.254.169.254", "2606:4700::1", PUBLIC, "fd00::1")
    assert found == [PUBLIC, "2606:4700::1"]


def test_nothing_but_refused_addresses_is_blocked():
    """A name that leads inwards only is blocked, and the addresses are not told."""
    with pytest.raises(BlockedAddressError, match="a private network") as caught:
        resolved("10.0.0.99", "127.0.0.1")
    assert "10.0.0.99" not in str(caught.value)
    assert "hook.example:443" in str(caught.value)


def test_no_address_at_all():
    """An empty answer is that of a name that does not exist."""
    with pytest.raises(socket.gaierror):
        resolved()


def test_the_system_resolves():
    """Without a resolver of one's own the operating system is asked; malformed names do not exist."""
    assert asyncio.run(lookup("127.0.0.1", 80)) == ["127.0.0.1"]
    assert asyncio.run(lookup("2130706433", 80)) == ["127.0.0.1"]
    with pytest.raises(socket.gaierror):
        asyncio.run(lookup("a..b", 80))
    with pytest.raises(BlockedAddressError):
        asyncio.run(permitted(Guard(), "localhost", 80))
