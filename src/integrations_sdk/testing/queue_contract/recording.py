"""The contract of taking down: attempts, order, and targets that are disabled without loss."""

from __future__ import annotations

import asyncio

from integrations_sdk.clock import FakeClock
from integrations_sdk.models.delivery import At, Dead, DeliveryState, Disable, Done, Target, Verdict
from integrations_sdk.queue.base import Queue, Recorded, Selection
from integrations_sdk.testing.queue_contract.case import (
    START,
    A,
    B,
    QueueCase,
    claim,
    finish,
    later,
    names,
    put,
    result,
)

__all__ = ["HoldContract", "OrderContract", "RecordContract"]


class RecordContract(QueueCase):
    """What becomes of a delivery."""

    def test_delivered(self) -> None:
        """It has ended, is never handed out again, and its attempt is in the log."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "d")
            batch = await claim(queue)
            clock.advance(1)
            sent = result(batch.claimed[0], Done(), at=later(0.5))
            assert await queue.record([sent]) == (Recorded(accepted=True),)
            delivery = await queue.get("d")
            assert delivery is not None
            assert (delivery.state, delivery.attempts, delivery.finished_at) == (
                DeliveryState.DELIVERED,
                1,
                later(1),
            )
            assert await queue.attempts("d") == (sent.attempt,)
            assert (names(await claim(queue)), await queue.next_due()) == ([], None)

        self.run(scenario)

    def test_tried_again(self) -> None:
        """A failed attempt is kept, and the delivery comes again when it is due, counting its tries."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "d")
            for number in range(3):
                batch = await claim(queue)
                assert (batch.claimed[0].tries, batch.claimed[0].delivery.attempts) == (number, number)
                await finish(queue, batch, At(clock.now() + (later(10) - START)))
                delivery = await queue.get("d")
                assert delivery is not None
                assert (delivery.state, delivery.error) == (DeliveryState.PENDING, "broken")
                assert (await claim(queue)).next_at == delivery.due_at
                clock.advance(10)
            assert [attempt.number for attempt in await queue.attempts("d")] == [1, 2, 3]

        self.run(scenario)

    def test_given_up(self) -> None:
        """It has ended, and says why."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await put(queue, "d")
            await finish(queue, await claim(queue), Dead("no such channel"))
            delivery = await queue.get("d")
            assert delivery is not None
            assert (delivery.state, delivery.error) == (DeliveryState.FAILED, "no such channel")
            assert names(await claim(queue)) == []

        self.run(scenario)

    def test_a_batch_of_all_kinds(self) -> None:
        """Each result has its own answer, in order, also in batches of more than a statement holds."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await asyncio.gather(*(put(queue, f"{n:03}", Target("webhook", str(n % 7))) for n in range(150)))
            batch = await claim(queue, limit=150)
            verdicts: list[Verdict] = [Done(), At(later(5)), Dead("no")]
            ordered = sorted(batch.claimed, key=lambda one: one.delivery.delivery_id)
            taken = await queue.record([result(one, verdicts[n % 3]) for n, one in enumerate(ordered)])
            assert all(one.accepted for one in taken)
            log = (await queue.query(limit=1_000, newest_first=False)).deliveries
            states = [DeliveryState.DELIVERED, DeliveryState.PENDING, DeliveryState.FAILED]
            assert [one.state for one in log] == [states[n % 3] for n in range(150)]
            assert await queue.record([]) == ()

        self.run(scenario)

    def test_failing_and_recovering(self) -> None:
        """A target fails since its first failure after a success; the success that ends this says so."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for number in range(4):
                await put(queue, str(number))
            one, two, three, four = (await claim(queue)).claimed
            assert await queue.record([result(one, Dead("x"), at=later(1))]) == (
                Recorded(accepted=True, failing_since=later(1)),
            )
            assert await queue.record([result(two, At(later(9)), at=later(2))]) == (
                Recorded(accepted=True, failing_since=later(1)),
            )
            assert (await queue.statistics(A)).failing_since == later(1)
            assert await queue.record([
                result(three, Done(), at=later(3)), result(four, Done(), at=later(4))
            ]) == (
                Recorded(accepted=True, recovered=True),
                Recorded(accepted=True),
            )  # fmt: skip
            assert (await queue.statistics(A)).failing_since is None

        self.run(scenario)

    def test_statistics(self) -> None:
        """Counts, the success rate, latency percentiles within 10 %, and what is still to be done."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            assert (await queue.statistics(B)).success_rate is None
            for number in range(100):
                await put(queue, str(number))
            batch = await claim(queue)
            results = [
                result(
                    one,
                    Done() if n < 75 else At(later(60)),
                    status=200 if n < 75 else 500,
                    ms=n + 1,
                    at=later(n),
                )
                for n, one in enumerate(batch.claimed)
            ]
            await queue.record(results)
            await put(queue, "k1", key="k")
            await put(queue, "k2", key="k")
            await claim(queue)
            found = await queue.statistics(A)
            assert (found.succeeded, found.failed, found.success_rate) == (75, 25, 0.75)
            assert (found.last_attempt_at, found.last_status) == (later(99), 500)
            assert (found.backlog, found.oldest_due_at) == (27, later(60))
            for share, latency in ((50, found.p50), (95, found.p95), (99, found.p99)):
                assert latency is not None
                assert abs(latency.total_seconds() * 1000 - share) < share / 10

        self.run(scenario)


