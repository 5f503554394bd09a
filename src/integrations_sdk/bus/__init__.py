"""Published events: the `Bus` port and its backends."""
