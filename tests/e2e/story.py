"""The story of the main job, as the tests tell it, and what must be true when it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from queue import SimpleQueue
from typing import Any

from cli.api import Api
from cli.story import Input, Summary, Tell, tell_story
from tests.real import FOLDER


def told(api: Api, tell: Tell = lambda *_: None, **given: Any) -> Summary:
    try:
        return tell_story(api, Input(**{"run": "test", "gazetteers": [], **given}), tell)
    finally:
        api.close()


async def told_while(
    api: Api, deaths: Mapping[str, Callable[[], Awaitable[None]]], **given: Any
) -> Summary:
    """Tell the story, and let each death happen as the story comes to that part of it."""
    reached: SimpleQueue[str] = SimpleQueue()
    telling = asyncio.create_task(
        asyncio.to_thread(told, api, lambda part, *_: reached.put(part), **given)
    )
    telling.add_done_callback(lambda _: reached.put(""))
    left = dict(deaths)
    while part := await asyncio.to_thread(reached.get):
        if part in left:
            await left.pop(part)()
    summary = await telling
    assert left == {}
    return summary


def check(summary: Summary) -> None:
    assert set(summary.level_sums) == {summary.individuals}
    assert summary.rejected == 0
    # Everybody is entitled, those whom earlier stories have left in the register too.
    assert summary.entitled == summary.people >= summary.registered > 0
    assert summary.delivered == summary.refused_twice == 20
    view = summary.view
    assert view is not None
    assert view["missing"] == []
    assert view["registration"]["status"] == view["assistance"]["status"] == "departed"
    assert {each["status"] for each in view["assistance"]["entitlements"]} == {"closed"}
    assert [case["status"] for case in view["returns"]["cases"]] == ["departed"]


def real_input() -> dict[str, Any]:
    """Return the real gazetteers and round where they are; made-up ones otherwise."""
    workbook = FOLDER / "dtm" / "DTM_Libya_R54_Migrant_Dataset_PUBLIC.xlsx"
    if not workbook.exists():
        return {}
    names = ("lby_admin1", "lby_admin2", "lby_admin3_baladiya", "lby_admin4_muhalla")
    files = [FOLDER / "boundaries" / f"{name}.csv" for name in names]
    return {
        "gazetteers": [(path.name, path.read_bytes()) for path in files],
        "workbook": workbook.read_bytes(),
    }
