"""Disability by the short set of the Washington Group: six questions, four answers, or none."""

from typing import Any, Literal

from pydantic import BaseModel

from chassis.fields import Maskable
from chassis.strict import Strict

Answer = Literal[
    "no_difficulty",
    "some_difficulty",
    "a_lot_of_difficulty",
    "cannot_do_at_all",
    "refused",
    "unknown",
]
NO_ANSWER = frozenset({"refused", "unknown"})
CUT_OFF = frozenset({"a_lot_of_difficulty", "cannot_do_at_all"})


class Disability(Strict):
    """
    How much difficulty somebody has in each of six activities; all six are asked.

    Who does not want to answer one has `refused`; `unknown` is the answer of who does not know.

    https://www.washingtongroup-disability.com/question-sets/wg-short-set-on-functioning-wg-ss/
    """

    seeing: Answer
    hearing: Answer
    walking: Answer
    remembering: Answer
    self_care: Answer
    communicating: Answer


class DisabilityOut(BaseModel):
    seeing: Maskable[Answer]
    hearing: Maskable[Answer]
    walking: Maskable[Answer]
    remembering: Maskable[Answer]
    self_care: Maskable[Answer]
    communicating: Maskable[Answer]


QUESTIONS = tuple(Disability.model_fields)


def with_disability(answers: dict[str, Any] | None) -> bool | None:
    """
    Return whether somebody counts as a person with disabilities; None where nobody has asked.

    The cut-off is the one that the Washington Group recommends for international comparison: a lot
    of difficulty, or more, in at least one of the six ("Analytic Guidelines: Creating Disability
    Identifiers Using the Washington Group Short Set on Functioning", identifier DISABILITY3). None
    too where none is so, and one has no answer: nobody can know.
    """
    if answers is None or not answers.keys() >= set(QUESTIONS):
        return None
    given = {answers[question] for question in QUESTIONS}
    if given & CUT_OFF:
        return True
    return None if given & NO_ANSWER else False
