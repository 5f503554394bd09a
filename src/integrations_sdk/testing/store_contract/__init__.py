"""`StoreContract`: every sentence of the `Store` port as a test, for any backend.

```python
class TestMyStore(StoreContract):
    def open(self, clock):
        return MyStore(clock=clock)
```

Needs pytest and Hypothesis.
"""

from __future__ import annotations

from integrations_sdk.testing.store_contract.lasting import ContentContract, ExpiryContract, LifeContract
from integrations_sdk.testing.store_contract.querying import QueryContract
from integrations_sdk.testing.store_contract.writing import TransactionContract, WritingContract

__all__ = ["StoreContract"]


class StoreContract(
    WritingContract, TransactionContract, QueryContract, ExpiryContract, ContentContract, LifeContract
):
    """Subclass it, name the subclass `Test…`, and say how to `open()` an empty store."""
