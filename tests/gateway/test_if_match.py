"""What each operation that changes what was read answers to an If-Match that names no version."""

import re
from uuid import UUID

import httpx

from tests.gateway.test_the_whole import described, operations

NO_VERSION = ["", '"', '""', "1", '"1', "'1'", '"-1"', '"x"', '"0123456789"', '"1"' * 50]
"""What is no ETag, or none that was given here."""
NOT_ONE = ['W/"1"', '"1", "2"', '"1", "1"', '*, "1"']
"""Right by RFC 9110; but weak ones match nothing, and of several nobody says which was read."""
WHICHEVER = [{}, {"If-Match": "*"}, {"If-Match": " * "}]


async def test_every_operation_answers_alike_to_what_names_no_version(
    client: httpx.AsyncClient,
) -> None:
    taking = [
        name
        for name, operation in operations(await described(client))
        if any(each["name"].lower() == "if-match" for each in operation.get("parameters", []))
    ]

    async def asked(name: str, headers: dict[str, str]) -> tuple[int, str]:
        method, path = name.split(" ")
        url = re.sub(r"\{\w+\}", str(UUID(int=0)), path)
        answer = await client.request(method, url, json={}, headers=headers)
        return answer.status_code, answer.json()["type"]

    answers = {
        name: {await asked(name, {"If-Match": told}) for told in (*NO_VERSION, *NOT_ONE)}
        for name in taking
    }
    unnamed = {name: {await asked(name, headers) for headers in WHICHEVER} for name in taking}

    assert len(taking) > 10
    assert answers == {name: {(412, "/problems/version-mismatch")} for name in taking}
    needed = {(428, "/problems/precondition-required")}
    steps = {name for name in taking if name.startswith("POST /v1/returns/cases/{case_id}/")}
    assert {name for name, told in unnamed.items() if told != needed} == steps
    assert all(len(unnamed[name]) == 1 for name in steps)
