"""Where the country lies, and whether coordinates can be in it."""

SOUTH, NORTH = 19.0, 34.0
WEST, EAST = 9.0, 26.0
"""Around Libya with half a degree to spare, in degrees of WGS 84."""


def inside(latitude: float, longitude: float) -> bool:
    return SOUTH <= latitude <= NORTH and WEST <= longitude <= EAST


def misplaced(latitude: float, longitude: float) -> str | None:
    """Return what is wrong with coordinates: turned round, or in no part of the country."""
    if inside(latitude, longitude):
        return None
    if inside(longitude, latitude):
        return "Latitude and longitude are swapped."
    return "The coordinates lie outside the country."


def point(latitude: str, longitude: str) -> tuple[float, float] | str:
    """Return latitude and longitude as two cells tell them, or what is wrong with them."""
    try:
        at = float(latitude), float(longitude)
    except ValueError:
        return "The coordinates are no numbers of degrees."
    return misplaced(*at) or at
