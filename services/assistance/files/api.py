"""A person's own file: what assistance holds."""

from sqlmodel import col

from chassis import subject_file
from services.assistance.erasures.handlers import FORGETTING
from services.assistance.people.models import Person
from services.assistance.scoping import PEOPLE

router = subject_file.router("assistance", FORGETTING, PEOPLE, col(Person.id))
