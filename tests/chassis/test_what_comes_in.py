"""Bodies, queries and tokens that no service lets in, tried on registration as a whole."""

import json
import time
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from pydantic import TypeAdapter, ValidationError

from chassis import clock
from chassis.bodies import check_json
from chassis.problems import Problem
from chassis.strict import Day, Moment, PastDay, readable, readable_lines
from chassis.tabular import FORMULA_STARTS, guarded, is_formula, unguarded
from services.registration.main import SERVICE
from tests.conftest import SIGNING_KEY, Running, Start, bearer, claims

PERSONS = "/v1/registration/persons"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def registration(start: Start) -> Running:
    return await start(SERVICE)


async def test_a_body_that_two_readers_could_read_differently_is_refused(
    registration: Running,
) -> None:
    for body, status, slug in [
        (b'{"a": ', 400, "malformed-body"),
        (b'{"a": 1, "a": 2}', 400, "malformed-body"),
        (b'{"a": NaN}', 400, "malformed-body"),
        (b'{"a": 1e400}', 400, "malformed-body"),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "malformed-body"),
        (b"[" * 10_000 + b"]" * 10_000, 400, "malformed-body"),
        (b"[" * 33 + b"]" * 33, 400, "malformed-body"),
        (b'{"a": "\xff"}', 400, "malformed-body"),
        ('{"a": "é"}'.encode("utf-16"), 400, "malformed-body"),
        (b'{"given_name": "a\\u0000b"}', 422, "validation"),
        (b'{"given_name": "\\ud800"}', 422, "validation"),
        (b'{"\\u0000": 1}', 422, "validation"),
        (b'"' + b"x" * 2_000_000 + b'"', 413, "body-too-large"),
        (b"[]", 422, "validation"),
        (b"", 422, "validation"),
    ]:
        response = await registration.client.post(PERSONS, content=body, headers=JSON)

        told = (response.status_code, response.json()["type"])
        assert told == (status, f"/problems/{slug}"), body[:40]
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_method_that_is_not_offered_is_answered_with_those_that_are(
    registration: Running,
) -> None:
    for method, path, offered in [
        ("PUT", PERSONS, "GET, POST"),
        ("DELETE", f"{PERSONS}/{UUID(int=7)}", "GET, PATCH"),
        ("POST", "/v1/registration/persons/x/consents/withdrawals/y", None),
        ("POST", "/health/live", "GET, HEAD"),
    ]:
        response = await registration.client.request(method, path)

        told = (response.status_code, response.headers.get("allow"))
        assert told == (405 if offered else 404, offered), path


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\u00adAl\u00adi\u200b\U000e0041\u2062", "Ali"),
        ("م\u064fح\u064eم\u0651\u064eد\u0670", "م\u064fح\u064eم\u064e\u0651د\u0670"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("A" + "\u0301" * 9, "Á" + "\u0301" * 8),
        ("A" + "\u0301" * 10, None),
        ("م" + "\u064e\u0651" * 5, None),
        ("Ali\uffff", None),
        ("Ali\U0001fffe", None),
        ("\ufdd0Ali", None),
        ("Ali\u2028Hassan", None),
        ("\u3164", None),
        ("\u3164\u0640", None),
        ("\u115f김", "\u115f김"),
    ],
)
def test_text_is_what_can_be_seen_and_kept(text: str, kept: str | None) -> None:
    if kept is not None:
        assert readable(text) == kept
        return
    with pytest.raises(ValueError, match=r"has|contains"):
        readable(text)


@pytest.mark.parametrize(
    ("now", "newest"), [("2026-11-19T09:59", "2026-11-19"), ("2026-11-19T10:00", "2026-11-20")]
)
def test_a_day_is_past_once_it_has_begun_anywhere(
    monkeypatch: pytest.MonkeyPatch, now: str, newest: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(f"{now}+00:00"))
    told = TypeAdapter(PastDay)

    assert told.validate_python(newest).isoformat() == newest
    with pytest.raises(ValidationError, match="is in the future"):
        told.validate_python(f"{newest[:-2]}{int(newest[-2:]) + 1}")


def test_lines_are_parted_by_whatever_parts_lines() -> None:
    assert (
        readable_lines("Seen today.\u2028Fled\r\nhome.\u2029\u2029") == "Seen today.\nFled\nhome."
    )


@pytest.mark.parametrize(
    ("body", "detail", "where"),
    [
        (b'{"a": 1,\n "b": }', "not one JSON text", ["line/2/column/7"]),
        (b"\xef\xbb\xbf{}", "not one JSON text", ["line/1/column/1"]),
        (b'{"a": "\xff"}', "not one JSON text", ["byte/8"]),
        (b'{"a": {"secret": 1, "secret": 2}}', "a key twice", []),
        (b'{"a": -Infinity}', "a number without a value", []),
    ],
)
def test_a_body_that_is_refused_is_told_where_and_why(
    body: bytes, detail: str, where: list[str]
) -> None:
    with pytest.raises(Problem) as refused:
        check_json(body)

    assert detail in refused.value.detail
    assert "secret" not in refused.value.detail
    assert [fault.pointer for fault in refused.value.errors] == where


async def test_a_body_too_large_is_refused_though_it_does_not_say_its_length(
    registration: Running,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 50_000

    response = await registration.client.post(PERSONS, content=pieces(), headers=JSON)

    assert response.status_code == 413


async def test_a_compressed_body_is_refused(registration: Running) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}

    response = await registration.client.post(PERSONS, content=b"x", headers=headers)

    assert response.status_code == 415


