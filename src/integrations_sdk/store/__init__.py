"""Where records live: the `Store` port and its backends, chosen by URL with `open_store()`."""
