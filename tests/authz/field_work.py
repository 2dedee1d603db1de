"""What tracking knows, in each situation, and how its operations are tried."""

from datetime import timedelta
from typing import Any

from chassis.clock import now
from services.tracking.places.models import PlaceAlias
from services.tracking.sites.models import DETENTION, Site, SiteVersion
from tests.authz.world import BUILDER, ELSEWHERE, HERE, TESTER, World, organisation_of

IN_A_MANTIKA = {"place_pcode": HERE, "name_en": "A site"}
"""Refused as no muhalla, which is said to those only who may make one."""
RECORDED_WRONGLY = {"because": "recorded_wrongly", "authority": "Another"}
NEW: dict[str, Any] = {
    "POST /v1/tracking/places/{pcode}/aliases": {"name": "Another name"},
    "POST /v1/tracking/sites": IN_A_MANTIKA | {"kind": "camp"},
    "POST /v1/tracking/detention-centres": IN_A_MANTIKA,
}
BODIES: dict[str, Any] = {
    "PATCH /v1/tracking/sites/{site_id}": RECORDED_WRONGLY,
    "PATCH /v1/tracking/detention-centres/{site_id}": RECORDED_WRONGLY,
}
LISTED = {"site": "site_id", DETENTION: "site_id"}


def site_at(path: str) -> str:
    """Return by which name the world knows the site that a path is about."""
    return DETENTION if "/detention-centres" in path else "site"


async def add(world: World, situation: str) -> None:
    """Let there be a camp, a detention centre, and another name of a place."""
    alias = PlaceAlias(pcode=HERE, name=situation, added_by=BUILDER)
    world.ids[situation]["alias_id"] = str(alias.id)
    async with world.databases["tracking"].write() as session:
        session.add(alias)
        for name, kind in (("site", "camp"), (DETENTION, DETENTION)):
            site = Site(
                kind=kind,
                place_pcode=ELSEWHERE if situation == "other place" else HERE,
                name_en="A site",
                organisation=organisation_of(situation),
                created_by=TESTER if situation.startswith("own") else BUILDER,
                created_at=now() - timedelta(days=2 if "two days" in situation else 0),
            )
            world.ids[situation][name] = str(site.id)
            session.add(site)
            await session.flush()
            session.add(SiteVersion(**site.model_dump(), because="happened", recorded_by=BUILDER))
