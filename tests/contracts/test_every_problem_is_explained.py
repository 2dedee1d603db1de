"""Each type of problem that the code can answer with has its row, and each row its problem."""

import ast
from collections.abc import Iterator

import httpx
import pytest

from chassis.problems import SLUGS, TITLES
from gateway.pages import catalogue
from tests.fleet import ROOT


def raised() -> Iterator[tuple[str, int]]:
    """Read from the sources which types are made, and with which status."""
    for folder in ("chassis", "gateway", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    match node.args:
                        case [ast.Constant(value=int(status)), ast.Constant(value=str(slug)), *_]:
                            if status in TITLES:
                                yield slug, status


def test_every_type_has_its_row_with_its_status() -> None:
    known = {slug: int(row["status"]) for slug, row in catalogue().items()}
    made = dict(raised())

    assert len(made) > 30
    assert {slug: known.get(slug) for slug in made} == made
    assert known.keys() == made.keys() | set(SLUGS.values())


def test_rows_are_sentences() -> None:
    for row in catalogue().values():
        assert str(row["means"]).endswith(".")
        assert str(row["do"]).endswith(".")


@pytest.mark.parametrize("slug", ["already-delivered", "validation"])
async def test_a_type_is_the_address_of_its_page(client: httpx.AsyncClient, slug: str) -> None:
    page = (await client.get(f"/problems/{slug}", headers={"Authorization": ""})).json()

    assert page["type"] == f"/problems/{slug}"
    assert set(page) == {"type", "title", "status", "means", "do"}
