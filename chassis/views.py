"""
How much of a record a caller sees: nothing of it leaves but through a view.

    view = View(access, "person", SCOPING)
    statement = select(Person, view.standing).where(access.rows(SCOPING), …)
    for person, standing in await session.exec(statement):
        view.shown(PersonOut, person.model_dump(), standing)

What is shown is on record by that alone: who saw which personal fields of whom (chassis/audit).
`standing` is a number that the database answers with the row: which of the caller's reasons to
read hold for it. So what is filtered and what is masked are one rule, in one query.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, false, or_

from chassis import audit
from chassis.authz import (
    REMEMBERED,
    Access,
    Allowance,
    Clause,
    Ground,
    Scoping,
    allowances,
    ground,
    lies_below,
)
from chassis.caller import Grant
from chassis.fields import (
    PERSONAL,
    SHOWN_OF_MASKED,
    SPECIAL,
    Purpose,
    Rule,
    Shown,
    Tree,
    fields,
    leaves,
    rule_of,
)
from chassis.policy import LIST
from chassis.problems import Problem

Out = TypeVar("Out", bound=Shown)
FULL, LAST, MASKED = "", "last3", "masked"
CLEAREST = (FULL, LAST, MASKED)

Reasons = Mapping[str, Sequence[Allowance]]
Limits = dict[tuple[int, Rule, str], str]


class View:
    """What one caller sees of the records of one shape."""

    def __init__(self, access: Access, shape: str, scoping: Scoping) -> None:
        audit.looking()
        self._access = access
        self._scoping = scoping
        self._shape = fields().shapes[shape]
        self._name = shape
        self._exports = access.action == "X"
        # To take records out, only what lets the caller take them out counts.
        narrowed = tuple(access.allowances()) if self._exports else None
        known = _known_of(shape, access.grants, access.purpose, narrowed)
        self._reasons, self._grounds, self._limits = known
        self._lists = access.action == LIST

    @property
    def standing(self) -> ColumnElement[int]:
        """A column: the grounds that hold for a row, one bit each."""
        return self._access.standing(self._scoping, self._grounds)

    def standing_of_new(self, place: str | None, scopes: Collection[str]) -> int:
        """Return what `standing` says of a row that the caller has made just now."""
        return sum(
            1 << number
            for number, each in enumerate(self._grounds)
            if each.scope == "any"
            or (each.scope in scopes and (place is None or lies_below(place, each.places)))
        )

    def shown(self, kind: type[Out], values: Mapping[str, Any], standing: int) -> Out:
        """Return an answer of the kind, with what the caller may not see masked."""
        wanted = {name: values[name] for name in kind.model_fields}
        masked = self.masked(wanted, standing)
        self._put_on_record(values, masked)
        return kind.model_validate(masked)

    def _put_on_record(self, values: Mapping[str, Any], masked: Mapping[str, Any]) -> None:
        seen = [
            name
            for name, value in masked.items()
            if not _hidden(value) and _personal(self._shape.fields[name])
        ]
        subject = values.get("person_id") or values["id"]
        audit.read(
            self._name,
            subject,
            fields=seen,
            action="export" if self._exports else "read",
            # Who came upon somebody in a list has not opened them.
            reason="listed" if self._lists else None,
        )

    def masked(self, values: Mapping[str, Any], standing: int) -> dict[str, Any]:
        """Return the values with what the caller may not see masked; each must be known."""
        return self._masked(self._shape.fields, values, standing)

    def hides(self, name: str, standing: int) -> bool:
        """Say whether a field is masked whole: what is sealed need not be opened for that."""
        return self._limits_of(name, standing) <= {MASKED}

    def opens(self, name: str, standing: int) -> bool:
        """Say whether nothing of a field is masked: what is not open whole is not taken out."""
        return self._limits_of(name, standing) <= {FULL}

    def _limits_of(self, name: str, standing: int) -> set[str]:
        rules = leaves({name: self._shape.fields[name]})
        return {self._limit(rule, leaf, standing) for leaf, rule in rules}

    def showing(self, name: str) -> Clause:
        """
        Return the condition that a field of a row is not masked: who filters by it needs that.

        403 when the caller sees the field of no row at all. Without this a list that is filtered
        or sorted by a masked field would tell the field.
        """
        rule = rule_of(self._name, name)
        if rule.level < PERSONAL:
            return self._access.rows(self._scoping)
        reasons = [
            each
            for each in self._reasons[rule.resource]
            if not each.qualifier.limit.startswith((MASKED, LAST)) and self._for(rule, name, each)
        ]
        if not reasons:
            raise Problem(403, "masked-field", "You cannot search by a field that you do not see.")
        grounds = dict.fromkeys(map(ground, reasons))
        return or_(false(), *(self._access.holds(each, self._scoping) for each in grounds))

    def _masked(self, tree: Tree, values: Mapping[str, Any], standing: int) -> dict[str, Any]:
        return {
            name: self._value(tree[name], name, value, standing) for name, value in values.items()
        }

    def _value(self, rule: "Rule | Tree", name: str, value: Any, standing: int) -> Any:
        if isinstance(rule, Rule):
            limit = self._limit(rule, name, standing)
            return value if limit == FULL else _mask(value, last=rule.last and limit == LAST)
        if all(self._limit(each, leaf, standing) == MASKED for leaf, each in leaves(rule)):
            # Not even how many there are.
            return _mask(value, last=False)
        if isinstance(value, list):
            return [self._masked(rule, each, standing) for each in value]
        return None if value is None else self._masked(rule, value, standing)

    def _limit(self, rule: Rule, name: str, standing: int) -> str:
        if rule.level < PERSONAL:
            return FULL
        key = (standing, rule, name)
        if key not in self._limits:
            limits = {
                each.qualifier.limit
                for each in self._reasons[rule.resource]
                if standing >> self._grounds.index(ground(each)) & 1 and self._for(rule, name, each)
            }
            self._limits[key] = _clearest(limits)
        return self._limits[key]

    def _for(self, rule: Rule, name: str, reason: Allowance) -> bool:
        """Say whether the purpose that was told, or that none was, lets this reason count."""
        purpose = self._access.purpose
        if purpose is None:
            return rule.level < SPECIAL
        if purpose.only is not None:
            return name in purpose.only
        if rule.level < SPECIAL:
            return True
        return reason.grant.role in purpose.roles and rule.resource in purpose.resources


# Nothing of it is of one request: a caller's next one, for the same purpose, asks for the same.
@lru_cache(maxsize=REMEMBERED)
def _known_of(
    shape: str,
    grants: tuple[Grant, ...],
    _purpose: Purpose | None,
    narrowed: tuple[Allowance, ...] | None,
) -> tuple[Reasons, list[Ground], Limits]:
    """Return why grants open a shape's resources, the grounds of that, and what follows so far."""
    counts = None if narrowed is None else {(each.grant, each.qualifier.scope) for each in narrowed}
    reasons = {
        resource: [
            each
            for each in allowances(grants, resource, "R")
            if counts is None or (each.grant, each.qualifier.scope) in counts
        ]
        for resource in fields().shapes[shape].resources
    }
    grounds = dict.fromkeys(ground(each) for several in reasons.values() for each in several)
    return reasons, list(grounds), {}


def _hidden(value: Any) -> bool:
    return isinstance(value, dict) and value == {"masked": True}


def _personal(rule: "Rule | Tree") -> bool:
    if isinstance(rule, Rule):
        return rule.level >= PERSONAL
    return any(leaf.level >= PERSONAL for _, leaf in leaves(rule))


def _clearest(limits: Iterable[str]) -> str:
    # A record that is found by its id only is shown as any other once it is found.
    known = {FULL if limit == "byid" else limit for limit in limits}
    return next((limit for limit in CLEAREST if limit in known), MASKED)


def _mask(value: Any, *, last: bool) -> dict[str, Any]:
    if last and isinstance(value, str) and len(value) > 2 * SHOWN_OF_MASKED:
        return {"masked": True, "last": value[-SHOWN_OF_MASKED:]}
    return {"masked": True}
