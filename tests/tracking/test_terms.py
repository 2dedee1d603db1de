"""What figures say they stand under is the mission's word, not the program's."""

from collections.abc import Iterator

import pytest

from services.tracking.flowtables.models import FlowCellsOut
from services.tracking.formats.columns import About
from services.tracking.formats.terms import terms


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    terms.cache_clear()
    yield
    terms.cache_clear()


def test_a_mission_says_its_licence_and_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASAR_PUBLICATION_LICENCE", "CC BY-IGO 3.0")
    monkeypatch.setenv("MASAR_PUBLICATION_ATTRIBUTION", "DTM, another mission")

    about = About()
    table = FlowCellsOut(
        month="2026-01", vintage=1, k=10, observed_hours=1, hours=2, items=[], next_cursor=None
    )

    for told in (about, table):
        assert (told.licence, told.attribution) == ("CC BY-IGO 3.0", "DTM, another mission")


def test_an_empty_word_of_the_environment_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASAR_PUBLICATION_LICENCE", "")

    assert About().licence == "CC BY 4.0"