async def test_a_body_of_another_kind_is_refused_for_its_kind(registration: Running) -> None:
    headers = {"Content-Type": "text/plain"}

    response = await registration.client.post(PERSONS, content=b"{}", headers=headers)

    assert (response.status_code, response.json()["type"]) == (415, "/problems/unsupported-media")


@pytest.mark.parametrize("value", ["ʒ1a20b3e-ef60-7467-a414-6dd2e35e07bb", "ʒ"])
async def test_a_malformed_uuid_is_refused_without_a_character_of_it(
    registration: Running, value: str
) -> None:
    response = await registration.client.get(f"{PERSONS}/{value}")

    [fault] = response.json()["errors"]
    assert (response.status_code, fault["pointer"]) == (422, "path/person_id")
    assert "ʒ" not in response.text


@pytest.mark.parametrize(
    "path",
    [
        f"{PERSONS}?limit=0",
        f"{PERSONS}?limit=1000000000",
        f"{PERSONS}?external_id=a%00b",
        f"{PERSONS}/not-a-uuid",
    ],
)
async def test_a_value_out_of_bounds_in_the_address_is_refused(
    registration: Running, path: str
) -> None:
    response = await registration.client.get(path)

    assert response.status_code == 422
    assert "not-a-uuid" not in json.dumps(response.json()["errors"])


async def test_a_filter_that_is_there_twice_is_refused(registration: Running) -> None:
    response = await registration.client.get(f"{PERSONS}?limit=1&limit=2")

    assert response.status_code == 400


def forged() -> dict[str, str]:
    other = ECKey.generate_key("P-256", {"kid": "test"})
    secret = OctKey.import_key(json.dumps(SIGNING_KEY.as_dict(private=False)))
    head = {"alg": "ES256", "kid": "test"}
    none = jwt.encode(head, claims(), SIGNING_KEY).rsplit(".", 1)[0] + "."
    return {
        "another's key": jwt.encode(head, claims(), other),
        "an unknown key": jwt.encode({"alg": "ES256", "kid": "../../x"}, claims(), SIGNING_KEY),
        "no signature": none,
        "the public key as a secret": jwt.encode(
            {"alg": "HS256", "kid": "test"}, claims(), secret, algorithms=["HS256"]
        ),
        "expired": jwt.encode(head, claims(exp=int(time.time()) - 60), SIGNING_KEY),
        "not yet": jwt.encode(head, claims(nbf=int(time.time()) + 600), SIGNING_KEY),
        "another service's audience": jwt.encode(head, claims(aud=["returns"]), SIGNING_KEY),
        "another issuer": jwt.encode(head, claims(iss="elsewhere"), SIGNING_KEY),
        "no grants": jwt.encode(head, claims(grants=None), SIGNING_KEY),
        "no token at all": "",
        "not a token": "a.b.c",
        "too long": "a" * 100_000,
    }


@pytest.mark.parametrize("name", forged())
async def test_a_token_that_proves_nothing_is_refused_with_one_answer(
    registration: Running, name: str
) -> None:
    headers = {"Authorization": f"Bearer {forged()[name]}"}

    response = await registration.client.get(PERSONS, headers=headers)

    assert response.status_code == 401
    assert response.json()["detail"] == "Send a valid bearer token from POST /v1/token."


async def test_identity_headers_are_not_believed(registration: Running) -> None:
    del registration.client.headers["authorization"]

    response = await registration.client.get(PERSONS, headers={"X-User-Id": "admin"})

    assert response.status_code == 401


async def test_a_role_without_the_function_is_refused(registration: Running) -> None:
    response = await registration.client.get(PERSONS, headers=bearer(roles=["data_analyst"]))

    assert response.status_code == 403


async def test_another_organisations_person_is_not_there(registration: Running) -> None:
    response = await registration.client.get(
        f"{PERSONS}/01a20b3e-ef60-7467-a414-6dd2e35e07bb", headers=bearer(organisation="other")
    )

    assert response.status_code == 404


async def test_every_answer_carries_the_request_id(registration: Running) -> None:
    chosen = {"X-Request-Id": "boat-7"}

    response: Any = await registration.client.get(f"{PERSONS}/x", headers=chosen)

    assert response.headers["x-request-id"] == response.json()["instance"] == "boat-7"


@pytest.mark.parametrize(
    ("written", "read"),
    [("٢٠٢٦-٠١-٠٥", date(2026, 1, 5)), ("۲۰۲۶-۰۱-۰۵", date(2026, 1, 5))],
)
def test_a_day_in_arabic_indic_digits_is_read(written: str, read: date) -> None:
    assert TypeAdapter(Day).validate_python(written) == read


@pytest.mark.parametrize("written", ["2026-01-05t10:00z", "2026-01-05T12:00:00.000+02:00"])
def test_case_16_a_moment_is_in_utc_whatever_its_offset(written: str) -> None:
    moment = TypeAdapter(Moment).validate_python(written)

    assert moment.isoformat() == "2026-01-05T10:00:00+00:00"


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-05T10:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-03-29T02:30:00[Europe/Rome]",
        "2026-03-29T02:30:00 Africa/Tripoli",
        "2026-03-29T02:30:60Z",
        "2026-03-29T02:30:00+24:00",
        "1767571200",
        1_767_571_200,
        datetime(2026, 1, 5),  # noqa: DTZ001 - A naive time is what is tried.
    ],
)
def test_case_16_what_is_no_one_point_in_time_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(written)


@given(st.text(alphabet=st.sampled_from(["'", "a", *FORMULA_STARTS]), max_size=6))
def test_case_18_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    assert not is_formula(guarded(cell))
    assert unguarded(guarded(cell)) == cell
