"""Workbooks that are laid out by a reader: none whose empty cells alone would fill the memory."""

import io
import zipfile

import pytest

from chassis import sheets
from chassis.problems import Problem
from chassis.workbooks import Workbook

SHEET = "xl/worksheets/sheet1.xml"


def book(cells: str, **more: bytes) -> bytes:
    """Return a workbook whose first row says `a`, with more cells below it as they are written."""
    writer = Workbook("People")
    content = io.BytesIO(writer.rows([]) + writer.end())
    made = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == SHEET:
                first = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
                text = text.replace(b"<sheetData>", f"<sheetData>{first}{cells}".encode())
            new.writestr(name, text)
        for name, part in more.items():
            new.writestr(name, part)
    return made.getvalue()


SAID = 't="inlineStr"><is><t>b</t></is></c>'


@pytest.mark.parametrize(
    "cells",
    [
        f'<row r="1048576"><c r="XFD1048576" {SAID}</row>',
        f'<row r="2"><c r="xfd2" {SAID}<c r="A1048576" {SAID}</row>',
        f'<row r="2"><c s=">" r="XFD2" {SAID}<c r="B9999" s="/>" {SAID}</row>',
        f'<row r="1048576">{f"<c {SAID}" * 5}</row>',
        f'<row><c r="A2" {SAID}{f"<c {SAID}" * 2500}</row>' + f"<row><c {SAID}</row>" * 2000,
    ],
    ids=["corners", "lower case", "in disguise", "a far row", "without places"],
)
def test_a_sheet_whose_cells_lie_too_far_apart_is_refused_before_it_is_laid_out(cells: str) -> None:
    # The reader would ask for half a terabyte, and end the process when it does not get it.
    with pytest.raises(Problem) as refused:
        sheets.lines(book(cells))

    assert (refused.value.status, refused.value.slug) == (413, "body-too-large")
    assert "too far apart" in str(refused.value.detail)


@pytest.mark.parametrize(
    "row",
    [
        f'<row r="2"><c r="B899999999999" {SAID}</row>',
        f"<row r='2'><c r='B4294967297' {SAID}</row>",
        f'<row r="2"><c r="B0" {SAID}</row>',
        f'<row r="2"><c r="AAAA2" {SAID}</row>',
        f'<row r="2"><c r="&#66;2" {SAID}</row>',
        f'<row r="2"><c s="<" r="B899999999999" {SAID}</row>',
        f'<row r="4294967297"><c {SAID}</row>',
    ],
    ids=["far", "around", "no row", "no column", "in entities", "in disguise", "a row around"],
)
def test_a_sheet_with_a_cell_where_there_is_none_is_refused_before_it_is_laid_out(row: str) -> None:
    # The reader reckons with such numbers until they are others, and asks for as much room.
    with pytest.raises(Problem) as refused:
        sheets.lines(book(row))

    assert (refused.value.status, refused.value.slug) == (422, "workbook-unreadable")


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_was_changed_on_the_way_is_refused_or_says_the_same(kind: int) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", kind) as archive:
        archive.writestr("people.csv", b"a,b\n1,2\n" * 200)
    whole = made.getvalue()
    start, told = len("people.csv") + 30, sheets.sheets(whole)
    refused = 0

    for at in range(start, start + 40):
        broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            assert sheets.sheets(broken) == told
        except Problem:
            refused += 1

    assert refused > 20


def test_rows_that_are_only_formatted_make_a_sheet_no_larger() -> None:
    formatted = '<row r="1048576"><c r="A1048576" s="1"/><c r="XFD1048576" s="1" /></row>'

    assert sheets.lines(book(f'<row r="2"><c r="B2" {SAID}</row>{formatted}')) == [
        (1, ["a", ""]),
        (2, ["", "b"]),
    ]


@pytest.mark.parametrize("part", ["xl/workbook.bin", "content.xml"])
def test_a_file_that_is_a_workbook_of_two_kinds_is_refused(part: str) -> None:
    with pytest.raises(Problem) as refused:
        sheets.lines(book("", **{part: b"<x/>"}))

    assert refused.value.slug == "workbook-unreadable"


def packed(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def test_an_archive_of_tables_is_read_as_a_workbook_the_shortest_name_first() -> None:
    content = packed(("F-b.csv", b"b\n2\n"), ("F.csv", b"a;c\n1;3\n"), ("x/photo.jpg", b"\xff"))

    assert list(sheets.sheets(content)) == ["F", "F-b"]
    assert sheets.lines(content) == [(1, ["a", "c"]), (2, ["1", "3"])]
    # An empty sheet before the table is none.
    assert sheets.lines(packed(("A.csv", b"\n"), ("A-b.csv", b"b\n"))) == [(1, ["b"])]
    assert sheets.lines(packed(("A.csv", b""))) == []


@pytest.mark.parametrize(
    ("files", "slug"),
    [
        ([("F.csv", b"a" * 20_000_000)], "body-too-large"),
        ([("../F.csv", b"a")], "workbook-unreadable"),
        ([(f"{n}.csv", b"a") for n in range(201)], "body-too-large"),
        ([("F.csv", b"\xff\n")], "wrong-encoding"),
        ([("notes.txt", b"a")], "workbook-unreadable"),
    ],
    ids=["bomb", "a way out", "many", "no text", "no table"],
)
def test_an_archive_that_is_a_weapon_or_no_table_is_refused(
    files: list[tuple[str, bytes]], slug: str
) -> None:
    with pytest.raises(Problem) as refused:
        sheets.sheets(packed(*files))

    assert refused.value.slug == slug


def test_a_formula_is_looked_for_in_its_own_cell_only() -> None:
    cut = f'<row r="2"><c r="A2"><f>1+1</f><c r="B2" {SAID}</row>'

    with pytest.raises(Problem) as refused:
        sheets.lines(book(cut))

    assert [fault.pointer for fault in refused.value.errors] == ["cell/A2"]


def test_a_formula_that_went_wrong_is_refused_and_no_value_is_none() -> None:
    wrong = '<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B2" t="e"><v>#REF!</v></c>'
    none = f'<c r="C2" t="e"><f>NA()</f><v>#N/A</v></c><c r="D2" {SAID}'

    with pytest.raises(Problem) as refused:
        sheets.lines(book(f'<row r="2">{wrong}{none}</row>'))

    assert [fault.pointer for fault in refused.value.errors] == ["cell/A2", "cell/B2"]
    assert sheets.lines(book(f'<row r="2">{none}</row>'))[-1] == (2, ["", "b"])
