"""How a process that serves lets go of what stands in circles."""

import subprocess
import sys

CIRCLES = """
import gc, weakref
from chassis import collector

class Thing: pass

def circle():
    one = Thing()
    one.itself = one
    return weakref.ref(one)

gc.disable()
loaded = circle()
collector.begin()
later = [circle() for _ in range(1_000)]
print(sum(each() is None for each in later))
held = [[] for _ in range(collector.MANY)]
print(sum(each() is None for each in later), loaded() is not None)
"""


def test_new_circles_are_let_go_after_many_and_what_was_loaded_before_stays() -> None:
    run = subprocess.run(
        [sys.executable, "-c", CIRCLES], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["0", "1000", "True"]
