"""The key ring: where keys come from, and that none is ever shown."""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.secrets.keys import KEY_VARIABLE, KeyRing, SealingKey, default_key_path, open_key_ring

RAW_ONE, RAW_TWO = bytes(range(32)), b"\xfb\xff" * 16
ONE, TWO = (base64.b64encode(raw).decode() for raw in (RAW_ONE, RAW_TWO))


def test_first_key_seals_and_every_key_is_found() -> None:
    """The order of the keys is kept: the first one seals, and each is found by its id."""
    ring = KeyRing.from_env({KEY_VARIABLE: f"{ONE},{TWO}"})

    assert ring.first.reveal() == RAW_ONE
    assert [key.reveal() for key in ring] == [RAW_ONE, RAW_TWO]
    assert len(ring) == 2
    assert ring.find(SealingKey.of(RAW_TWO).id) == SealingKey.of(RAW_TWO)
    assert ring.find("unknown") is None


@pytest.mark.parametrize(
    "text",
    [f"{ONE},{TWO}", f" {ONE} , {TWO}\n", f"{ONE}\n{TWO}\n", f"{ONE}\r\n{TWO}", f"{ONE},\n{TWO}"],
    ids=["commas", "spaces", "lines", "crlf", "comma and line"],
)
def test_keys_are_separated_by_commas_or_white_space(text: str) -> None:
    """However the keys are separated, the same ones are read."""
    assert [key.reveal() for key in KeyRing.parse(text)] == [RAW_ONE, RAW_TWO]


def test_url_safe_base64_is_the_same_key() -> None:
    """A key in the URL-safe alphabet is the same key, with the same id."""
    url_safe = base64.urlsafe_b64encode(RAW_TWO).decode()

    assert url_safe != TWO
    assert KeyRing.parse(url_safe).first == KeyRing.parse(TWO).first


def test_every_bad_key_is_named_by_its_place_and_none_is_quoted() -> None:
    """All bad keys are reported at once, by place and with the remedy; no part of the text is quoted."""
    short, junk = base64.b64encode(b"canary-canary").decode(), "can" + "ary!"

    with pytest.raises(ConfigurationError) as caught:
        KeyRing.from_env({KEY_VARIABLE: f"{short},{ONE},{junk}"})

    assert [problem.path for problem in caught.value.problems] == [f"{KEY_VARIABLE}[0]", f"{KEY_VARIABLE}[2]"]
    assert "urandom" in caught.value.problems[0].remedy
    shown = "".join(traceback.format_exception(caught.value))
    assert short not in shown
    assert ONE not in shown
    assert junk not in shown


@pytest.mark.parametrize(
    "environ", [{}, {KEY_VARIABLE: ""}, {KEY_VARIABLE: f"{ONE},"}], ids=["unset", "empty", "comma"]
)
def test_missing_key_says_how_to_make_one(environ: dict[str, str]) -> None:
    """A missing or empty key is an error whose remedy makes one."""
    with pytest.raises(ConfigurationError, match="urandom"):
        KeyRing.from_env(environ)


def test_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the process's own environment is read."""
    monkeypatch.setenv(KEY_VARIABLE, TWO)

    assert KeyRing.from_env().first.reveal() == RAW_TWO
    assert open_key_ring().first.reveal() == RAW_TWO


def test_a_ring_without_keys_is_refused() -> None:
    """A ring has at least one key."""
    with pytest.raises(ConfigurationError, match="at least one key"):
        KeyRing([])


def test_generated_keys_differ() -> None:
    """Two generated rings have nothing in common."""
    assert KeyRing.generate().first.reveal() != KeyRing.generate().first.reveal()


def test_no_key_is_shown() -> None:
    """Neither repr nor pickle of a ring or a key holds the key."""
    ring = KeyRing.parse(ONE)
    shown = (
        f"{ring!r} {ring} {ring.first!r} {ring.first}".encode()
        + pickle.dumps(ring)
        + pickle.dumps(ring.first)
    )

    assert ONE.encode() not in shown
    assert RAW_ONE not in shown
    assert ring.first.id.encode() in shown


def test_key_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """A missing key file is made with mode 0600, its folder with 0700, and read again the same; nothing stays beside it."""
    path = tmp_path / "config" / "key"

    made = KeyRing.from_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert KeyRing.from_file(path, create=False).first == made.first
    assert list(path.parent.iterdir()) == [path]


