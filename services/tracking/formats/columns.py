"""What a file of figures consists of: its columns, their HXL tags, and what it says of itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, Field

from services.tracking.formats import terms

Kind = Literal["text", "integer"]


class About(BaseModel):
    """What figures stand under, and what they are of; each file repeats it in each row."""

    licence: str = Field(default_factory=terms.licence)
    attribution: str = Field(default_factory=terms.attribution)
    component: str = "mobility_tracking"
    round_number: int | None = None
    period: str | None = None
    source_count: int | None = None
    confidence: str | None = None
    vintage: int | None = None


@dataclass(frozen=True)
class Column:
    """A column: its name, its HXL tag (none: the column has none), and what its cells are."""

    name: str
    tag: str = ""
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """A file to be: its name without ending, its columns, and what is said of the whole."""

    name: str
    columns: Sequence[Column]
    about: About = field(default_factory=About)
    hxl: bool = False


OF_THE_WHOLE = (
    Column("licence", "#meta+license"),
    Column("attribution", "#meta+attribution"),
)


def of_places(level: int) -> list[Column]:
    """Return what says of which places, of which round and of whom the rows of a level are."""
    return [
        Column("component", "#meta+component"),
        Column("round_number", "#round+code", "integer"),
        Column("period", "#date+reported"),
        Column("population", "#population+type"),
        Column("level", "#adm+level", "integer"),
        Column("pcode", f"#adm{level}+code"),
        Column("name", f"#adm{level}+name+i_en"),
        Column("name_ar", f"#adm{level}+name+i_ar"),
    ]


def individuals(population: str | None) -> str:
    """Return the tag of a count of people."""
    known = {"idp": "#affected+idps", "returnee": "#affected+returnees"}
    return known.get(population or "", "#affected+migrants" if population else "#affected")
