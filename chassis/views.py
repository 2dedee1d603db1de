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
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement

from chassis import audit
from chassis.authz import Access, Allowance, allowances, ground
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
from chassis.scoping import REMEMBERED, Clause, Ground, Scoping, lies_below

Out = TypeVar("Out", bound=Shown)
FULL, LAST, MASKED = "", "last3", "masked"
BROKEN = frozenset({"bg", "bgcosigned"})
"""What opens the one file whose glass was broken, and is no reason to look for others."""
CLEAREST = (FULL, LAST, MASKED)
WHOLE = {FULL}

Reasons = Mapping[str, Sequence[Allowance]]


class Known(NamedTuple):
    """What follows from a caller's grants for one purpose; the limits are filled in as met."""

    reasons: Reasons
    grounds: list[Ground]
    limit: dict[tuple[int, Rule, str], str]
    limits: dict[tuple[int, str], set[str]]


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
        self._known = _known_of(shape, access.grants, access.purpose, narrowed)
        self._reasons, self._grounds = self._known.reasons, self._known.grounds
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
        personal = _personal(self._name)
        seen = [name for name, value in masked.items() if name in personal and not _hidden(value)]
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
        fields_of = self._shape.fields
        return {
            # Most of a record is open whole, and what is need not be walked.
            name: value
            if self._limits_of(name, standing) == WHOLE
            else self._value(fields_of[name], name, value, standing)
            for name, value in values.items()
        }

    def hides(self, name: str, standing: int) -> bool:
        """Say whether a field is masked whole: what is sealed need not be opened for that."""
        return self._limits_of(name, standing) <= {MASKED}

    def opens(self, name: str, standing: int) -> bool:
        """Say whether nothing of a field is masked: what is not open whole is not taken out."""
        return self._limits_of(name, standing) <= WHOLE

    def _limits_of(self, name: str, standing: int) -> set[str]:
        key = (standing, name)
        found = self._known.limits.get(key)
        if found is None:
            rules = leaves({name: self._shape.fields[name]})
            found = {self._limit(rule, leaf, standing) for leaf, rule in rules}
            self._known.limits[key] = found
        return found

    def showing(self, name: str) -> Clause:
        """
        Return the condition that a field of a row is not masked: who filters by it needs that.

        403 when the caller sees the field of no row, but of whose file they broke the glass: an
        empty answer would say that nobody has what they looked for. Without this a list that is
        filtered or sorted by a masked field would tell the field. Fields that the same grounds open
        have one condition, the same object: who needs several sends each once.
        """
        if rule_of(self._name, name).level < PERSONAL:
            return self._access.rows(self._scoping)
        return self._access.one_holds(map(ground, self._opening(name)), self._scoping)

    def scopes(self, name: str) -> set[str]:
        """Return in which scopes of the matrix a field is not masked; 403 as for `showing`."""
        if rule_of(self._name, name).level < PERSONAL:
            return {each.qualifier.scope for each in self._access.allowances()}
        return {each.qualifier.scope for each in self._opening(name)}

    def _opening(self, name: str) -> list[Allowance]:
        rule = rule_of(self._name, name)
        reasons = [
            each
            for each in self._reasons[rule.resource]
            if not each.qualifier.limit.startswith((MASKED, LAST)) and self._for(rule, name, each)
        ]
        if {each.qualifier.scope for each in reasons} <= BROKEN:
            raise Problem(403, "masked-field", "You cannot search by a field that you do not see.")
        return reasons

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
        if key not in self._known.limit:
            limits = {
                each.qualifier.limit
                for each in self._reasons[rule.resource]
                if standing >> self._grounds.index(ground(each)) & 1 and self._for(rule, name, each)
            }
            self._known.limit[key] = _clearest(limits)
        return self._known.limit[key]

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
) -> Known:
    """Return why grants open a shape's resources, and the grounds of that."""
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
    return Known(reasons, list(grounds), {}, {})


def _hidden(value: Any) -> bool:
    return isinstance(value, dict) and value == {"masked": True}


@cache
def _personal(shape: str) -> frozenset[str]:
    """Return which fields of a shape hold something personal, in themselves or within."""
    tree = fields().shapes[shape].fields
    return frozenset(
        name
        for name, rule in tree.items()
        if any(leaf.level >= PERSONAL for _, leaf in leaves({name: rule}))
    )


def _clearest(limits: Iterable[str]) -> str:
    # A record that is found by its id only is shown as any other once it is found.
    known = {FULL if limit == "byid" else limit for limit in limits}
    return next((limit for limit in CLEAREST if limit in known), MASKED)


def _mask(value: Any, *, last: bool) -> dict[str, Any]:
    if last and isinstance(value, str) and len(value) > 2 * SHOWN_OF_MASKED:
        return {"masked": True, "last": value[-SHOWN_OF_MASKED:]}
    return {"masked": True}
