"""
Splink on DuckDB over people in a file: `python -m benchmarks.splink_peer PEOPLE.json`.

A process of its own, so that its memory is its own; writes what it took to standard output. Splink
is no part of what is installed: `pip install "splink>=5"`.
"""

# ruff: noqa: S608 - What is put into the statement is this benchmark's own file.

import json
import resource
import sys
import time
from importlib import import_module
from typing import Any

import duckdb

THREADS = 2
COLUMNS = (
    "{unique_id: 'bigint', given: 'varchar', father: 'varchar', grandfather: 'varchar', "
    "family: 'varchar', sex: 'varchar', nationality: 'varchar', born: 'date', phone: 'varchar', "
    "document: 'varchar', household: 'varchar', keys: 'bigint[]'}"
)
NAMES = ("given", "father", "grandfather", "family")
SWAPPED = (
    "year(born_l) = year(born_r) and month(born_l) = day(born_r) and day(born_l) = month(born_r)"
)
COMPARED = """with kept as (select unique_id, unnest(keys) as key from people)
    select distinct one.unique_id, other.unique_id
    from kept one join kept other using (key) where one.unique_id < other.unique_id"""
LEAST_CHANCE = 0.01
"""About what Masar keeps for reviewers; a group is of those above SURE."""
SURE = 0.9


def settings(splink: Any) -> Any:
    """Return a model of the same attributes, as Splink's own documentation would make it."""
    comparisons = import_module("splink.comparison_library")
    levels = import_module("splink.comparison_level_library")
    born = comparisons.CustomComparison(
        output_column_name="born",
        comparison_levels=[
            levels.NullLevel("born"),
            levels.ExactMatchLevel("born"),
            levels.CustomLevel(SWAPPED, "day and month swapped"),
            levels.CustomLevel("abs(year(born_l) - year(born_r)) <= 1", "a year"),
            levels.CustomLevel("abs(year(born_l) - year(born_r)) <= 2", "two years"),
            levels.ElseLevel(),
        ],
    )
    return splink.SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            splink.block_on("keys", arrays_to_explode=["keys"])
        ],
        comparisons=[
            *(comparisons.JaroWinklerAtThresholds(name, [0.92, 0.8]) for name in NAMES),
            *(comparisons.ExactMatch(name) for name in ("sex", "nationality", "household")),
            comparisons.ExactMatch("phone"),
            comparisons.LevenshteinAtThresholds("document", [2]),
            born,
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


class Laps:
    """The seconds and the seconds of processor since the last lap."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[float, float]] = {}
        self._last = time.monotonic(), time.process_time()

    def lap(self, what: str) -> None:
        now = time.monotonic(), time.process_time()
        self.taken[what] = now[0] - self._last[0], now[1] - self._last[1]
        self._last = now


def main(path: str) -> None:
    splink: Any = import_module("splink")
    connection = duckdb.connect()
    connection.execute(f"set threads = {THREADS}")
    connection.execute(
        f"create table people as select * from read_json('{path}', columns = {COLUMNS})"
    )
    laps = Laps()
    api = splink.DuckDBAPI(connection)
    linker = splink.Linker(api.register("people"), settings(splink))
    laps.lap("begin")
    training = linker.training
    training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in (("phone",), ("given", "family")):
        training.estimate_parameters_using_expectation_maximisation(splink.block_on(*rule))
    laps.lap("train")
    found = linker.inference.predict(threshold_match_probability=LEAST_CHANCE)
    laps.lap("predict")
    linker.clustering.cluster_pairwise_predictions_at_threshold(found, SURE)
    laps.lap("cluster")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    kept = _count(connection, f"select 1 from {found.physical_name}")
    told = {"laps": laps.taken, "kept": kept, "peak_bytes": peak}
    print(json.dumps(told | {"compared": _count(connection, COMPARED)}))


def _count(connection: duckdb.DuckDBPyConnection, of: str) -> int:
    [(count,)] = connection.execute(f"select count(*) from ({of})").fetchall()
    return int(count)


if __name__ == "__main__":
    main(sys.argv[1])
