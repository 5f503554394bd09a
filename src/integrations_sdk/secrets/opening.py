"""`open_secrets()`: the secret store that fits a store."""

from __future__ import annotations

from integrations_sdk.secrets.base import SecretStore
from integrations_sdk.store.base import Store
from integrations_sdk.store.memory import MemoryStore

__all__ = ["open_secrets"]


def open_secrets(store: Store) -> SecretStore:
    """Credentials sealed into `store`: with a key of its own if it is in memory, else with the lasting keys.

    Raises:
        ConfigurationError: the lasting keys are malformed, or their file cannot be used.
    """
    from integrations_sdk.secrets.keys import KeyRing, open_key_ring
    from integrations_sdk.secrets.sealed import SealedSecrets

    return SealedSecrets(store, KeyRing.generate() if isinstance(store, MemoryStore) else open_key_ring())
