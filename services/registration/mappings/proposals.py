"""A mapping is proposed from a file's columns or a form's questions, with the reasons for it."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from services.registration.imports.rules import DAYS, DISABILITY, OTHER_PHONES
from services.registration.imports.rules import REQUIRED as NEEDED
from services.registration.mappings import words
from services.registration.mappings.models import (
    FULL_NAME,
    LONGEST,
    MOST_VALUES,
    ColumnIn,
    DayOrder,
)
from services.registration.mappings.questions import Question
from services.registration.mappings.rules import DATE, YEAR_DIGITS

LEAST, TAKEN = 0.4, words.FITS
"""Below the first score nothing is said, below the second it is said and not proposed."""
BY_ANSWERS, BY_ANSWERS_ALONE, MOSTLY = 0.4, 0.6, 0.8
NUMBER = "external_id"
"""Who is in a repeated group has one by the submission's."""
LAST_MONTH = 12


class Reason(BaseModel):
    """Why a column is proposed for a field, from 0 to 1; of several for one the best is taken."""

    column: str
    field: str
    score: float
    because: str
    taken: bool


class ProposalOut(BaseModel):
    """
    What a mapping could be; nothing is saved.

    `missing` are the fields that a mapping needs and no column tells: a constant may. A full name
    is not divided unless somebody says how, so it is among the reasons and not among the columns.
    """

    columns: list[ColumnIn]
    repeat: str | None
    missing: list[str]
    left_aside: list[str]
    reasons: list[Reason]


def propose(questions: Sequence[Question]) -> ProposalOut:
    """Return the mapping that the words of questions and their answers speak for."""
    scored = sorted(
        (each for question in questions for each in _scored(question)),
        # Of places that fit alike the one that is told more exactly has more answers.
        key=lambda each: (-each[1].score, -len(each[0].answers)),
    )
    repeats = [each.repeat for each, reason in scored if each.repeat and reason.score >= MOSTLY]
    repeat = max(repeats, key=repeats.count) if repeats else None
    taken: dict[str, list[Question]] = {}
    used: set[str] = set()
    for question, reason in scored:
        fits = reason.score >= TAKEN and question.repeat in {None, repeat}
        is_another = reason.field == OTHER_PHONES and reason.score >= MOSTLY
        if fits and (reason.field not in taken or is_another) and question.column not in used:
            reason.taken = reason.field != FULL_NAME
            taken.setdefault(reason.field, []).append(question)
            used.add(question.column)
    if not taken.keys() >= set(DISABILITY):
        # All six questions are asked, or none: rows that tell some of them would be refused.
        used -= {each.column for name in DISABILITY for each in taken.pop(name, [])}
        for _, reason in scored:
            reason.taken &= reason.field not in DISABILITY
    told = {name: several for name, several in taken.items() if name != FULL_NAME}
    return ProposalOut(
        columns=[_rule(question, name) for name, several in told.items() for question in several],
        repeat=repeat,
        missing=[name for name in NEEDED if name not in told and not (repeat and name == NUMBER)],
        left_aside=[each.column for each in questions if each.column not in used],
        reasons=[reason for _, reason in scored],
    )


def _scored(question: Question) -> Iterable[tuple[Question, Reason]]:
    found: dict[str, tuple[float, str]] = {}
    for name in question.names:
        for candidate, likeness in words.fields_of(name).items():
            if likeness.score > found.get(candidate, (0.0, ""))[0]:
                found[candidate] = (likeness.score, f"Its words say `{likeness.phrase}`.")
    for candidate in words.CODED:
        by_words, because = found.get(candidate, (0.0, ""))
        if candidate in words.ONLY_BY_WORDS and not by_words:
            # Of a wide file, with answers in free words, this spares most of the work.
            continue
        known = _known(question, candidate)
        share = len(known) / len(question.answers) if known else 0.0
        if share and (by_words or share >= MOSTLY):
            score = min(1.0, by_words + BY_ANSWERS * share) if by_words else BY_ANSWERS_ALONE
            told = f"{len(known)} of {len(question.answers)} answers are known there."
            found[candidate] = (score, f"{because} {told}".strip())
    for candidate, (score, because) in found.items():
        if score >= LEAST:
            yield (
                question,
                Reason(
                    column=question.column,
                    field=candidate,
                    score=round(score, 2),
                    because=because + _doubt(question, candidate),
                    taken=False,
                ),
            )


def _doubt(question: Question, candidate: str) -> str:
    if candidate == FULL_NAME:
        return " Which word is which name cannot be told: say it in `parts`."
    if candidate in DAYS and _dates(question) and _order(question) is None:
        return " Whether the day or the month comes first cannot be told: say it."
    if shared := _shared(question, candidate):
        return f" Left out are labels that stand for several codes ({len(shared)}): send the codes."
    return ""


def _known(question: Question, candidate: str) -> dict[str, str]:
    """Return the answers, by code and by label, that mean a code of a field."""
    known: dict[str, str] = {}
    for answer, labels in question.answers.items():
        means = [words.meaning(candidate, text) for text in (answer, *labels)]
        if code := next(filter(None, means), None):
            known[answer] = code
    return known


def _shared(question: Question, candidate: str) -> set[str]:
    """Return the texts, in small letters, that stand for several codes: muhallas share names."""
    codes: dict[str, set[str]] = {}
    if candidate in words.CODED:
        for answer, code in _known(question, candidate).items():
            for text in (answer, *question.answers[answer]):
                codes.setdefault(text.lower(), set()).add(code)
    return {text for text, found in codes.items() if len(found) > 1}


def _rule(question: Question, name: str) -> ColumnIn:
    values: dict[str, str] = {}
    if name in words.CODED:
        shared = _shared(question, name)
        for answer, code in _known(question, name).items():
            for text in (answer, *question.answers[answer]):
                # An empty label says nothing, and a text that is too long is in no cell.
                told = 0 < len(text) <= LONGEST and text != code
                if told and text.lower() not in shared and len(values) < MOST_VALUES:
                    values[text] = code
    order = _order(question) if name in DAYS else "ymd"
    return ColumnIn(column=question.column, field=name, values=values, day_order=order or "ymd")


def _dates(question: Question) -> list[tuple[int, int]]:
    """Return the first two numbers of the dates whose year comes last."""
    found = (DATE.fullmatch(answer) for answer in question.answers)
    return [
        (int(each[1]), int(each[2])) for each in found if each and len(each[3] or "") == YEAR_DIGITS
    ]


def _order(question: Question) -> DayOrder | None:
    """Return in which order dates are written, as far as one of them shows it."""
    dates = _dates(question)
    if any(first > LAST_MONTH for first, _ in dates):
        return "dmy"
    return "mdy" if any(second > LAST_MONTH for _, second in dates) else None
