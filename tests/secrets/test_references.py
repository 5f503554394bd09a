"""References to secrets kept elsewhere."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations_sdk.errors import ConfigurationError, MissingExtraError
from integrations_sdk.models import Secret
from integrations_sdk.secrets.base import ReferenceResolver
from integrations_sdk.secrets.keys import KEY_VARIABLE, KeyRing, default_key_path
from integrations_sdk.secrets.references import (
    EnvironmentResolver,
    FileResolver,
    KeyringResolver,
    default_resolvers,
    resolve_reference,
)


def resolve(reference: str, *resolvers: ReferenceResolver) -> str:
    """Resolve with these resolvers, or the default ones."""
    table = {resolver.scheme: resolver for resolver in resolvers or default_resolvers()}
    return asyncio.run(resolve_reference(Secret(reference), table)).reveal()


class Vault:
    """A third party's resolver."""

    def __init__(self, scheme: str = "vault") -> None:
        self.scheme = scheme

    async def resolve(self, reference: str) -> str:
        """Say what was asked for."""
        return f"value of {reference}"


@pytest.mark.parametrize("value", ["xoxb-1", "", "https://example.com", "env:", "keyring://x", "other:thing"])
def test_what_is_no_reference_stays_as_it_is(value: str) -> None:
    """A secret that names no known scheme is the value itself."""
    assert resolve(value) == value


def test_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`env:NAME` is the variable's value when it is resolved."""
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-1")
    assert resolve("env:SLACK_TOKEN") == "xoxb-1"

    monkeypatch.setenv("SLACK_TOKEN", "xoxb-2")
    assert resolve("env:SLACK_TOKEN") == "xoxb-2"


@pytest.mark.parametrize(("environ", "wrong"), [({}, "not set"), ({"SLACK_TOKEN": ""}, "empty")])
def test_missing_variable_says_how_to_set_it(environ: dict[str, str], wrong: str) -> None:
    """A missing or empty variable is named, with the command that sets it."""
    with pytest.raises(ConfigurationError, match=f"{wrong}.*export SLACK_TOKEN=…") as caught:
        resolve("env:SLACK_TOKEN", EnvironmentResolver(environ))
    assert caught.value.problems[0].path == "env:SLACK_TOKEN"


def test_the_sealing_key_cannot_be_referred_to() -> None:
    """Who configures an integration cannot have the library's own key sent somewhere."""
    with pytest.raises(ConfigurationError, match="not available"):
        resolve(f"env:{KEY_VARIABLE}", EnvironmentResolver({KEY_VARIABLE: "canary"}))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"value", "value"),
        (b"value\n", "value"),
        (b"value\r\n", "value"),
        (b"value\n\n", "value\n"),
        ("ü ".encode(), "ü "),
    ],
)
def test_file_without_one_line_break_at_its_end(tmp_path: Path, content: bytes, expected: str) -> None:
    """`file:/path` is the file's text; one line break at the end is no part of it."""
    path = tmp_path / "x"
    path.write_bytes(content)

    assert resolve(f"file:{path}") == expected


def test_a_files_url_is_understood(tmp_path: Path) -> None:
    """`file:///path` is percent-decoded; one of another machine is refused rather than taken for a credential."""
    (tmp_path / "a b").write_text("value")
    for reference in (
        f"file://{tmp_path}/a%20b",
        f"file://localhost{tmp_path}/a%20b",
        f"file:{tmp_path}/a b",
    ):
        assert resolve(reference) == "value"
    with pytest.raises(ConfigurationError, match="absolute path"):
        resolve(f"file://elsewhere{tmp_path}/a%20b")


def test_the_key_file_cannot_be_referred_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By no path, also not through a link."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key = default_key_path()
    KeyRing.from_file(key)
    (tmp_path / "link").symlink_to(key)
    for reference in (
        f"file:{key}",
        f"file://{key}",
        f"file:{tmp_path}/link",
        f"file:{key.parent}/../{key.parent.name}/key",
    ):
        with pytest.raises(ConfigurationError, match="not available"):
            resolve(reference)


