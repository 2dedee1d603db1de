"""Scans of papers: what is taken in, who sees it, and that it is gone with the person."""

from sqlmodel import select

from services.registration.scans.models import DocumentScan
from services.registration.scans.rules import MOST_BYTES, MOST_SCANS
from tests.registration.office import PERSONS, Office, Worker

CASE = {"X-Purpose": "case_management"}
PASSPORT = {"document_type": "passport"}
PICTURE = b"\x89PNG\r\n\x1a\n" + b"Nawal, P7654321"


def scans(person: str) -> str:
    return f"{PERSONS}/{person}/document-scans"


async def add(by: Worker, person: str, content: bytes = PICTURE, **query: str) -> tuple[int, str]:
    files = {"file": ("scan.txt", content, "text/html")}
    response = await by.send("POST", scans(person), files=files, params=PASSPORT | query)
    body = response.json()
    return response.status_code, body.get("type", body.get("id"))


async def test_a_scan_is_given_as_it_came_to_who_may_see_the_papers_number(office: Office) -> None:
    person = await office.register(office.officer)

    status, scan = await add(office.enumerator, person)

    assert status == 201
    listed = (await office.officer.get(scans(person), headers=CASE)).json()["items"]
    assert [(each["id"], each["document_type"], each["media_type"]) for each in listed] == [
        (scan, "passport", "image/png")
    ]
    got = await office.officer.get(listed[0]["file"], headers=CASE)
    assert (got.content, got.headers["content-type"]) == (PICTURE, "image/png")
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith("attachment")
    # Nobody who sees the number masked, or says no purpose, or brought it, sees the paper.
    unsaid = (await office.officer.get(scans(person))).json()["items"]
    assert unsaid[0]["file"] == {"masked": True}
    assert (await office.officer.get(listed[0]["file"])).status_code == 403
    assert (await office.enumerator.get(listed[0]["file"])).status_code == 403
    assert (await office.stranger.get(listed[0]["file"], headers=CASE)).status_code == 404
    assert (await office.stranger.send("DELETE", f"{scans(person)}/{scan}")).status_code == 404


async def test_who_sees_three_letters_of_a_number_does_not_see_the_paper(office: Office) -> None:
    person = await office.register(office.case_worker)
    _, scan = await add(office.case_worker, person)

    listed = await office.case_worker.get(scans(person), headers=CASE)
    refused = await office.case_worker.get(f"{scans(person)}/{scan}/file", headers=CASE)

    assert listed.json()["items"][0]["file"] == {"masked": True}
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/masked-field")


async def test_what_is_no_scan_of_a_paper_on_record_is_not_kept(office: Office) -> None:
    person = await office.register(office.officer)

    cases: list[tuple[bytes, dict[str, str], tuple[int, str]]] = [
        (b"<script>alert(1)</script>", {}, (415, "/problems/unsupported-media")),
        (PICTURE + bytes(MOST_BYTES), {}, (413, "/problems/body-too-large")),
        (PICTURE, {"document_type": "visa"}, (422, "/problems/no-such-document")),
    ]
    for content, query, refused in cases:
        assert await add(office.officer, person, content, **query) == refused
        assert (await office.officer.get(scans(person))).json()["items"] == []


async def test_a_scan_is_sealed_taken_away_and_one_of_few(office: Office) -> None:
    person = await office.register(office.officer)
    added = [await add(office.officer, person) for _ in range(MOST_SCANS)]
    full = await add(office.officer, person)

    gone = await office.officer.send("DELETE", f"{scans(person)}/{added[0][1]}")

    assert full == (409, "/problems/too-many-scans")
    assert gone.status_code == 204
    again = await office.officer.get(f"{scans(person)}/{added[0][1]}/file", headers=CASE)
    assert again.status_code == 404
    async with office.running.database.read() as session:
        kept = (await session.exec(select(DocumentScan))).all()
    assert len(kept) == MOST_SCANS - 1
    assert not any(b"P7654321" in each.content for each in kept)
