"""What is to be said of sheets of a workbook that its reader does not see."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from chassis import sheets
from chassis.jobs import Remark
from chassis.uploads import Upload
from chassis.worker import Tally


def hidden_sheets(content: bytes, read: Collection[str] = ()) -> list[Remark]:
    """Return a warning for each sheet that is hidden, by its name; those `read` are said so."""
    if not sheets.is_workbook(content):
        return []
    return [
        Remark(
            sheet=name[:80],
            code="sheet_hidden",
            detail="The sheet is hidden; it was read all the same."
            if name.strip() in read
            else "The sheet is hidden; nothing was read from it.",
        )
        for name in sheets.hidden(content)
    ]


def options(uploads: Iterable[Upload]) -> dict[str, Any]:
    """Return what a job is to say of the sheets of its files that nobody sees."""
    remarks = [remark for each in uploads for remark in hidden_sheets(each.content)]
    return {"hidden": [each.model_dump() for each in remarks]}


def warn(told: Mapping[str, Any], tally: Tally) -> None:
    for remark in told.get("hidden", []):
        tally.warn(Remark.model_validate(remark))
