"""Work on different subjects goes on side by side; work on one is done in the order it came."""

import asyncio
from collections.abc import Awaitable, Callable

Work = Callable[[], Awaitable[None]]


class Lanes:
    """
    Does at most `at_once` pieces of work at the same time, and one at a time for each subject.

    The first that fails ends it all: nothing more is begun, what is in hand is finished, and
    `finish` raises the failure. `on_failure` is called then, for whoever waits for more work.
    """

    def __init__(self, at_once: int, on_failure: Callable[[], None]) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._on_failure = on_failure
        self._last: dict[str, asyncio.Task[None]] = {}
        self._begun: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._failure: Exception | None = None
        self.closed = False

    def take(self, subject: str, work: Work) -> None:
        """See to it that the work is done, after what was taken before about the same subject."""
        task = asyncio.create_task(self._do(self._last.get(subject), work))
        self._last[subject] = task
        self._waiting.add(task)
        task.add_done_callback(lambda ended: self._leave(subject, ended))

    async def _do(self, before: asyncio.Task[None] | None, work: Work) -> None:
        if before:
            # It may have failed; then the lanes are closed, and that is seen below.
            await asyncio.wait({before})
        async with self._room:
            if self.closed:
                return
            task = asyncio.current_task()
            assert task  # noqa: S101 - Whatever runs here was made a task by `take`.
            self._waiting.discard(task)
            self._begun.add(task)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - Whatever it is, `finish` tells of it.
                self._fail(error)

    def _leave(self, subject: str, task: asyncio.Task[None]) -> None:
        self._waiting.discard(task)
        self._begun.discard(task)
        if self._last.get(subject) is task:
            del self._last[subject]

    def _fail(self, error: Exception) -> None:
        self.closed = True
        if self._failure is None:
            self._failure = error
            self._on_failure()

    async def finish(self, seconds: float) -> None:
        """Begin nothing more, and wait for what is in hand; what takes longer is cut off."""
        self.closed = True
        for task in self._waiting:
            task.cancel()
        in_hand = set(self._begun)
        if in_hand:
            _, late = await asyncio.wait(in_hand, timeout=seconds)
            while late:
                for task in late:
                    task.cancel()
                # Python 3.11's wait_for, on which clients stand, may swallow one of these.
                _, late = await asyncio.wait(late, timeout=1)
        if self._failure:
            raise self._failure
