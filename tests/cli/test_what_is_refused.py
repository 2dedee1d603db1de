"""What a command says when the system has refused what it asked."""

import httpx

from cli.api import RefusedError

REQUEST = httpx.Request("POST", "http://127.0.0.1/v1/registration/imports")


def test_a_refusal_says_each_thing_that_was_wrong_and_where() -> None:
    problem = {
        "type": "/problems/table-header",
        "detail": "The columns are not those expected.",
        "errors": [{"pointer": f"line/{n}", "code": "x", "detail": "is odd"} for n in range(1, 41)],
    }

    refused = RefusedError(httpx.Response(422, json=problem, request=REQUEST))

    first, second, *others = str(refused).splitlines()
    assert first == "POST /v1/registration/imports: 422 The columns are not those expected."
    assert (second, len(others)) == ("  line/1: is odd", 19)
    assert refused.slug == "table-header"


def test_what_is_no_problem_is_told_as_it_came() -> None:
    refused = RefusedError(httpx.Response(502, text="Bad gateway", request=REQUEST))

    assert str(refused) == "POST /v1/registration/imports: 502 Bad gateway"