class OrderContract(QueueCase):
    """Deliveries of one target and key."""

    def test_one_after_another(self) -> None:
        """Only the first of a key is handed out; when it has ended, delivered or not, the next one is."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for number in range(4):
                await put(queue, str(number), key="k")
            waiting = await queue.query(Selection(states=(DeliveryState.WAITING,)), newest_first=False)
            assert [one.delivery_id for one in waiting.deliveries] == ["1", "2", "3"]
            verdicts: list[Verdict] = [Done(), Dead("no"), Done(), Done()]
            for number, verdict in enumerate(verdicts):
                batch = await claim(queue)
                assert names(batch) == [str(number)]
                assert names(await claim(queue)) == []
                await finish(queue, batch, verdict)
            assert names(await claim(queue)) == []

        self.run(scenario)

    def test_a_failing_key_waits_and_others_pass(self) -> None:
        """While the first of a key waits for its retry, so does the rest of that key, and nothing else."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            for name in ("k1", "k2", "j1"):
                await put(queue, name, key=name[0])
            await put(queue, "free")
            await put(queue, "other", B, key="k")
            batch = await claim(queue)
            assert names(batch) == ["free", "j1", "k1", "other"]
            await queue.record(
                [
                    result(one, At(later(10)) if one.delivery.delivery_id == "k1" else Done())
                    for one in batch.claimed
                ]
            )
            await put(queue, "k3", key="k")
            await put(queue, "j2", key="j")
            assert names(await claim(queue)) == ["j2"]
            clock.advance(10)
            assert names(await claim(queue)) == ["k1"]

        self.run(scenario)

    def test_enqueued_together(self) -> None:
        """Deliveries of one key that come at the same moment keep the order of the calls."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await asyncio.gather(*(put(queue, f"{number:03}", key="k") for number in range(100)))
            for number in range(100):
                batch = await claim(queue)
                assert names(batch) == [f"{number:03}"]
                await finish(queue, batch)

        self.run(scenario)

    def test_the_next_of_a_key_wakes(self) -> None:
        """When the first of a key has ended, a waiting worker hears of the next one."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await put(queue, "1", key="k")
            await put(queue, "2", key="k")
            batch = await claim(queue)
            waiting = asyncio.create_task(queue.wait("w", None))
            await asyncio.sleep(0)
            await finish(queue, batch)
            assert await waiting

        self.run(scenario)

    def test_a_released_key_keeps_its_order(self) -> None:
        """What was released is still the first."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await put(queue, "1", key="k")
            await put(queue, "2", key="k")
            await queue.release((await claim(queue)).claimed)
            assert names(await claim(queue)) == ["1"]

        self.run(scenario)


class HoldContract(QueueCase):
    """Disabled targets."""

    def test_held_and_resumed(self) -> None:
        """A held target gets nothing, also nothing new, and all of it when it is resumed."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "1")
            await put(queue, "k1", key="k")
            await put(queue, "k2", key="k")
            assert await queue.hold(A, "asked to")
            assert not await queue.hold(A, "again")
            await put(queue, "2")
            await put(queue, "b", B)
            assert names(await claim(queue)) == ["b"]
            held = await queue.query(Selection(states=(DeliveryState.HELD,)))
            assert sorted(one.delivery_id for one in held.deliveries) == ["1", "2", "k1", "k2"]
            found = await queue.statistics(A)
            assert (found.held_since, found.held_reason, found.backlog) == (START, "asked to", 4)
            clock.advance(1_000_000)
            assert (await claim(queue)).next_at is None
            assert await queue.resume(A)
            assert not await queue.resume(A)
            assert names(await claim(queue)) == ["1", "2", "k1"]
            assert (await queue.statistics(A)).held_since is None

        self.run(scenario)

    def test_disabled_by_a_result(self) -> None:
        """`Disable` holds the target and keeps the delivery; enabling it sends it again, due at once."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for number in range(3):
                await put(queue, str(number))
            one, two, three = (await claim(queue)).claimed
            answers = await queue.record([
                result(one, Disable("gone")), result(two, Disable("gone")), result(three, At(later(9_999)))
            ])  # fmt: skip
            assert [answer.held for answer in answers] == [True, False, False]
            assert names(await claim(queue)) == []
            found = await queue.statistics(A)
            assert (found.held_reason, found.backlog, found.failing_since) == ("gone", 3, START)
            await queue.resume(A)
            assert names(await claim(queue)) == ["0", "1", "2"]
            assert (await queue.statistics(A)).failing_since is None

        self.run(scenario)

    def test_resuming_wakes(self) -> None:
        """A waiting worker hears of the backlog."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await put(queue, "1")
            await queue.hold(A, "")
            await claim(queue)
            waiting = asyncio.create_task(queue.wait("w", None))
            await asyncio.sleep(0)
            await queue.resume(A)
            assert await waiting

        self.run(scenario)
