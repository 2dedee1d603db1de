"""What a public round hides, and the attack that must not find it."""

import random
from dataclasses import replace

import pytest

from chassis.policy import ANYONE, PUBLIC, policy
from services.tracking.disclosure.control import CannotProtectError, control
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import TOTAL, Cell, Design
from services.tracking.disclosure.tables import OverlappingPlacesError, tables
from services.tracking.rounds import workbook
from services.tracking.rounds.counts import of_workbook
from tests.real import real
from tests.tracking.attack import Series, told, widths
from tests.tracking.recounting import recounted

DESIGN = Design()
NATIONALITIES = ("NER", "SDN", "TCD", "EGY", "BGD", "PSE")
TELL_FROZEN_FIGURES = {
    "GET /v1/tracking/public/flows",
    "GET /v1/tracking/public/flows/{month}",
    "GET /v1/tracking/public/flows/{month}/matrix",
    "GET /v1/tracking/public/flows/{month}/suppression",
    "GET /v1/tracking/public/rounds",
    "GET /v1/tracking/public/rounds/{number}",
    "GET /v1/tracking/public/rounds/{number}/figures",
    "GET /v1/tracking/public/rounds/{number}/suppression",
    "GET /v3/displacement/admin0",
    "GET /v3/displacement/admin1",
    "GET /v3/displacement/admin2",
}
"""What is told to anybody, or to any client: each reads cells as they were frozen."""
TELL_NO_FIGURES = (
    "/v1/tracking/places",
    "/v1/tracking/question-sets",
    "/v1/tracking/indices",
    "/v3/displacement/country-list",
    "/v3/displacement/operation-list",
)
MUHALLA = len("LY01010101")
PERMITS = ("residency", "work", "none")
PLACES = [f"LY0{r}0{m}0{b}0{q}" for r in (1, 2) for m in (1, 2) for b in (1, 2) for q in (1, 2)]


def made_up(seed: int, changed: int = 0) -> dict[Cell, int]:
    """Return a round with many small counts; `changed` muhallas are counted anew."""
    figures: dict[Cell, int] = {}
    anew = random.Random(seed).sample(PLACES, changed)  # noqa: S311 - Nothing here is secret.
    for place in PLACES:
        again = " anew" if place in anew else ""
        chance = random.Random(f"{seed} {place}{again}")  # noqa: S311 - The same.
        counts = [chance.choice([0, 0, 3, 7, 9, 12, 25, 60, 140]) for _ in NATIONALITIES]
        permits = [chance.choice([0, 0, 4, 30]) for _ in PERMITS[1:]]
        counts[0] += max(0, sum(permits) - sum(counts))
        permits.insert(0, sum(counts) - sum(permits))
        figures[place, TOTAL, ""] = sum(counts)
        for dimension, categories, row in (
            ("nationality", NATIONALITIES, counts),
            ("permit", PERMITS, permits),
        ):
            figures |= {
                (place, dimension, category): value
                for category, value in zip(categories, row, strict=True)
                if value
            }
    return figures


def test_no_attack_on_all_tables_comes_within_k_of_a_hidden_cell() -> None:
    whole = tables(made_up(1), DESIGN)

    hidden = control(whole, DESIGN)

    small = {cell for cell, value in whole.values.items() if 0 < value < DESIGN.k}
    assert len(small) > 30
    assert small <= {cell for cell, reason in hidden.items() if reason == "primary"}
    floors = {(0, cell): DESIGN.lowest(cell[1]) for cell in hidden}
    assert min(widths([told(whole.values, hidden)], floors=floors).values()) > DESIGN.k


def test_without_complementary_cells_the_attack_reads_what_is_hidden() -> None:
    whole = tables(made_up(1), DESIGN)
    small = [cell for cell, value in whole.values.items() if DESIGN.is_small(value)]

    found = widths([told(whole.values, small)], targets=[(0, cell) for cell in small[::3]])

    assert sum(width == 0 for width in found.values()) > len(found) / 2


