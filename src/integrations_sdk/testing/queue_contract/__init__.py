"""`QueueContract`: every sentence of the `Queue` port as a test, for any backend.

```python
class TestMyQueue(QueueContract):
    def open(self, clock):
        return MyQueue(clock=clock)
```

Needs pytest and Hypothesis.
"""

from __future__ import annotations

from integrations_sdk.testing.queue_contract.claiming import ClaimContract, LeaseContract
from integrations_sdk.testing.queue_contract.enqueueing import EnqueueContract
from integrations_sdk.testing.queue_contract.handing import HandingContract
from integrations_sdk.testing.queue_contract.limiting import BacklogContract, LimitContract
from integrations_sdk.testing.queue_contract.logging import LogContract, ReplayContract
from integrations_sdk.testing.queue_contract.model import ModelContract
from integrations_sdk.testing.queue_contract.recording import HoldContract, OrderContract, RecordContract

__all__ = ["QueueContract"]


class QueueContract(
    EnqueueContract,
    ClaimContract,
    LeaseContract,
    RecordContract,
    OrderContract,
    HoldContract,
    LimitContract,
    HandingContract,
    BacklogContract,
    LogContract,
    ReplayContract,
    ModelContract,
):
    """Subclass it, name the subclass `Test…`, and say how to `open()` an empty queue."""
