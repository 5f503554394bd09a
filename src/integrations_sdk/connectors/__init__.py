"""Providers: the `Connector` base, the registry, and one module for each service."""