def test_what_is_told_is_what_was_counted_and_the_country_is_always_told() -> None:
    figures = made_up(1)
    whole = tables(figures, DESIGN)

    hidden = control(whole, DESIGN)

    assert ("LY", TOTAL, "") not in hidden
    counted = sum(n for cell, n in figures.items() if cell[1] == TOTAL)
    assert whole.values["LY", TOTAL, ""] == counted
    assert all(whole.values[cell] for cell in hidden if cell[1] != "permit")


def test_that_nobody_or_everybody_has_a_permit_is_hidden_and_an_empty_place_is_not() -> None:
    figures = made_up(1)
    everybody, nobody_there = PLACES[:2]
    figures = {cell: n for cell, n in figures.items() if cell[0] not in PLACES[:2]}
    figures |= {(everybody, TOTAL, ""): 90, (everybody, "permit", "none"): 90}
    figures |= {(everybody, "nationality", "SDN"): 90, (nobody_there, TOTAL, ""): 0}

    hidden = control(tables(figures, DESIGN), DESIGN)

    for category in PERMITS:
        assert hidden[everybody, "permit", category] == "primary"
    assert hidden.get((everybody, "nationality", "SDN")) != "primary"
    assert not any(place == nobody_there for place, _, _ in hidden)


def test_two_publications_together_tell_no_more_than_one() -> None:
    def published(*, alone: bool) -> Series:
        series = Series(DESIGN)
        series.publish(made_up(3))
        series.publish(made_up(3, changed=6), alone=alone)
        return series

    assert min(published(alone=True).attacked(every=6).values()) < DESIGN.k, "pairs tell more"
    assert min(published(alone=False).attacked(every=6).values()) > DESIGN.k


def test_a_figure_that_can_rise_and_fall_a_little_is_protected_by_both() -> None:
    """Seen in a muhalla of round 54: nothing there can move by eleven, up or down."""
    here, there, rest = "LY01010101", "LY01010102", "LY01010103"
    first: dict[Cell, int] = {(here, "nationality", "SDN"): 10, (there, "nationality", "SDN"): 10}
    first |= {(here, "nationality", "NER"): 190, (there, "nationality", "NER"): 190}
    first |= {(rest, "nationality", each): 500 for each in ("SDN", "NER")}
    second = first | {(here, "nationality", "SDN"): 9, (there, "nationality", "SDN"): 11}
    for figures in (first, second):
        for place in (here, there, rest):
            of_place = [n for cell, n in figures.items() if cell[0] == place]
            figures[place, TOTAL, ""] = sum(of_place)
    series = Series(DESIGN)
    series.publish(first)

    hidden = series.publish(second)

    assert hidden[here, "nationality", "SDN"] == "primary"
    found = series.attacked()
    assert found[1, (here, "nationality", "SDN")] == 18
    assert min(found.values()) > DESIGN.k


def test_a_correction_that_would_tell_by_its_difference_is_refused() -> None:
    figures = made_up(1)
    series = Series(DESIGN)
    series.publish(figures)
    at = next(c for c, n in figures.items() if c[1] == "nationality" and n > 100)
    spread = {at: 4, (at[0], TOTAL, ""): figures[at[0], TOTAL, ""] - figures[at] + 4}
    lack = next(c for c, n in figures.items() if c[:2] == (at[0], "permit") and n > figures[at])
    spread[lack] = figures[lack] - figures[at] + 4

    with pytest.raises(CannotProtectError) as refusal:
        series.publish(figures | spread)

    assert at in refusal.value.cells


def test_a_total_that_others_have_published_protects_nothing() -> None:
    counts = {"LY01010101": 5, "LY01010102": 40, "LY01010103": 300, "LY01010201": 900}
    figures: dict[Cell, int] = {(place, TOTAL, ""): n for place, n in counts.items()}
    figures |= {(place, "nationality", "SDN"): n for place, n in counts.items()}
    few, some, many = ((place, TOTAL, "") for place in sorted(counts)[:3])
    unaware, aware, late = (Series(DESIGN) for _ in range(3))
    assert {few, some} <= unaware.publish(figures).keys()

    aware.kept.append(elsewhere(counts, some))
    late.kept.append(elsewhere(counts, few))

    hidden = aware.publish(figures).keys() - {some}
    assert {few, many} <= hidden
    assert min(widths([told(aware.kept[1].values, hidden)]).values()) > DESIGN.k
    with pytest.raises(CannotProtectError):
        late.publish(figures)


