"""The `integrations` command, also `python -m integrations_sdk.cli`: a receiver that shows what arrives."""
