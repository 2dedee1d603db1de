"""What is said of the quality of matching is counted rightly."""

import csv
import random
from pathlib import Path

import pytest

from benchmarks import linkage, quality
from benchmarks.names.__main__ import write
from benchmarks.names.sets import SETS
from benchmarks.names.writing import in_arabic, in_latin
from tests.real import real

FEBRL = """rec_id, given_name, surname, street_number, date_of_birth, soc_sec_id
rec-1-org, sarah, bruhn, 44, 19300213, 7535316
rec-1-dup-0, sarah, bruhn, 44, 19300231, 7535316
rec-2-org, jacob, lanyon, 5, 19080712, 9497788
rec-3-org, brinley, efthimiou, 35, 19940319, 6814956
"""
SPLINK = """unique_id,first_name,surname,dob,city,email,cluster
0,Robert,Alan,1971-06-24,,robert255@smith.net,0
1,Robert,,1971-05-24,,,0
2,Grace,Kelly,1991-04-26,Hull,grace@x.net,1
"""


def test_a_public_set_is_read_as_a_register_and_one_that_is_not_there_says_so(
    tmp_path: Path,
) -> None:
    (tmp_path / "febrl_dataset1.csv").write_text(FEBRL)
    (tmp_path / "splink_fake_1000.csv").write_text(SPLINK)

    first, again, *_ = linkage.read(tmp_path / "febrl_dataset1.csv")
    *_, nameless, _ = linkage.read(tmp_path / "splink_fake_1000.csv")

    assert (first.person, again.person) == ("1", "1")
    assert first.description.documents == again.description.documents
    assert (first.description.precision, again.description.born) == ("day", None)
    assert (nameless.description.family, nameless.description.phone) == (None, None)
    told = dict(zip(quality.COLUMNS, linkage.row_of(tmp_path / "febrl_dataset1.csv"), strict=True))
    assert (told["people"], told["true pairs"], told["reached by keys"]) == ("4", "1", "1.0000")
    missing = linkage.row_of(tmp_path / "febrl_dataset2.csv")
    assert len(missing) == len(quality.COLUMNS)
    assert set(missing[1:]) == {"not there"}


@pytest.mark.parametrize(("truth", "right"), [({("A", "B")}, "1.0000"), ({("A", "C")}, "0.0000")])
def test_quality_is_counted_against_the_truth(
    tmp_path: Path, truth: set[tuple[str, str]], right: str
) -> None:
    (tmp_path / "splink_fake_1000.csv").write_text(SPLINK)
    one, _, other = (each.description for each in linkage.read(tmp_path / "splink_fake_1000.csv"))

    row = quality.measured("it", {"A": one, "B": one, "C": other}, truth)

    told = dict(zip(quality.COLUMNS, row, strict=True))
    assert [told[name] for name in ("recall with possible", "reached by keys")] == [right, right]


def test_the_weights_carry_to_people_of_another_country() -> None:
    path = real("linkage/febrl_dataset1.csv")

    told = dict(zip(quality.COLUMNS, linkage.row_of(path), strict=True))

    assert float(told["precision"]) > 0.98
    assert float(told["F1"]) > 0.9


def test_a_name_told_by_its_sounds_is_spelt_in_both_scripts_as_desks_do() -> None:
    assert [in_arabic(each) for each in ("al$arqAwI", "samIrp", "abU zayd")] == [
        "الشرقاوي",
        "سميره",
        "ابو زيد",
    ]
    chance = random.Random(1)  # noqa: S311 - Made-up names are no secret.
    spellings = {in_latin("al$arqAwI", "french", chance) for _ in range(200)}
    assert {"El Charkaoui", "Charqaoui"} <= spellings


@pytest.mark.parametrize("name", SETS)
def test_a_set_of_names_is_the_same_each_time_and_says_how_each_is_spelt(
    name: str, tmp_path: Path
) -> None:
    for folder in ("once", "again"):
        write(SETS[name](), tmp_path / folder)

    for file in (tmp_path / "once").iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()
    with (tmp_path / "once" / "arabic_name_variant_clusters.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len({row["arabic_key"] for row in rows}) == len(rows) > 100
    assert all(len(row["variants"].split("|")) == int(row["n_variants"]) > 1 for row in rows)
