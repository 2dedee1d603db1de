"""What comes at the same moment shares one commit, because a commit waits for the disk."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

MOST_TOGETHER = 20
"""More would make whoever waits for the one writer of SQLite wait noticeably longer."""

Session = TypeVar("Session")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Session, Item, Result]):
    """
    Lets items that wait for a transaction share it, in the order in which they came.

    `do` does the work of several and returns what came of each. When it fails, all are rolled back
    and each is tried alone, so that what fails fails alone. So it may run twice, and must do
    nothing but through its session.
    """

    def __init__(
        self,
        write: Callable[[], AbstractAsyncContextManager[Session]],
        do: Callable[[Session, Sequence[Item]], Awaitable[Sequence[Result]]],
    ) -> None:
        self._write = write
        self._do = do
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._led = False

    async def take(self, item: Item) -> Result:
        """Return what came of the item, when it is committed; raise what kept it from that."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._led:
            await self._lead()
        return await future

    async def _lead(self) -> None:
        """Commit whatever waits; who comes meanwhile is taken along the next time."""
        self._led = True
        try:
            # Who comes in this very moment is taken along.
            await asyncio.sleep(0)
            while self._waiting:
                party = self._waiting[:MOST_TOGETHER]
                del self._waiting[:MOST_TOGETHER]
                await self._commit(party)
        finally:
            self._led = False
            self._give_up()

    async def _commit(self, party: "list[tuple[Item, asyncio.Future[Result]]]") -> None:
        try:
            async with self._write() as session:
                results = await self._do(session, [item for item, _ in party])
        except BaseException as error:
            if isinstance(error, Exception) and len(party) > 1:
                for each in party:
                    await self._commit([each])
                return
            for _, future in party:
                _fail(future, error)
            if not isinstance(error, Exception):
                raise
        else:
            for (_, future), result in zip(party, results, strict=True):
                if not future.done():
                    future.set_result(result)

    def _give_up(self) -> None:
        """Whoever still waits when the leader was cancelled must not wait for ever."""
        for _, future in self._waiting:
            _fail(future, ConnectionAbortedError())
        self._waiting.clear()


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        passed = error if isinstance(error, Exception) else ConnectionAbortedError()
        future.set_exception(passed)