def test_key_file_may_hold_several_keys(tmp_path: Path) -> None:
    """One key per line; the first seals."""
    path = tmp_path / "key"
    path.write_text(f"{ONE}\n{TWO}\n")
    path.chmod(0o600)

    assert [key.reveal() for key in KeyRing.from_file(path)] == [RAW_ONE, RAW_TWO]


def test_processes_that_start_together_read_one_key(tmp_path: Path) -> None:
    """Of several processes that find no key file one makes it, and all read the same key."""
    script = "import sys; from integrations_sdk.secrets.keys import KeyRing; print(KeyRing.from_file(sys.argv[1]).first.id)"
    path = tmp_path / "deep" / "key"
    command = [sys.executable, "-c", script, str(path)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) for _ in range(4)]

    ids = {process.communicate(timeout=50)[0].strip() for process in running}

    assert ids == {KeyRing.from_file(path, create=False).first.id}
    assert list(path.parent.iterdir()) == [path]


def test_the_loser_of_a_race_takes_the_winners_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file that appears while another is being written is kept."""
    path = tmp_path / "key"
    link = os.link

    def first_somebody_else(source: str, target: Path) -> None:
        target.write_text(ONE)
        target.chmod(0o600)
        link(source, target)

    monkeypatch.setattr(os, "link", first_somebody_else)

    assert KeyRing.from_file(path).first.reveal() == RAW_ONE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that others could read or change is no secret: the error says which command mends it."""
    path = tmp_path / "key"
    path.write_text(ONE)
    path.chmod(mode)

    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}"):
        KeyRing.from_file(path)


def test_missing_file_is_not_made_without_create(tmp_path: Path) -> None:
    """`create=False` reads only: a missing file is an error that names the variable to set instead."""
    with pytest.raises(ConfigurationError, match=KEY_VARIABLE):
        KeyRing.from_file(tmp_path / "key", create=False)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Where no file can be made, the error names the variable to set instead."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="cannot be created"):
        KeyRing.from_file(tmp_path / "file" / "key")


def test_a_folder_a_pipe_and_a_large_file_are_no_key_files(tmp_path: Path) -> None:
    """Only a small regular file is read, and a pipe without a writer does not hang."""
    (tmp_path / "large").write_text("A" * 5000)
    (tmp_path / "large").chmod(0o600)
    os.mkfifo(tmp_path / "pipe", 0o600)

    for path, wrong in (
        (tmp_path, "regular file|cannot be read"),
        (tmp_path / "pipe", "regular file"),
        (tmp_path / "large", "larger"),
    ):
        with pytest.raises(ConfigurationError, match=wrong):
            KeyRing.from_file(path)


def test_malformed_file_is_named_and_not_quoted(tmp_path: Path) -> None:
    """A file without a key in it is named; its content is not quoted, whatever bytes it holds."""
    path = tmp_path / "key"
    path.write_bytes(b"\xffcanary")
    path.chmod(0o600)

    with pytest.raises(ConfigurationError) as caught:
        KeyRing.from_file(path)
    assert str(path) in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CONFIG_HOME": "/etc/xdg"}, Path("/etc/xdg/integrations_sdk/key")),
        ({"XDG_CONFIG_HOME": "relative"}, Path.home() / ".config/integrations_sdk/key"),
        ({}, Path.home() / ".config/integrations_sdk/key"),
    ],
)
def test_default_place_follows_the_xdg_specification(environ: dict[str, str], expected: Path) -> None:
    """`$XDG_CONFIG_HOME` where it is absolute, else `~/.config`."""
    assert default_key_path(environ) == expected


def test_default_place_is_read_from_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the process's own environment says where."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    assert default_key_path() == tmp_path / "integrations_sdk" / "key"


def test_lasting_keys_come_from_the_variable_else_from_the_file(tmp_path: Path) -> None:
    """The variable wins; without it the default file is made; an empty variable is an error, not an absence."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}

    assert open_key_ring({**environ, KEY_VARIABLE: ONE}).first.reveal() == RAW_ONE
    with pytest.raises(ConfigurationError):
        open_key_ring({**environ, KEY_VARIABLE: ""})
    assert not list(tmp_path.iterdir())

    assert open_key_ring(environ).first == open_key_ring(environ).first
    assert (tmp_path / "integrations_sdk" / "key").exists()
