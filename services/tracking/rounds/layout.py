"""How DTM Libya lays a round out in a workbook: sheets, columns, spellings, codes."""

from functools import lru_cache

BALADIYAS = "Baladiya Main"
MUHALLAS = "Muhalla Main"
NATIONALITIES = "Nationalities"
SUMMARY = "Summary"

BALADIYA_COLUMNS = {
    "admin1": "ADM 1 Geodivision (EN)",
    "admin1_ar": "ADM 1 Geodivision (AR)",
    "admin2": "ADM 2 Mantika-Region (EN)",
    "admin2_ar": "ADM 2 Mantika-Region (AR)",
    "name": "ADM 3 Baladiya-Area (EN)",
    "name_ar": "ADM 3 Baladiya-Area (AR)",
    "pcode": "Baladiya PCode",
    "round": "AssessmentRound",
    "total": "Migrants (IND)",
}
MUHALLA_COLUMNS = {
    "name": "ADM4_Muhalla_EN",
    "name_ar": "ADM4_Muhalla_AR",
    "pcode": "Muhalla_pcode",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "round": "AssessmentRound",
    "total": "Migrant IND",
}
NATIONALITY_COLUMNS = {
    "pcode": "Muhalla P Code",
    "region": "Region 2",
    "nationality": "Migrant Nationality",
    "total": "Migrant Individuals",
}

# Each dimension's categories, in the workbook's own headers; each dimension sums to the total.
GROUPS = {
    "shelter": {
        "rented_self_paid": "Rented Accomodation (Self Paid) IND",
        "rented_paid_by_others": "Rented Accomodation (Paind by others) IND",
        "rented_paid_by_employer": "Rented Accomodation (Paind by employer) IND",
        "squatting": "Squatting on other people's properties IND",
        "abandoned_buildings": "Abondoned buildings IND",
        "workplace": "Sheltered in their workplace IND",
        "public_buildings": "schools or other public buildings (IND)",
        "informal_camp": "In informal camp setting (IND)",
        "none": "No accomodation IND",
        "other": "Other Shelter",
    },
    "arrival": {
        "last_month": "Migrants arrived last month",
        "1_to_6_months": "Migrants arrived between 1 to 6 months ago",
        "6_to_12_months": "Migrants arrived between 6 to 12 months ago",
        "over_12_months": "Migrants arrived Over 12 months ago",
        "unknown": "Migrants arrival time unknown",
    },
    "permit": {
        "residency": "Migrants with residency permit",
        "work": "Migrants with work permit",
        "none": "Migrants with no permit",
        "unknown": "Migrants permit status unknown",
    },
    "demographic": {
        "men": "Migrants Adult Men",
        "women": "Migrants Adult Women",
        "children": "Migrants Childern",
    },
}

# The misspellings that stand in published rounds; a corrected workbook is read as well.
CORRECTED = {
    "childern": "children",
    "paind": "paid",
    "abondoned": "abandoned",
    "accomodation": "accommodation",
}

COUNTRIES = {
    "bangladesh": "BGD",
    "benin": "BEN",
    "burkinafaso": "BFA",
    "cameroon": "CMR",
    "chad": "TCD",
    "cotedivoire": "CIV",
    "egypt": "EGY",
    "eritrea": "ERI",
    "ethiopia": "ETH",
    "gambia": "GMB",
    "ghana": "GHA",
    "guinea": "GIN",
    "mali": "MLI",
    "mauritania": "MRT",
    "morocco": "MAR",
    "niger": "NER",
    "nigeria": "NGA",
    "pakistan": "PAK",
    "palestine": "PSE",
    "senegal": "SEN",
    "somalia": "SOM",
    "southsudan": "SSD",
    "sudan": "SDN",
    "syria": "SYR",
    "togo": "TGO",
    "tunisia": "TUN",
}
MISSPELT = {"unkown"}
UNKNOWN_LABELS = {*MISSPELT, "unknown", "inconnu", "inconnue", "غيرمعروف", "غيرمعروفه"}
SPELLED = {"BFA": "Burkina Faso", "SSD": "South Sudan", "CIV": "Côte d'Ivoire"}
"""How the countries are written whose names the workbook runs together."""


@lru_cache(maxsize=1000)
def same_header(text: str) -> str:
    """Return a header in the form in which a misspelt and a corrected one are equal."""
    folded = " ".join(text.split()).lower()
    for wrong, right in CORRECTED.items():
        folded = folded.replace(wrong, right)
    return folded
