"""Stand-in vendors: one module per provider, named like it, each with one `StandIn` subclass."""
