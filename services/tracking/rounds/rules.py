"""Whether the parts of a round sum to their wholes, and what the gazetteer says of its places."""

from collections import Counter
from collections.abc import Collection, Mapping

from chassis.jobs import Remark
from chassis.problems import Fault
from services.tracking.rounds import layout
from services.tracking.rounds.workbook import Workbook

COUNTRY_LENGTH = 2
BALADIYA_LENGTH = 8
MUHALLA_LEVEL_LENGTH = 10


def disagreements(book: Workbook) -> list[Fault]:
    """Return each row whose parts do not sum to it: by dimension, by nationality, by place."""
    faults: list[Fault] = []
    by_nationality = Counter[str]()
    for each in book.nationalities:
        by_nationality[each.pcode] += each.total
    by_baladiya = Counter[str]()
    for muhalla in book.muhallas:
        by_baladiya[muhalla.pcode[:BALADIYA_LENGTH]] += muhalla.total
        parts = {name: sum(group.values()) for name, group in muhalla.groups.items()}
        parts["nationality"] = by_nationality.pop(muhalla.pcode, 0)
        for dimension, total in parts.items():
            if total != muhalla.total:
                where = f"{muhalla.sheet}/row {muhalla.row}/{dimension}"
                faults.append(_differ(where, f"{dimension} sums to", total, muhalla.total))
    for baladiya in book.baladiyas:
        total = by_baladiya.pop(baladiya.pcode, 0)
        if total != baladiya.total:
            where = f"{baladiya.sheet}/row {baladiya.row}/total"
            faults.append(_differ(where, "its muhallas sum to", total, baladiya.total))
    for sheet, left in ((layout.NATIONALITIES, by_nationality), (layout.MUHALLAS, by_baladiya)):
        for pcode, total in left.items():
            if total:
                where = f"{sheet}/{pcode}"
                faults.append(_differ(where, "no row stands above it, and it counts", total, 0))
    return faults


def stated_otherwise(book: Workbook) -> dict[tuple[str, str], tuple[int, str]]:
    """Return by place and dimension each total that its parts do not sum to, and where it is."""
    faults = {fault.pointer for fault in disagreements(book)}
    stated = {}
    for muhalla in book.muhallas:
        for dimension in (*muhalla.groups, "nationality"):
            where = f"{muhalla.sheet}/row {muhalla.row}/{dimension}"
            if where in faults:
                stated[muhalla.pcode, dimension] = (muhalla.total, where)
    for baladiya in book.baladiyas:
        where = f"{baladiya.sheet}/row {baladiya.row}/total"
        if where in faults:
            stated[baladiya.pcode, "total"] = (baladiya.total, where)
    return stated


def _differ(where: str, what: str, parts: int, whole: int) -> Fault:
    detail = f"{what} {parts}, the whole is {whole}."
    return Fault(pointer=where, code="does_not_sum", detail=detail)


def unknown_places(lines: Mapping[str, int], known: Collection[str]) -> list[Remark]:
    """Return which places of a table, by p-code with their lines, the gazetteer lacks."""
    return [
        Remark(
            row=line,
            code="place_not_in_gazetteer",
            detail=f"{pcode} is not in the gazetteer; it is kept under its p-code.",
        )
        for pcode, line in lines.items()
        if pcode not in known and len(pcode) > COUNTRY_LENGTH
    ]


def against_gazetteer(book: Workbook, known: Collection[str]) -> list[Remark]:
    """
    Return what the gazetteer and the round do not share.

    A muhalla the gazetteer lacks is kept under the workbook's own name; a muhalla that the
    round lacks was not assessed, which is not the same as nobody being there.
    """
    column = layout.MUHALLA_COLUMNS["pcode"]
    remarks = [
        Remark(
            sheet=each.sheet,
            row=each.row,
            column=column,
            code="place_not_in_gazetteer",
            detail=f"{each.pcode} is not in the gazetteer; kept under the workbook's name.",
        )
        for each in book.muhallas
        if each.pcode not in known
    ]
    assessed = {each.pcode for each in book.muhallas}
    remarks += [
        Remark(
            sheet=layout.MUHALLAS,
            row=1,
            column=column,
            code="place_not_assessed",
            detail=f"{pcode} is in the gazetteer and has no row here.",
        )
        for pcode in sorted(known)
        if len(pcode) == MUHALLA_LEVEL_LENGTH and pcode not in assessed
    ]
    return remarks
