"""What is raised where no handler of the application sees it is still answered as a problem."""

from typing import Annotated, Any

import httpx
import pytest
from pydantic import StringConstraints, TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.types import Receive, Scope, Send

from chassis.problems import Unexpected
from chassis.strict import Code, Pcode
from chassis.wording import in_words
from contracts.sharing import RECIPIENT
from services.registration.persons.parts import Language, Nationality


class DriverError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__()
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(DBAPIError("", {}, DriverError("57P03")), 503, id="the database starts"),
        pytest.param(DBAPIError("", {}, DriverError("08003")), 503, id="its connection was cut"),
        pytest.param(OperationalError("", {}, Exception()), 503, id="it is locked"),
        pytest.param(PoolTimeout(), 503, id="every connection is taken"),
        pytest.param(ConnectionRefusedError(), 503, id="nothing listens"),
        pytest.param(DBAPIError("", {}, DriverError("22021")), 422, id="no column can hold it"),
        pytest.param(RuntimeError("a value of a record"), 500, id="nobody foresaw it"),
    ],
)
async def test_what_a_middleware_raises_is_answered_as_a_problem(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async def middleware(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    transport = httpx.ASGITransport(app=Unexpected(middleware))
    async with httpx.AsyncClient(transport=transport, base_url="http://masar.test") as client:
        answer = await client.get("/v1/anything")

    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "a value of a record" not in answer.text + capsys.readouterr().out


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (Pcode, "is not written as a p-code: LY0211, say"),
        (Nationality, "is not written as a code of ISO 3166-1 alpha-3: SDN, say"),
        (Language, "is not written as a language's code: ar, say"),
        (Code, "is not written in at most 64 letters"),
        (dict[str, str], "is not a JSON object"),
        (Annotated[str, StringConstraints(pattern=RECIPIENT)], "is none of mission, unhcr, icrc,"),
    ],
)
def test_how_a_value_is_written_is_told_in_words_and_not_as_a_pattern(
    shape: Any, says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(shape).validate_python("الجديدة")

    [fault] = refused.value.errors()
    assert in_words(fault).startswith(says)
