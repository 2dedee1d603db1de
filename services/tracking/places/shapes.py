"""Polygons of places: whether they can be so, what lies in them, and how far points are apart."""

import math
from dataclasses import dataclass
from typing import Any

from services.tracking.places import geography

EARTH_KM = 6371.0088
MOST_POINTS = 200_000
KINDS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class Shape:
    """A checked polygon as GeoJSON, the box around it, and a point that is surely inside it."""

    geometry: dict[str, Any]
    west: float
    south: float
    east: float
    north: float
    latitude: float
    longitude: float


def checked(geometry: object) -> Shape:
    """Return a polygon of GeoJSON; ValueError, in words for its sender, if it cannot be one."""
    if not isinstance(geometry, dict) or geometry.get("type") not in KINDS:
        raise ValueError("The geometry is no polygon.")
    # Loading shapely takes a tenth of a second of each start, and most processes see no polygon.
    import shapely  # noqa: PLC0415 - The line above.
    from shapely.errors import ShapelyError  # noqa: PLC0415 - The same.
    from shapely.geometry import mapping, shape  # noqa: PLC0415 - The same.
    from shapely.validation import explain_validity  # noqa: PLC0415 - The same.

    try:
        found = shapely.force_2d(shape(geometry))
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise ValueError("The coordinates of the polygon cannot be read.") from None
    if found.is_empty or shapely.get_num_coordinates(found) > MOST_POINTS:
        raise ValueError(f"The polygon has no points, or more than {MOST_POINTS}.")
    west, south, east, north = found.bounds
    if not all(map(math.isfinite, found.bounds)):
        raise ValueError("The coordinates of the polygon cannot be read.")
    for latitude, longitude in ((south, west), (north, east)):
        if wrong := geography.misplaced(latitude, longitude):
            raise ValueError(wrong)
    if not found.is_valid:
        what = explain_validity(found).partition("[")[0].lower()
        raise ValueError(f"The polygon crosses itself or has no area ({what}).")
    middle = found.representative_point()
    return Shape(
        geometry=mapping(found),
        west=west,
        south=south,
        east=east,
        north=north,
        latitude=round(middle.y, 6),
        longitude=round(middle.x, 6),
    )


def has(geometry: dict[str, Any], latitude: float, longitude: float) -> bool:
    """Say whether a point lies in a polygon, or on its edge."""
    import shapely  # noqa: PLC0415 - As in `checked`.
    from shapely.geometry import shape  # noqa: PLC0415 - The same.

    return bool(shape(geometry).covers(shapely.Point(longitude, latitude)))


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return how far two points (latitude, longitude) are apart on a sphere of the earth's size."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, each)) for each in (one, other))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
