"""The loopback server's end."""

from __future__ import annotations

import gc
import socket
import sys
from urllib.parse import urlsplit

import pytest

from integrations_sdk.testing import Reply
from integrations_sdk.testing.server import LoopbackServer


def test_closing_leaves_no_connection_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that was accepted a moment before, nor one on which nothing has come yet."""
    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", left.append)
    for _ in range(60):
        server = LoopbackServer()
        place = urlsplit(server.serve(lambda _: (Reply(), None)))
        clients = [socket.create_connection((place.hostname, place.port)) for _ in range(3)]
        server.close()
        for client in clients:
            client.close()
    del server
    gc.collect()
    assert left == []
