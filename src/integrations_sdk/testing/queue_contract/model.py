"""The contract as a whole: whatever is done in whatever order, the queue agrees with a simple model of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.models.delivery import At, Dead, DeliveryState, Done, Target, Verdict
from integrations_sdk.queue.base import Claimed, Queue
from integrations_sdk.testing.queue_contract.case import LEASE, START, QueueCase, put, result

__all__ = ["ModelContract"]

TARGETS = tuple(Target("webhook", name) for name in "abc")
WORKERS = ("one", "two")
Step: TypeAlias = tuple[str, int, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["put", "put", "key", "key", "claim", "claim", "done", "done", "retry", "dead", "release", "pass", "end",
             "hold", "resume"]
        ),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    max_size=40,
)  # fmt: skip


@attrs.define
class Expected:
    """What the model knows of one delivery."""

    name: str
    target: Target
    key: str | None
    due: datetime
    state: str = "pending"
    holder: str | None = None
    lease: int = 0
    attempts: int = 0


class Model:
    """A queue in twenty lines: lists, and rules as they are said."""

    def __init__(self) -> None:
        self.all: list[Expected] = []
        self.held: set[Target] = set()
        self.leases: dict[str, datetime] = {}

    def claimable(self, worker: str, now: datetime) -> list[Expected]:
        """What may be handed out, after the leases that ended were taken over."""
        for other, until in list(self.leases.items()):
            if until <= now and other != worker:
                self.drop(other)
        heads: dict[tuple[Target, str], Expected] = {}
        for one in self.all:
            if one.key is not None and one.state in {"pending", "leased"}:
                heads.setdefault((one.target, one.key), one)
        return [
            one
            for one in self.all
            if one.state == "pending"
            and one.due <= now
            and one.target not in self.held
            and (one.key is None or heads[one.target, one.key] is one)
        ]

    def drop(self, worker: str) -> None:
        """The worker's lease has gone."""
        del self.leases[worker]
        for one in self.all:
            if one.holder == worker:
                one.state, one.holder = "pending", None


class Run:
    """One drawn sequence of steps, on the queue and on the model."""

    def __init__(self, queue: Queue, clock: FakeClock) -> None:
        self.queue = queue
        self.clock = clock
        self.model = Model()
        self.hands: list[tuple[Claimed, str]] = []

    async def step(self, what: str, one: int, two: int) -> None:
        """Do it to both, and compare."""
        match what:
            case "put" | "key":
                await self.put(TARGETS[one % 3], f"k{two % 2}" if what == "key" else None)
            case "claim":
                await self.claim(WORKERS[one % 2], limit=two + 1)
            case "done" | "retry" | "dead":
                await self.record(what, one)
            case "release":
                await self.release(one)
            case "pass":
                self.clock.advance(one + 1)
            case "end":
                self.clock.advance(LEASE.total_seconds())
            case "hold":
                assert await self.queue.hold(TARGETS[one % 3], "") == (
                    TARGETS[one % 3] not in self.model.held
                )
                self.model.held.add(TARGETS[one % 3])
            case _:
                await self.resume(TARGETS[one % 3])

    async def put(self, target: Target, key: str | None) -> None:
        """Enqueue one."""
        name = str(len(self.model.all))
        await put(self.queue, name, target, key=key)
        self.model.all.append(Expected(name, target, key, self.clock.now()))

    async def claim(self, worker: str, limit: int) -> None:
        """Hand out: as many as there can be, all claimable, each target its share."""
        model, now = self.model, self.clock.now()
        open_ = {one.name: one for one in model.claimable(worker, now)}
        batch = await self.queue.claim(worker, limit=limit, lease=LEASE, per_target=10_000)
        given_ = [one.delivery.delivery_id for one in batch.claimed]
        assert len(given_) == len(set(given_)) == min(limit, len(open_))
        assert set(given_) <= set(open_)
        served, waiting = (Counter(open_[name].target for name in names) for names in (given_, open_))
        assert all(served[a] + 1 >= served[b] or served[a] == waiting[a] for a in waiting for b in waiting)
        if given_ or worker in model.leases:
            model.leases[worker] = now + LEASE
        for claimed in batch.claimed:
            expected = open_[claimed.delivery.delivery_id]
            assert claimed.delivery.attempts == expected.attempts
            expected.state, expected.holder, expected.lease = "leased", worker, claimed.token
            self.hands.append((claimed, worker))

    async def record(self, what: str, index: int) -> None:
        """Record a result, perhaps one of a lost lease."""
        if not self.hands:
            return
        claimed, worker = self.hands.pop(index % len(self.hands))
        expected = self.model.all[int(claimed.delivery.delivery_id)]
        now = self.clock.now()
        verdicts: dict[str, Verdict] = {
            "done": Done(),
            "retry": At(now + timedelta(seconds=3)),
            "dead": Dead("no"),
        }
        taken = await self.queue.record([result(claimed, verdicts[what])])
        holds = expected.state == "leased" and (expected.holder, expected.lease) == (worker, claimed.token)
        assert taken[0].accepted == holds
        if holds:
            expected.state = {"done": "delivered", "retry": "pending", "dead": "failed"}[what]
            expected.due = now + timedelta(seconds=3)
            expected.holder = None
            expected.attempts += 1

    async def release(self, index: int) -> None:
        """Give one back, perhaps one of a lost lease."""
        if not self.hands:
            return
        claimed, worker = self.hands.pop(index % len(self.hands))
        await self.queue.release([claimed])
        expected = self.model.all[int(claimed.delivery.delivery_id)]
        if expected.state == "leased" and (expected.holder, expected.lease) == (worker, claimed.token):
            expected.state, expected.holder = "pending", None

    async def resume(self, target: Target) -> None:
        """Enable a target."""
        assert await self.queue.resume(target) == (target in self.model.held)
        if target in self.model.held:
            self.model.held.discard(target)
            for one in self.model.all:
                if one.target == target and one.state == "pending":
                    one.due = min(one.due, self.clock.now())

    async def compare(self) -> None:
        """Every delivery stands as the model says."""
        page = await self.queue.query(limit=1_000, newest_first=False)
        assert [one.delivery_id for one in page.deliveries] == [one.name for one in self.model.all]
        for delivery, expected in zip(page.deliveries, self.model.all, strict=True):
            assert delivery.attempts == expected.attempts == len(await self.queue.attempts(expected.name))
            if expected.state == "pending":
                held = expected.target in self.model.held
                assert (delivery.state is DeliveryState.HELD) == held
            else:
                assert delivery.state == expected.state


class ModelContract(QueueCase):
    """The queue beside its model."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(steps=STEPS)
    def test_it_behaves_like_its_model(self, steps: list[Step]) -> None:
        """Whatever is done: the same deliveries are claimable, the same results taken, the same log read."""

        async def main() -> None:
            clock = FakeClock(START)
            queue = await self.opened(clock)
            try:
                run = Run(queue, clock)
                for step in steps:
                    await run.step(*step)
                await run.compare()
            finally:
                await self.closed(queue)

        asyncio.run(main())
