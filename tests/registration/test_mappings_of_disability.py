"""The six questions of the Washington Group are known as they are asked, or not proposed at all."""

import pytest

from chassis.tabular import Line, Row
from services.registration.imports.rules import DISABILITY, read_person
from services.registration.mappings import words
from services.registration.mappings.models import MappingIn
from services.registration.mappings.proposals import propose
from services.registration.mappings.questions import of_form, of_table
from services.registration.mappings.rules import mapped
from services.registration.persons.models import PersonIn
from tests.registration.office import NAWAL

ENGLISH = [
    "Do you have difficulty seeing, even if wearing glasses?",
    "Does she/he have difficulty hearing, even if using a hearing aid?",
    "Do you have difficulty walking or climbing steps?",
    "Difficulty remembering or concentrating",
    "Do you have difficulty with self-care, such as washing all over or dressing?",
    "In your usual language, do you have difficulty communicating, for example understanding?",
]
ARABIC = [
    "هل لديك صعوبة في الرؤية حتى مع ارتداء النظارات؟",
    "صعوبة في السمع، حتى مع استخدام سماعة",
    "صعوبة المشي أو صعود الدرج",
    "صعوبة في التذكر أو التركيز",
    "صعوبة في العناية الذاتية مثل الاستحمام أو ارتداء الملابس",
    "صعوبة في التواصل",
]
FRENCH = [
    "Avez-vous des difficultés à voir, même avec des lunettes ?",
    "Difficultés à entendre, même avec un appareil auditif",
    "Avez-vous des difficultés à marcher ou à monter des marches ?",
    "Difficultés à vous souvenir ou à vous concentrer",
    "Difficultés à prendre soin de vous",
    "Difficultés à communiquer",
]
ANSWERS = {
    "none": "No - no difficulty",
    "some": "نعم، بعض الصعوبة",
    "lot": "Oui, beaucoup de difficultés",
    "not_at_all": "Cannot do at all",
    "dnk": "Don't know",
}


def form(labels: list[str]) -> tuple[list[Line], list[Line]]:
    asked = [["type", "name", "label"]]
    asked += [["select_one wg", f"q{number}", label] for number, label in enumerate(labels)]
    choices = [["list_name", "name", "label"]]
    choices += [["wg", code, label] for code, label in ANSWERS.items()]
    return list(enumerate(asked, 1)), list(enumerate(choices, 1))


@pytest.mark.parametrize("labels", [ENGLISH, ARABIC, FRENCH], ids=["en", "ar", "fr"])
def test_the_six_questions_and_their_answers_are_proposed(labels: list[str]) -> None:
    proposed = propose(of_form(*form(labels)))
    assert [each.field for each in sorted(proposed.columns, key=lambda each: each.column)] == [
        *DISABILITY
    ]
    told = {name: value for name, value in NAWAL.items() if isinstance(value, str)}
    mapping = MappingIn(name="Six questions", columns=proposed.columns, constants=told)
    row = {f"q{number}": code for number, code in enumerate(("none", "some", "lot", "not_at_all"))}
    person = read_person(mapped(mapping, Row(2, row | {"q4": "dnk", "q5": "No - no difficulty"})))
    assert isinstance(person, PersonIn), person
    assert person.disability
    assert list(person.disability.model_dump().values()) == [
        *("no_difficulty", "some_difficulty", "a_lot_of_difficulty", "cannot_do_at_all"),
        *("unknown", "no_difficulty"),
    ]


def test_five_of_the_six_questions_are_left_aside() -> None:
    proposed = propose(of_form(*form(ENGLISH[:5])))
    assert proposed.columns == []
    assert proposed.left_aside == [f"q{number}" for number in range(5)]
    assert not any(reason.taken for reason in proposed.reasons)


def test_answers_alone_make_no_question_one_about_disability() -> None:
    asked = ["Is the roof damaged?"] * 6
    assert propose(of_form(*form(asked))).columns == []


def test_answers_are_not_looked_through_for_what_the_question_does_not_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_for: set[str] = set()
    monkeypatch.setattr(words, "meaning", lambda field, _text: looked_for.add(field))

    propose(of_table([(1, ["Remarks", "Consent"]), (2, ["no difficulty", "yes"])]))

    assert looked_for == set(words.CODED) - set(words.ONLY_BY_WORDS) | {"consent_given"}