def elsewhere(counts: dict[str, int], cell: Cell) -> Frozen:
    return Frozen({cell: counts[cell[0]]}, frozenset(), frozenset(counts), frozenset())


def test_a_detention_centre_is_no_category_of_its_own() -> None:
    figures = {("LY010101", TOTAL, ""): 70, ("LY010101", "shelter", "detention_centre"): 40}
    figures |= {("LY010101", "shelter", "other"): 30}

    whole = tables(figures, DESIGN)

    assert whole.values["LY010101", "shelter", "other"] == 70
    assert not any("detention" in category for _, _, category in whole.values)


def test_figures_of_a_place_and_of_one_within_it_make_no_tables() -> None:
    figures: dict[Cell, int] = {("LY0101", TOTAL, ""): 70, ("LY010101", TOTAL, ""): 40}

    with pytest.raises(OverlappingPlacesError):
        tables(figures, DESIGN)


def test_a_greater_k_hides_more_and_keeps_attacks_further_off() -> None:
    wide = replace(DESIGN, k=20)
    whole = tables(made_up(2), wide)

    hidden = control(whole, wide)

    assert set(hidden) > {cell for cell, n in whole.values.items() if 0 < n < wide.k}
    at = [(0, cell) for cell in sorted(hidden)[::5]]
    assert min(widths([told(whole.values, hidden)], targets=at).values()) > wide.k


def test_the_real_round_54_withstands_the_attack_where_it_is_hardest() -> None:
    content = real("dtm/DTM_Libya_R54_Migrant_Dataset_PUBLIC.xlsx").read_bytes()
    whole = tables(of_workbook(workbook.read(content)).figures, DESIGN)

    hidden = control(whole, DESIGN)

    small = [each for each in hidden if each[1] == "nationality" and len(each[0]) == MUHALLA]
    assert sum(hidden[cell] == "primary" for cell in small) == 246
    assert whole.values["LY", TOTAL, ""] == 787_326
    told_of = sum(n for cell, n in whole.values.items() if cell[0] == "LY" and cell not in hidden)
    assert told_of > 0.99 * 787_326 * (1 + len(whole.dimensions))
    # The whole takes minutes: python -m tests.tracking.attack WORKBOOK.
    sample = random.Random(54).sample(sorted(hidden), 15)  # noqa: S311 - The same.
    hardest = [cell for cell in hidden if cell[1] == TOTAL or len(cell[0]) <= len("LY01")]
    floors = {(0, cell): DESIGN.lowest(cell[1]) for cell in hidden}
    targets = [(0, cell) for cell in (*sample, *hardest)]
    found = widths([told(whole.values, hidden)], floors=floors, targets=targets)
    assert min(found.values()) > DESIGN.k


def test_the_real_round_54_and_a_next_one_withstand_the_attack_on_both() -> None:
    content = real("dtm/DTM_Libya_R54_Migrant_Dataset_PUBLIC.xlsx").read_bytes()
    figures = of_workbook(workbook.read(content)).figures
    series = Series(DESIGN)
    series.publish(figures)

    series.publish(recounted(figures, 0.1))

    earlier, later = series.kept
    same = earlier.same_as(later)
    assert 0.9 < len(same) / len(earlier.values) < 0.97
    assert earlier.hidden & same == later.hidden & same, "one tells what the other hides"
    # The whole takes minutes: python -m tests.tracking.attack WORKBOOK 0.02 0.1 0.3 0.6 1.0
    assert min(series.attacked(every=800, enough=3 * DESIGN.k).values()) > DESIGN.k


def test_whoever_is_not_staff_is_told_figures_by_no_other_way() -> None:
    """One more such operation has to be part of the attack, or to tell no figures."""
    open_to_all = {
        operation
        for operation, needs in policy().operations["tracking"].items()
        if needs.open_to in {PUBLIC, ANYONE}
    }

    assert open_to_all >= TELL_FROZEN_FIGURES
    for operation in open_to_all - TELL_FROZEN_FIGURES:
        assert operation.split()[1].startswith(TELL_NO_FIGURES), operation
