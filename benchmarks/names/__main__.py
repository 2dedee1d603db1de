"""Writes a set of names: `python -m benchmarks.names eastern FOLDER`."""

import argparse
import csv
import json
import random
from pathlib import Path
from typing import Any

from benchmarks.names.sets import SETS, NameSet
from benchmarks.names.writing import clusters

WOMEN = 0.35
"""The share of women's names among those that are not of Arabic."""


def write(names: NameSet, folder: Path) -> None:
    """Write a set as three files, in the form that the maker of registers reads."""
    chance = random.Random(names.seed)  # noqa: S311 - Made-up people are no secret.
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "arabic_name_variant_clusters.csv").open("w", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["arabic_key", "n_variants", "total", "variants", "countries", "roles"])
        lines.writerows(_arabic(names, chance))
    ethiopian = {"schema": 1, "entries": _ethiopian(names.ethiopian, chance)}
    text = json.dumps(ethiopian, ensure_ascii=False)
    (folder / "habesha_given_names.json").write_text(text, encoding="utf-8")
    nigerian = chance.sample(names.nigerian, len(names.nigerian))
    text = "\n".join(nigerian) + "\n"
    (folder / "nigerian_morphex_lexicon.tsv").write_text(text, encoding="utf-8")


def _arabic(names: NameSet, chance: random.Random) -> list[list[Any]]:
    spelt = [
        (role, clusters(each, names.habits, names.spellings, chance))
        for role, each in (
            ("given", names.men),
            ("given", names.women),
            ("surname", names.families),
        )
    ]
    rows: dict[str, list[Any]] = {}
    for role, found in spelt:
        in_order = list(found.items())
        chance.shuffle(in_order)
        for place, (arabic, spellings) in enumerate(in_order, start=1):
            is_both = role == "given" and chance.random() < names.both
            roles = f"{role}|surname" if is_both else role
            often = int(10000 / place**names.skew) + 1
            row = [arabic, len(spellings), often, "|".join(spellings), "LY", roles]
            rows.setdefault(arabic, row)
    return sorted(rows.values(), key=lambda row: -row[2])


def _ethiopian(names: list[str], chance: random.Random) -> list[dict[str, Any]]:
    entries = []
    for each in names:
        canonical, *variants = each.split(":")
        entries.append(
            {
                "fidel": "x",
                "canonical": canonical,
                "variants": [variant for variant in variants if variant != canonical],
                "gender": {"f": 1.0} if chance.random() < WOMEN else {"m": 1.0},
            }
        )
    return entries


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a set of made-up people's names.")
    parser.add_argument("set", choices=SETS)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    write(SETS[options.set](), options.folder)


if __name__ == "__main__":
    main()
