"""Work in several threads at once."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MOST_THREADS = 4
"""More would wait for the interpreter, which only one can hold, more than they add."""

Part = TypeVar("Part")
Done = TypeVar("Done")


def abreast(do: Callable[[Part], Done], parts: Iterable[Part]) -> Generator[Done, None, None]:
    """
    Do what `map` does, with a thread for each processor.

    No more is begun than there are threads before somebody asks for what is done: whoever waits
    with that lets others have the processors.
    """
    threads = min(len(os.sched_getaffinity(0)), MOST_THREADS)
    pool = ThreadPoolExecutor(threads)
    begun: deque[Future[Done]] = deque()
    try:
        for part in parts:
            begun.append(pool.submit(do, part))
            if len(begun) > threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        # Whoever wants no more of it waits for nothing that is under way.
        pool.shutdown(wait=False, cancel_futures=True)
