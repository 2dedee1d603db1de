"""Tables as CSV as offices send them: in which letters, what stands before the header."""

import codecs

import pytest
from starlette.requests import Request
from starlette.types import Message

from chassis.problems import Problem
from chassis.tabular import lines_of, read_table
from chassis.uploads import Upload, decode, read_files

REGISTER = "external_id;given_name\r\nA1;أمينة\r\n"


@pytest.mark.parametrize(
    "content",
    [
        REGISTER.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + REGISTER.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + REGISTER.encode("utf-16-be"),
        REGISTER.encode("utf-16-le"),
        REGISTER.encode("utf-16-be"),
        REGISTER.encode("utf-32"),
        codecs.BOM_UTF32_BE + REGISTER.encode("utf-32-be"),
    ],
    ids=["utf-8", "LE", "BE", "LE without a mark", "BE without a mark", "32 LE", "32 BE"],
)
def test_unicode_is_read_however_many_bytes_a_letter_has(content: bytes) -> None:
    assert decode(Upload("r.csv", content)) == REGISTER
    assert decode(Upload("r.csv", content, "utf-16")) == REGISTER


@pytest.mark.parametrize(
    ("content", "slug", "where"),
    [
        (b"a,b\n1,2\n3,\x00\n" + b"4,5\n" * 50, "wrong-encoding", "line/3"),
        (b"\x00" * 9, "wrong-encoding", "line/1"),
        (REGISTER.encode("cp1256"), "wrong-encoding", "line/2"),
        (REGISTER.encode("utf-16-le")[:-1], "wrong-encoding", "line/1"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "workbook-unreadable", None),
    ],
    ids=["one NUL", "zeros", "windows-1256", "cut", "XLS"],
)
def test_what_is_no_text_is_refused_with_the_line_from_which_it_is_none(
    content: bytes, slug: str, where: str | None
) -> None:
    with pytest.raises(Problem) as refused:
        decode(Upload("r.csv", content))

    assert refused.value.slug == slug
    assert [fault.pointer for fault in refused.value.errors] == ([where] if where else [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a;b\n1;2\n", 2),
        ("sep=;\na;b\n1;2\n", 3),
        ("SEP=;\r\na;b\r\n1;2\r\n", 3),
        ("sep=,\na,b\n1,2\n", 3),
        ("sep=\t\na\tb\n1\t2\n", 3),
        ("a|b\n1|2\n", 2),
        ("\n\n;\na;b\n1;2\n", 5),
        (",,\n\na,b\n\n1,2\n,\n", 5),
    ],
)
def test_what_stands_before_the_header_is_passed_over_and_lines_keep_their_numbers(
    text: str, line: int
) -> None:
    [row] = read_table(text, ["a"], ["b"])

    assert (row.line, row.cells) == (line, {"a": "1", "b": "2"})


def test_utf_8_that_is_named_as_a_charset_of_one_byte_a_letter_is_not_read_as_other_letters() -> (
    None
):
    with pytest.raises(Problem) as refused:
        decode(Upload("r.csv", REGISTER.encode(), "windows-1256"))

    assert (refused.value.slug, "is UTF-8" in (refused.value.detail or "")) == (
        "wrong-encoding",
        True,
    )
    assert decode(Upload("r.csv", REGISTER.encode("cp1256"), "windows-1256")) == REGISTER
    assert decode(Upload("r.csv", b"a,b", "windows-1256")) == "a,b"


def test_a_header_is_found_below_titles_and_one_that_is_not_there_is_missed_in_the_first_line() -> (
    None
):
    [row] = read_table("Register of Nalut\nPerson,,Birth\na,b,c\n1,2,3\n", ["a", "b"], ["c"])

    assert (row.line, row.cells) == (4, {"a": "1", "b": "2", "c": "3"})
    with pytest.raises(Problem) as refused:
        read_table("Register of Nalut\na,c\n1,3\n", ["a", "b"], ["c"])
    assert {fault.pointer for fault in refused.value.errors} == {"line/1"}


def test_a_header_is_read_without_what_only_tells_programs_how_to_show_it() -> None:
    text = "\ufeff\ufeffa,\u200f b\u00a0\u200e,\u061cc\n1,2,3\n"

    assert read_table(text, ["a", "b"], ["c"])[0].cells == {"a": "1", "b": "2", "c": "3"}


def test_columns_that_are_only_formatted_are_none_and_known_ones_are_known_in_capitals() -> None:
    rows = read_table("A,b ,,\n1,2,,\n3,4\n5,6,,,\n", ["a"], ["b"])

    assert [row.cells for row in rows] == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": "4"},
        {"a": "5", "b": "6"},
    ]
    with pytest.raises(Problem) as refused:
        read_table("a,b,\n1,2,\n3,4,5\n", ["a"], ["b"])
    assert [fault.pointer for fault in refused.value.errors] == ["line/3"]


async def test_half_of_a_file_is_the_failure_of_who_sent_it() -> None:
    begun = b'--b\r\nContent-Disposition: form-data; name="file"; filename="r.csv"\r\n\r\na,b'
    told: list[Message] = [
        {"type": "http.request", "body": begun, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return told.pop(0)

    kind = (b"content-type", b"multipart/form-data; boundary=b")
    scope = {"type": "http", "method": "POST", "headers": [kind]}
    with pytest.raises(Problem) as refused:
        await read_files(Request(scope, receive))

    assert (refused.value.status, refused.value.slug) == (400, "malformed-body")


def test_a_file_of_empty_lines_is_an_empty_file() -> None:
    assert lines_of("\n\n;;\n") == []


def test_a_header_that_does_not_fit_is_refused_by_the_numbers_of_its_columns() -> None:
    with pytest.raises(Problem) as refused:
        read_table("\na,secret,b,b,,more\n", ["a", "c"], ["b"])

    missing, unknown, twice = refused.value.errors
    assert {fault.pointer for fault in refused.value.errors} == {"line/2"}
    assert missing.detail == "The column c is missing."
    assert "2, 5, 6. Known: a, c, b." in unknown.detail
    assert "secret" not in unknown.detail
    assert twice.detail == "Column 4 has the name of one before it."
