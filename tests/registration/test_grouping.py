"""Who belongs together is decided by what pairs weigh, however that came to be known."""

from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from services.registration.duplicates import groups
from services.registration.duplicates.candidates import Described
from services.registration.duplicates.comparing import compared
from services.registration.duplicates.groups import banded
from services.registration.matching.description import Description

MOUSSA = Description(
    given="Moussa",
    father="Idriss",
    grandfather="Adam",
    family="Tabawi",
    sex="male",
    nationality="TCD",
    born=date(1990, 5, 4),
    precision="day",
    phone="+218912345678",
    documents=(),
    household=None,
)


def test_what_pairs_weigh_already_is_not_weighed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    again = replace(MOUSSA, given="Musa", grandfather=None)
    brother = replace(MOUSSA, given="Bakary", born=date(1999, 1, 2), phone=None)
    described = {
        UUID(int=at): Described(each, 1) for at, each in enumerate((MOUSSA, again, brother))
    }
    by_itself = banded(described.keys(), {}, described, {})
    weighed = compared(combinations(sorted(described), 2), described)
    compared_again = []

    def comparison(pair: Any, people: Any) -> Any:
        compared_again.append(pair)
        return by_itself.compared[pair]

    monkeypatch.setattr(groups, "comparison", comparison)
    found = banded(described.keys(), {}, described, weighed)

    assert found == by_itself
    assert found.joined == {(UUID(int=0), UUID(int=1))}
    assert set(compared_again) == by_itself.compared.keys() - weighed.keys()
    assert (UUID(int=0), UUID(int=1)) not in compared_again
