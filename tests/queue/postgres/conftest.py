"""Tests here work in schemas of their own."""

from support.postgres import place, server

__all__ = ["place", "server"]
