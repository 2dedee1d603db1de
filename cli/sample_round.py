"""Writes a small round in the layout of DTM Libya; every number in it is made up."""

from collections.abc import Callable
from typing import BinaryIO

import xlsxwriter

Cell = str | int | None
Sheets = dict[str, list[list[Cell]]]

NUMBER = 1
REGIONS = {"LY01": ("East", "الشرق"), "LY02": ("West", "الغرب"), "LY03": ("South", "الجنوب")}
MANTIKAS = {
    "LY0103": ("Benghazi", "بنغازي"),
    "LY0211": ("Tripoli", "طرابلس"),
    "LY0319": ("Sebha", "سبها"),
}
NATIONALITIES = [
    ("Africa", "Sub-Sahara", "Niger", 5),
    ("Africa", "North Africa", "Sudan", 3),
    ("Africa", "Sub-Sahara", "BurkinaFaso", 1),
    ("Other", "Other", "Unkown", 1),
]
BALADIYA_HEADER = [
    "ADM 1 Geodivision (EN)",
    "ADM 1 Geodivision (AR)",
    "ADM 2 Mantika-Region (EN)",
    "ADM 2 Mantika-Region (AR)",
    "ADM 3 Baladiya-Area (EN)",
    "ADM 3 Baladiya-Area (AR)",
    "Baladiya PCode",
    "Lat",
    "Long",
    "AssessmentRound",
    "Migrants (IND)",
]
MUHALLA_HEADER = [
    "ADM1_Region_EN",
    "ADM2_Mantika_EN",
    "ADM3_Baladiya_EN",
    "ADM4_Muhalla_EN",
    "ADM4_Muhalla_AR",
    "Muhalla_pcode",
    "Muhalla Type",
    "Latitude",
    "Longitude",
    "AssessmentRound",
    "Migrants in Muhalla",
    "Migrant IND",
    "Rented Accomodation (Self Paid) IND",
    "Rented Accomodation (Paind by others) IND",
    "Rented Accomodation (Paind by employer) IND",
    "Squatting on other people's properties IND",
    "Abondoned buildings IND",
    "Sheltered in their workplace IND",
    "schools or other public buildings (IND)",
    "In informal camp setting (IND)",
    "No accomodation IND",
    "Other Shelter",
    "Migrants arrived last month",
    "Migrants arrived between 1 to 6 months ago",
    "Migrants arrived between 6 to 12 months ago",
    "Migrants arrived Over 12 months ago",
    "Migrants arrival time unknown",
    "Migrants with residency permit",
    "Migrants with work permit",
    "Migrants with no permit",
    "Migrants permit status unknown",
    "Migrants Adult Men",
    "Migrants Adult Women",
    "Migrants Childern",
    "Priority Need 1",
    "Priority Need 1 - Problem",
]
NEEDS = {200: ("Water, Sanitation and Hygiene", "No water network"), 400: ("Food", "Too expensive")}
"""What is needed first in the smaller muhallas and in the larger ones, and why."""
NATIONALITY_HEADER = [
    *BALADIYA_HEADER[:6],
    "ADM 4 Muhalla (EN)",
    "ADM 4 Muhalla (AR)",
    "Muhalla P Code",
    "Region1",
    "Region 2",
    "Migrant Nationality",
    "Migrant Individuals",
]


def sheets(number: int = NUMBER) -> Sheets:
    """Return the rows of a round of three mantikas, two baladiyas and four muhallas each."""
    book: Sheets = {
        "Summary": [["DTM Round", "sample"], [], ["Period", "A made-up month"]],
        "Baladiya Main ": [["General Info"], list(BALADIYA_HEADER)],
        "Muhalla Main": [["General Info"], list(MUHALLA_HEADER)],
        "Nationalities": [list(NATIONALITY_HEADER)],
    }
    for mantika, (english, arabic) in MANTIKAS.items():
        region_en, region_ar = REGIONS[mantika[:4]]
        for baladiya in (f"{mantika}01", f"{mantika}02"):
            above: list[Cell] = [region_en, region_ar, english, arabic]
            above += [f"{english} {baladiya[-2:]}", f"{arabic} {baladiya[-2:]}"]
            book["Baladiya Main "].append([*above, baladiya, None, None, number, 600])
            for place, hundreds in ((f"{baladiya}01", 2), (f"{baladiya}02", 4)):
                _add_muhalla(book, above, place, number, hundreds * 100)
    return book


def _add_muhalla(book: Sheets, above: list[Cell], pcode: str, number: int, total: int) -> None:
    name, name_ar = f"Muhalla {pcode[-4:]}", f"محلة {pcode[-4:]}"
    head: list[Cell] = [above[0], above[2], above[4], name, name_ar, pcode, "Urban"]
    shelter = [total // 2, 0, total // 4, 0, 0, total // 4, 0, 0, 0, 0]
    arrival = [0, total // 2, total // 4, total // 4, 0]
    permit = [total // 2, total // 4, total // 4, 0]
    people = [total // 2, total // 4, total // 4]
    row = [*head, None, None, number, "Yes", total, *shelter, *arrival, *permit, *people]
    row += NEEDS[total]
    book["Muhalla Main"].append(row)
    for wide, region, country, tenths in NATIONALITIES:
        counted = total * tenths // 10
        line = [*above, name, name_ar, pcode, wide, region, country, counted]
        book["Nationalities"].append(line)


def write(
    target: BinaryIO, number: int = NUMBER, change: Callable[[Sheets], None] | None = None
) -> None:
    """Write the workbook; `change` may spoil the rows first, which tests do."""
    book = sheets(number)
    if change:
        change(book)
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        for name, rows in book.items():
            sheet = workbook.add_worksheet(name)
            for row, cells in enumerate(rows):
                sheet.write_row(row, 0, ["" if cell is None else cell for cell in cells])
