"""Writes a small register of people who do not exist, in the columns that registration imports."""

import csv
import io
import random
from datetime import date, timedelta

COLUMNS = (
    "external_id",
    "given_name",
    "father_name",
    "family_name",
    "sex",
    "birth_date",
    "birth_date_precision",
    "nationality",
    "population_category",
    "phone",
    "location_pcode",
    "household_ref",
    "relationship_to_head",
    "registered_on",
    "consent_given",
)
NAMES = {
    "male": ["محمد", "Moussa", "Ibrahim", "إدريس", "Oumar", "Tesfay", "Yusuf", "آدم"],
    "female": ["أمينة", "Aïssatou", "Hawa", "زينب", "Mariama", "Selam", "Halima", "مريم"],
}
FAMILIES = ["التباوي", "Abakar", "Diallo", "حسن", "Okafor", "Gebre", "الورفلي", "Maïga"]
NATIONALITIES = ["SDN", "NER", "TCD", "NGA", "ERI", "MLI"]
PLACES = ["LY0103", "LY0209", "LY0211", "LY0214", "LY0319", "LY0322"]


def register(people: int, prefix: str, seed: int = 1) -> bytes:
    """Return a register in CSV; the same arguments give the same people."""
    chance = random.Random(seed)  # noqa: S311 - Made-up people need no secrecy.
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    for number in range(people):
        sex = chance.choice(["male", "male", "female"])
        born = date(1960, 1, 1) + timedelta(days=chance.randrange(20_000))
        phone = f"+21891{chance.randrange(10**7):07d}" if chance.random() < 0.5 else ""  # noqa: PLR2004 - Half have one.
        writer.writerow(
            (
                f"{prefix}-{number:06d}",
                chance.choice(NAMES[sex]),
                chance.choice(NAMES["male"]),
                chance.choice(FAMILIES),
                sex,
                born.isoformat(),
                chance.choice(["day", "year", "estimated"]),
                chance.choice(NATIONALITIES),
                "migrant",
                phone,
                chance.choice(PLACES),
                f"{prefix}-H{number // 3:05d}",
                ["head", "spouse", "child"][number % 3],
                date(2026, 1, 5).isoformat(),
                "yes",
            )
        )
    return target.getvalue().encode()