def test_bad_files_are_refused_without_quoting_them(tmp_path: Path) -> None:
    """Missing, relative, folder, pipe, too large, not UTF-8, empty: each says what is wrong, and no content."""
    (tmp_path / "latin").write_bytes(b"canary\xff")
    (tmp_path / "environ").write_bytes(b"A=canary\0B=canary\0")
    (tmp_path / "large").write_bytes(b"c" * (64 * 1024 + 1))
    (tmp_path / "full").write_bytes(b"c" * (64 * 1024))
    (tmp_path / "empty").write_bytes(b"\n")
    os.mkfifo(tmp_path / "pipe")

    bad = {
        "relative/path": "absolute path",
        "/with\0nul": "absolute path",
        f"{tmp_path}/missing": "cannot be read .No such file",
        f"{tmp_path}": "regular file|cannot be read",
        f"{tmp_path}/pipe": "regular file",
        f"{tmp_path}/large": "larger than 64 KiB",
        f"{tmp_path}/latin": "not UTF-8",
        f"{tmp_path}/environ": "not UTF-8",
        f"{tmp_path}/empty": "is empty",
    }
    for path, wrong in bad.items():
        with pytest.raises(ConfigurationError, match=wrong) as caught:
            resolve(f"file:{path}")
        assert "canary" not in "".join(traceback.format_exception(caught.value))
        assert caught.value.__context__ is None or isinstance(caught.value.__context__, OSError)
    assert len(resolve(f"file:{tmp_path}/full")) == 64 * 1024


@pytest.fixture
def system_keyring() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring in memory, in place of the system's."""
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend
    from keyring.errors import KeyringLocked

    passwords: dict[tuple[str, str], str] = {}
    threads: set[str] = set()

    class InMemory(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            threads.add(threading.current_thread().name)
            if service == "locked":
                raise KeyringLocked
            return passwords.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            passwords[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield passwords
    keyring.set_keyring(before)
    assert "MainThread" not in threads


def test_keyring_password(system_keyring: dict[tuple[str, str], str]) -> None:
    """`keyring:service/name` asks the system's keyring, off the event loop's thread."""
    system_keyring["slack", "bot/token"] = "xoxb-1"

    assert resolve("keyring:slack/bot/token") == "xoxb-1"


@pytest.mark.parametrize(
    ("reference", "wrong"),
    [
        ("slack/none", "keyring set slack none"),
        ("locked/x", "does not answer .KeyringLocked"),
        ("slack", "service/name"),
        ("/x", "service/name"),
        ("slack/", "service/name"),
    ],
)
@pytest.mark.usefixtures("system_keyring")
def test_keyring_without_an_answer(reference: str, wrong: str) -> None:
    """No such password, a locked keyring, a malformed reference: each says what to do."""
    with pytest.raises(ConfigurationError, match=wrong):
        resolve(f"keyring:{reference}")


def test_keyring_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says what to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(MissingExtraError, match=r"integrations-sdk\[keyring\]"):
        resolve("keyring:slack/token", KeyringResolver())


def test_scheme_without_a_resolver_says_what_there_is() -> None:
    """An unsupported scheme names the available ones and that resolvers can be passed in."""
    with pytest.raises(ConfigurationError, match=r"available: env:;.*passed in"):
        resolve("aws-sm:secret/data#key", EnvironmentResolver())


def test_without_resolvers_nothing_is_available() -> None:
    """Where no resolver is given, every reference is refused."""
    with pytest.raises(ConfigurationError, match="available: none"):
        asyncio.run(resolve_reference(Secret("env:HOME"), {}))


@pytest.mark.parametrize("scheme", ["vault", "my-own"])
def test_third_party_resolvers(scheme: str) -> None:
    """A resolver passed in serves its scheme, also one that the library does not know."""
    assert resolve(f"{scheme}:path#key", Vault(scheme)) == "value of path#key"


def test_references_do_not_lead_to_references(tmp_path: Path) -> None:
    """A value that is a reference itself is refused: whoever may change one secret must not read others."""
    (tmp_path / "x").write_text("env:HOME")

    with pytest.raises(ConfigurationError, match="another reference"):
        resolve(f"file:{tmp_path}/x", FileResolver(), EnvironmentResolver())
