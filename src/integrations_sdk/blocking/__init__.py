"""The same managers for code that is not asynchronous: typed blocking calls over one background loop."""
