"""What can be done about two registrations of one person here. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.problems import Problem, not_found, wrong
from services.registration.consents import service as consents
from services.registration.duplicates import service as duplicates
from services.registration.duplicates.models import DuplicatePair
from services.registration.merges import joining, rules
from services.registration.merges.models import Merge, MergeIn, MergeOut
from services.registration.persons import service as persons
from services.registration.persons.models import Person


async def merge(session: AsyncSession, pair_id: UUID, form: MergeIn, access: Access) -> MergeOut:
    """
    Put one registration of a pair under the other, and note that they are the same person's.

    409 when somebody has decided otherwise, one of them is merged already, or they answered yes
    and no about the same sharing: then the person is asked anew first.
    """
    pair = await duplicates.get_to_merge(session, pair_id, access)
    sides = {pair.left_id, pair.right_id}
    if form.keep not in sides:
        detail = "The registration to keep is one of the two."
        raise wrong("/keep", "not_of_pair", detail)
    [merged_id] = sides - {form.keep}
    kept, merged = await joining.both(session, form.keep, merged_id)
    for each in (kept, merged):
        persons.refuse_merged(each)
    pairs = await duplicates.between(session, kept.id, merged.id)
    if pair.id not in {each.id for each in pairs}:
        # A search has found in this moment that they are not alike any more.
        raise not_found("pair of registrations")
    _refuse_different(pair, pairs)
    if kept.is_enquiry and not merged.is_enquiry:
        detail = "A registration does not go under an enquiry; keep the registration instead."
        raise Problem(409, "out-of-order", detail)
    if await consents.contradict(session, kept.id, merged.id):
        detail = "The two answered yes and no about the same sharing of their file."
        raise Problem(409, "consents-differ", detail)
    done = await joining.put_together(session, pair, kept, merged, access.caller)
    for implied in pairs:
        joining.decided(session, implied, "same", access.caller)
    return shown(done)


def _refuse_different(pair: DuplicatePair, pairs: Sequence[DuplicatePair]) -> None:
    """409 when a reviewer said of these two, or of what is merged into them, that they differ."""
    for each in pairs:
        if each.status == "different":
            what = "these" if each.id == pair.id else f"two merged into these (pair {each.id})"
            detail = f"A reviewer said that {what} are two people; change that decision first."
            raise Problem(409, "out-of-order", detail)


async def undo(session: AsyncSession, pair_id: UUID, access: Access) -> MergeOut:
    """
    Take two registrations apart again; whether they are one person's is then to be decided anew.

    409 when they are not merged, have been for longer than it can be undone, or a departure since
    then was noted in both.
    """
    pair = await duplicates.get_to_merge(session, pair_id, access)
    sides = await joining.both(session, pair.left_id, pair.right_id)
    done = await _in_force(session, pair.id)
    if done is None:
        raise Problem(409, "out-of-order", "These registrations are not merged.")
    kept, merged = sides if sides[0].id == done.kept_id else sides[::-1]
    joining.refuse_too_late(done, kept, merged)
    await joining.take_apart(session, done, kept, merged, access.caller)
    # What is merged into either of them is taken apart with it.
    for each in await duplicates.between(session, kept.id, merged.id):
        if each.status == "same":
            joining.decided(session, each, "unsure", access.caller)
    return shown(done)


def shown(done: Merge) -> MergeOut:
    until = rules.undo_until(done.merged_at)
    return MergeOut.model_validate(done.model_dump() | {"undo_until": until})


async def _in_force(session: AsyncSession, pair_id: UUID) -> Merge | None:
    statement = select(Merge).where(col(Merge.pair_id) == pair_id, col(Merge.undone_at).is_(None))
    return (await session.exec(statement)).one_or_none()


async def let_go(session: AsyncSession, person_id: UUID) -> Sequence[Person]:
    """
    Let a person who is forgotten be named by no other; return who was merged into them.

    Those of the same organisation are forgotten with them, unless they are held.
    """
    person = await session.get(Person, person_id)
    if person is None:
        return []
    above = select(Person).where(col(Person.id) == person.merged_into).with_for_update()
    if kept := (await session.exec(above)).one_or_none():
        kept.merged = [each for each in kept.merged if each != str(person_id)]
        session.add(kept)
    below = select(Person).where(col(Person.merged_into) == person_id).order_by(col(Person.id))
    return (await session.exec(below.with_for_update())).all()


def set_free(session: AsyncSession, merged: Person) -> None:
    """Let a registration go on by itself, because the one that it was merged into is forgotten."""
    merged.merged_into = None
    joining.tell(session, merged)
