"""Many rows in one statement: what all of them say travels once."""

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, MetaData, SQLModel

from chassis import many


class Remark(SQLModel, table=True):
    metadata = MetaData()

    number: int = Field(primary_key=True)
    code: str
    note: str | None = None
    said: dict[str, Any] | None = Field(default=None, sa_type=JSON)


def row(number: int, **values: Any) -> dict[str, Any]:
    return {"number": number, "code": "odd", "note": None, "said": None} | values


def test_what_all_rows_say_travels_once_and_what_none_says_not_at_all() -> None:
    statement, sent = many.statement(Remark, [row(1), row(2)], unless_there=True, returning="code")

    assert sent == {"number": [1, 2], "code": "odd", "said": "null"}
    assert str(statement) == (
        "insert into remark (number, code, said) "
        "select number, cast(:code as VARCHAR), cast(:said as JSON) "
        "from unnest(cast(:number as INTEGER[])) as told (number) "
        "on conflict do nothing returning code"
    )


def test_rows_that_differ_in_one_of_them_or_in_nothing_are_all_there() -> None:
    _, middle = many.statement(Remark, [row(1), row(2, code="even", note="x"), row(3)])
    # True and 1 are equal here, and two things in JSON.
    _, alike = many.statement(Remark, [row(1, said={"a": 1}), row(1, said={"a": True})])
    _, same = many.statement(Remark, [row(1), row(1)])

    assert middle["code"] == ["odd", "even", "odd"]
    assert middle["note"] == [None, "x", None]
    assert alike["said"] == ['{"a":1}', '{"a":true}']
    assert same["number"] == [1, 1]
