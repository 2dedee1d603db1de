"""How answers become a score, and what each of them did to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from chassis.problems import Fault, Problem
from services.tracking.indices.definitions import Definition

DIGITS = 2


@dataclass(frozen=True)
class Part:
    """What one answer adds to a score: its points, and its share of the whole."""

    indicator: str
    scale: str
    answer: str
    points: float
    share: float
    adds: float


@dataclass(frozen=True)
class Scored:
    """A score with its band, its scales, its parts and the indicators that nobody answered."""

    score: float
    band: str
    scales: dict[str, float]
    parts: list[Part]
    missing: list[str]


def score(definition: Definition, answers: Mapping[str, str]) -> Scored:
    """
    Return the score of answers.

    A scale is the mean of what was answered in it, the score the mean of the scales that have an
    answer. 422 for an answer that the definition does not know, and for too few answers.
    """
    _refuse(definition, answers)
    answered = {
        name: [each for each in options if each in answers]
        for name, options in definition.scales.items()
    }
    told = [name for name, indicators in answered.items() if indicators]
    parts, scales = [], {}
    for name in told:
        share = Fraction(1, len(told) * len(answered[name]))
        for indicator in answered[name]:
            points = definition.scales[name][indicator][answers[indicator]]
            adds = float(Fraction(points) * share)
            parts.append(
                Part(indicator, name, answers[indicator], points, round(float(share), 4), adds)
            )
        of_scale = [each.points for each in parts if each.scale == name]
        scales[name] = round(sum(of_scale) / len(of_scale), DIGITS)
    total = round(sum(each.adds for each in parts), DIGITS)
    return Scored(
        score=total,
        band=band(definition, total),
        scales=scales,
        parts=sorted(parts, key=lambda each: (-each.adds, each.indicator)),
        missing=[each for each in definition.indicators if each not in answers],
    )


def band(definition: Definition, total: float) -> str:
    return [name for name, start in definition.bands.items() if start <= total][-1]


def explanation(definition: Definition, scored: Scored) -> str:
    """Return in a sentence what the score is and what made it so."""
    worst = ", ".join(
        f"{each.indicator} ({each.answer}, +{each.adds:.1f})" for each in scored.parts[:3]
    )
    answered = len(scored.parts)
    return (
        f"{scored.score:g} of {definition.lowest:g} to {definition.highest:g}, higher is worse: "
        f"{scored.band}. {answered} of {answered + len(scored.missing)} indicators were answered; "
        f"most of it comes from {worst}."
    )


def _refuse(definition: Definition, answers: Mapping[str, str]) -> None:
    faults = []
    for number, (indicator, answer) in enumerate(answers.items()):
        options = definition.indicators.get(indicator)
        if options is None:
            known = ", ".join(definition.indicators)
            faults.append(_fault(f"/answers/{number}", "unknown_indicator", f"One of: {known}."))
        elif answer not in options:
            where = f"/answers/{indicator}"
            faults.append(_fault(where, "unknown_answer", f"One of: {', '.join(options)}."))
    if not faults and len(answers) < definition.fewest_answers:
        detail = f"A score needs at least {definition.fewest_answers} answers."
        faults.append(_fault("/answers", "too_few", detail))
    if faults:
        raise Problem(422, "validation", "The answers make no score.", errors=faults)


def _fault(pointer: str, code: str, detail: str) -> Fault:
    return Fault(pointer=pointer, code=code, detail=detail)
