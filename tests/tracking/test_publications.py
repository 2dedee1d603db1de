"""A round on its way to the public: its sums, two analysts, and what is frozen for good."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from chassis import jobs
from chassis.caller import Caller, Grant
from chassis.worker import OvertakenError, Work
from cli.sample_round import NATIONALITIES, Sheets
from contracts.tracking import FiguresRestated, RoundPublished
from services.tracking.main import SERVICE
from services.tracking.publications import drafting as jobs_of_drafts
from services.tracking.publications import service as publishing
from tests.conftest import Running, Start, client_of
from tests.tracking.attack import Told, widths
from tests.tracking.test_frozen_tables import CHANGES, refuses_every_change
from tests.tracking.test_rounds import IMPORTS, ended, finished, put, sent, workbook

PUBLIC = "/v1/tracking/public/rounds"
DRAFTS = "/v1/tracking/rounds/7/publications"
WRONG = "/v1/tracking/rounds/7/disagreements"
EXPLAINED = f"{IMPORTS}?reason=A%20late%20sheet"
K = 10
ANALYST = Caller("first-analyst", "iom", (Grant("data_analyst"),), expires=1e12)
COUNTED_TOGETHER = (
    "Migrant IND",
    "Rented Accomodation (Self Paid) IND",
    "Migrants arrived between 1 to 6 months ago",
    "Migrants with residency permit",
    "Migrants Adult Men",
)


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


@pytest.fixture
def second(tracking: Running) -> httpx.AsyncClient:
    return client_of(tracking.app, sub="second-analyst")


def few_in_the_first_muhalla(book: Sheets) -> None:
    """Let four people there be of the last nationality, and as many more of the first."""
    rows = book["Nationalities"]
    for row, count in zip(range(1, 1 + len(NATIONALITIES)), (116, 60, 20, 4), strict=True):
        rows[row][-1] = count


def changed_by(book: Sheets, nationality_row: int, muhalla_row: int, more: int) -> None:
    """Count more or fewer in a muhalla of the first baladiya: self-paid men with a permit."""
    for sheet, row, columns in (
        ("Nationalities", nationality_row, ("Migrant Individuals",)),
        ("Baladiya Main ", 2, ("Migrants (IND)",)),
        ("Muhalla Main", muhalla_row, COUNTED_TOGETHER),
    ):
        header = next(cells for cells in book[sheet] if columns[0] in cells)
        for column in columns:
            value = book[sheet][row][header.index(column)]
            assert isinstance(value, int)
            book[sheet][row][header.index(column)] = value + more


def many_more(book: Sheets) -> None:
    changed_by(book, 1 + len(NATIONALITIES), 3, 100)


def fewer_of_one_nationality(book: Sheets) -> None:
    """Let four be left where there were twenty; nothing else changes, so the sums tell it."""
    changed_by(book, len(NATIONALITIES), 2, -16)


async def drafting(tracking: Running, **form: Any) -> dict[str, Any]:
    """Return the job of a draft, when it has ended."""
    response = await tracking.client.post(DRAFTS, json=form)
    assert response.status_code == 202, response.text
    return await ended(tracking, response.headers["location"])


async def drafted(tracking: Running, **form: Any) -> dict[str, Any]:
    job = await drafting(tracking, **form)
    assert (job["status"], job["accepted"]) == ("done", job["total"]), job
    draft = await tracking.client.get(f"/v1/tracking/publications/{job['id']}")
    answer: dict[str, Any] = draft.json()
    return answer


async def approved(second: httpx.AsyncClient, draft: dict[str, Any]) -> dict[str, Any]:
    response = await second.post(f"/v1/tracking/publications/{draft['id']}/approval")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def published(tracking: Running, second: httpx.AsyncClient, book: bytes) -> dict[str, Any]:
    await finished(tracking, IMPORTS, book)
    return await approved(second, await drafted(tracking))


async def told(tracking: Running, **query: Any) -> Told:
    """Return all that the public is told of the round, read as anybody reads it."""
    figures, hidden = {}, set()
    anybody = client_of(tracking.app)
    del anybody.headers["Authorization"]
    for level in range(5):
        for by in (None, "nationality", "shelter", "arrival", "permit", "demographic"):
            asked = {"level": level, "limit": 10_000} | ({"by": by} if by else {}) | query
            answer = (await anybody.get(f"{PUBLIC}/7/figures", params=asked)).json()
            for item in answer["items"]:
                cell = (item["pcode"], by or "total", item["category"] or "")
                assert item["suppressed"] is (item["value"] is None)
                if item["suppressed"]:
                    hidden.add(cell)
                else:
                    figures[cell] = item["value"]
    return Told(figures, frozenset(hidden))


async def test_a_round_is_public_when_a_second_analyst_has_approved_it(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    await finished(tracking, IMPORTS, workbook(few_in_the_first_muhalla))
    draft = await drafted(tracking)
    assert (await second.get(PUBLIC)).json()["items"] == []
    assert (await second.get(f"{PUBLIC}/7/figures?level=1")).status_code == 404

    path = f"/v1/tracking/publications/{draft['id']}"
    alone = await tracking.client.post(f"{path}/approval")
    assert (alone.status_code, alone.json()["type"]) == (403, "/problems/second-person-needed")
    answer = await approved(second, draft)
    again = await second.post(f"{path}/refusal")

    assert (answer["status"], answer["vintage"], answer["decided_by"]) == (
        "published",
        1,
        "second-analyst",
    )
    assert again.status_code == 409
    [listed] = (await tracking.client.get(PUBLIC)).json()["items"]
    assert (listed["round_number"], listed["individuals"], listed["k"]) == (7, 3600, K)
    assert not {"drafted_by", "decided_by"} & listed.keys()
    table = tracking.database.tables.outbox
    async with tracking.database.read() as session:
        names = (await session.exec(text(f"select type from {table.__tablename__}"))).all()  # type: ignore[call-overload]  # noqa: S608 - The name is our own.
    assert [name for (name,) in names].count(RoundPublished.type) == 1


async def test_what_is_hidden_is_shown_as_hidden_and_no_attack_finds_it(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    await published(tracking, second, workbook(few_in_the_first_muhalla))

    seen = await told(tracking)

    few = ("LY01030101", "nationality", "unknown")
    assert few in seen.hidden
    assert ("LY01030101", "permit", "unknown") in seen.hidden, "a zero of a sensitive dimension"
    assert seen.figures["LY", "total", ""] == 3600
    assert (
        min(widths([seen], targets=[(0, cell) for cell in sorted(seen.hidden)[::4]]).values()) > K
    )
    exact = await tracking.client.get(
        "/v1/tracking/rounds/7/figures?level=4&by=nationality&parent=LY01030101"
    )
    assert {item["category"]: item["value"] for item in exact.json()["items"]}["unknown"] == 4


async def test_why_a_cell_is_hidden_is_told_without_telling_what_it_holds(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    publication = await published(tracking, second, workbook(few_in_the_first_muhalla))
    path = f"/v1/tracking/publications/{publication['id']}/figures"
    reviewed = (await second.get(path, params={"level": 4, "by": "nationality"})).json()["items"]
    reasons = {
        reason: next(item for item in reviewed if item["why"] == reason)
        for reason in ("primary", "complementary")
    }

    answers = [
        (
            await second.get(
                f"{PUBLIC}/7/suppression",
                params={"pcode": item["pcode"], "by": "nationality", "category": item["category"]},
            )
        ).json()
        for item in reasons.values()
    ]

    assert answers[0] == answers[1], "the public is told the same of both"
    assert (answers[0]["suppressed"], answers[0]["k"], answers[0]["narrowest"]) == (True, K, K + 1)
    country = (await second.get(f"{PUBLIC}/7/suppression?pcode=LY")).json()
    assert (country["suppressed"], country["reasons"]) == (False, [])
    assert (await second.get(f"{PUBLIC}/7/suppression?pcode=LY99")).status_code == 404


async def test_public_figures_are_kept_by_caches_and_take_no_filter_of_ones_own(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    await published(tracking, second, workbook())
    path = f"{PUBLIC}/7/figures?level=1&vintage=1"

    first = await second.get(path)
    again = await second.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert "public" in first.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")
    assert (await second.get(f"{path}&nationality=SDN")).status_code == 400
    assert (await second.get(f"{PUBLIC}/7/figures?level=1&vintage=2")).status_code == 404


async def test_a_published_vintage_stays_whatever_is_imported_or_written(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    await published(tracking, second, workbook(few_in_the_first_muhalla))
    before = await told(tracking)

    silent = await sent(tracking, IMPORTS, workbook(many_more))
    await finished(tracking, EXPLAINED, workbook(many_more))
    await finished(tracking, EXPLAINED, workbook(few_in_the_first_muhalla))

    [fault] = silent.json()["errors"]
    assert (silent.status_code, fault["pointer"]) == (422, "query/reason")
    versions = (await tracking.client.get("/v1/tracking/rounds/7/versions")).json()["items"]
    assert [each["reason"] for each in versions] == [None, "A late sheet", "A late sheet"]
    assert await told(tracking) == before
    await refuses_every_change(tracking, CHANGES)
    assert await told(tracking) == before


async def test_a_restated_round_is_another_vintage_with_a_reason_and_both_stay(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    await published(tracking, second, workbook())
    first = await told(tracking)
    await finished(tracking, EXPLAINED, workbook(many_more))

    silent = await tracking.client.post(DRAFTS, json={})
    stale = await drafted(tracking, reason="Counted twice before")
    draft = await drafted(tracking, reason="Counted twice before")
    answer = await approved(second, draft)
    late = await second.post(f"/v1/tracking/publications/{stale['id']}/approval")

    assert silent.json()["type"] == "/problems/restatement-unexplained"
    assert (late.status_code, late.json()["type"]) == (409, "/problems/out-of-order")
    assert (answer["vintage"], answer["individuals"]) == (2, 3700)
    assert await told(tracking, vintage=1) == first
    assert (await told(tracking)).figures["LY", "total", ""] == 3700
    vintages = (await second.get(f"{PUBLIC}/7")).json()["items"]
    assert [each["reason"] for each in vintages] == [None, "Counted twice before"]
    table = tracking.database.tables.outbox
    async with tracking.database.read() as session:
        names = (await session.exec(text(f"select type from {table.__tablename__}"))).all()  # type: ignore[call-overload]  # noqa: S608 - The same.
    assert [name for (name,) in names].count(FiguresRestated.type) == 1


async def test_a_correction_that_shows_what_is_hidden_is_not_published(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    await published(tracking, second, workbook())
    await finished(tracking, EXPLAINED, workbook(fewer_of_one_nationality))

    job = await drafting(tracking, reason="Four were misread")

    assert (job["status"], job["accepted"]) == ("failed", 0)
    assert [each["code"] for each in job["rejected_rows"]] == ["publication-would-disclose"]
    assert any("/nationality/" in each["column"] for each in job["warnings"])
    assert {each["code"] for each in job["warnings"]} == {"would_come_out"}
    drafts = (await tracking.client.get(DRAFTS)).json()["items"]
    assert [each["status"] for each in drafts] == ["published"]


async def test_a_draft_is_made_once_whichever_workers_die_or_are_overtaken(
    tracking: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_hand() -> Work:
        async with tracking.database.read() as session:
            job = await session.get(tracking.database.tables.job, draft_id)
        assert job
        return Work(tracking.database, job)

    async def die(*_: object) -> None:
        raise ZeroDivisionError

    await finished(tracking, IMPORTS, workbook())
    draft_id = await put_aside(tracking)
    monkeypatch.setattr(jobs_of_drafts, "SECONDS_A_STEP", 0.02)
    killed = await in_hand()
    with monkeypatch.context() as dying:
        dying.setattr(publishing, "draft", die)
        with pytest.raises(ZeroDivisionError):
            await jobs_of_drafts.draft_publication(killed)
    left = await in_hand()
    assert left.job.accepted == left.job.position < left.job.total
    assert (await tracking.client.get(DRAFTS)).json()["items"] == []

    overtaken = await in_hand()
    await jobs_of_drafts.draft_publication(left)
    with pytest.raises(OvertakenError):
        await jobs_of_drafts.draft_publication(overtaken)
    done = await in_hand()
    await jobs_of_drafts.draft_publication(done)

    assert done.job.accepted == done.job.total
    [draft] = (await tracking.client.get(DRAFTS)).json()["items"]
    assert draft["id"] == str(draft_id)


async def put_aside(tracking: Running) -> UUID:
    """Accept a draft that no worker but the test takes in hand."""
    asked = jobs_of_drafts.asked(7, ANALYST)
    async with tracking.database.write() as session:
        job = jobs.submit(
            session, jobs_of_drafts.KIND, b"{}", total=500, caller=ANALYST, options=asked
        )
        job.status = "failed"
        return job.id


def two_wrong_sums(book: Sheets) -> None:
    put("Muhalla Main", 2, "Migrants Adult Men", 101)(book)
    put("Baladiya Main ", 2, "Migrants (IND)", 601)(book)


async def test_what_does_not_sum_is_listed_with_its_row_and_keeps_a_round_unpublished(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    wrong = workbook(two_wrong_sums)
    await finished(tracking, f"{IMPORTS}?disagreements=keep", wrong)
    found = (await second.get(WRONG)).json()
    told_of = ("pcode", "dimension", "parts", "whole")
    assert [tuple(item[each] for each in told_of) for item in found["items"]] == [
        ("LY010301", "total", 600, 601),
        ("LY01030101", "demographic", 201, 200),
    ]
    assert found["items"][1]["source"] == "Muhalla Main/row 3/demographic"
    blocked = await tracking.client.post(DRAFTS, json={})
    assert blocked.json()["type"] == "/problems/round-disagrees"

    for item in found["items"]:
        form = {key: item[key] for key in ("pcode", "dimension")} | {"reason": "As it was told"}
        answer = await second.post(f"{WRONG}/explanations", json=form)
        assert answer.status_code == 201, answer.text
    nowhere = {"pcode": "LY02", "dimension": "total", "reason": "There is none"}
    assert (await second.post(f"{WRONG}/explanations", json=nowhere)).status_code == 409

    explained = (await second.get(WRONG)).json()
    assert explained["unexplained"] == 0
    assert explained["items"][0]["explanation"]["explained_by"] == "second-analyst"
    assert (await drafted(tracking))["status"] == "draft"
