"""Credentials: references to them, and their sealed storage."""
