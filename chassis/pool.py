"""A pool of connections in which whoever waits is served in turn."""

import asyncio
from collections import deque

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util.queue import AsyncAdaptedQueue


class InLine(asyncio.LifoQueue[ConnectionPoolEntry]):
    """
    A stack from which nobody takes what somebody else was woken for.

    asyncio's own queues wake who has waited longest, and let whoever comes first then take it: in a
    rush some wait until their patience ends, however short each request is.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._line: deque[asyncio.Future[ConnectionPoolEntry]] = deque()

    def put_nowait(self, item: ConnectionPoolEntry) -> None:
        while self._line:
            first = self._line.popleft()
            if not first.done():
                first.set_result(item)
                return
        super().put_nowait(item)

    async def get(self) -> ConnectionPoolEntry:
        if not self.empty():
            return self.get_nowait()
        turn: asyncio.Future[ConnectionPoolEntry] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # It was handed over in the moment in which patience ended.
                self.put_nowait(turn.result())
            raise


class _Line(AsyncAdaptedQueue[ConnectionPoolEntry]):
    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        super().__init__(maxsize, use_lifo)
        self._queue = InLine(maxsize)


class FairPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool for asyncio, over such a stack."""

    _queue_class = _Line
