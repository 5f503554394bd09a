"""Integrations: their records, and one sub-manager for each provider."""
