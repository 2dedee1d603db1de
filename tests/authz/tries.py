"""What an operation is tried on: a record of each kind, in each situation."""

from chassis.policy import Operation, policy
from tests.authz import counted, field_work, merges, need_to_know, occasions
from tests.authz.administration import dead_letter, made_by_another_administrator
from tests.authz.world import World, new_assignment

JOBS = {"register": "import_persons", "gazetteer": "import_places", "workbook": "import_round"}
JOBS |= {
    "submission_file": "import_submissions",
    "share_list": "share_list",
    "series": "import_series",
    "sea_table": "import_sea_totals",
    "duplicate_scan": "rescan_duplicates",
    "publication_draft": "draft_publication",
}


async def add(world: World, situation: str) -> None:
    await need_to_know.add(world, situation)
    await occasions.add(world, situation)
    await merges.add(world, situation)
    await counted.add(world, situation)
    await field_work.add(world, situation)


async def ids_of(world: World, name: str, situation: str) -> dict[str, str]:
    """Return what an operation is tried on: what the try would use up is made for it."""
    method, path = name.split(" ")
    needed = needs(name)
    ids = dict(world.ids[situation])
    ids["job_id"] = ids.get(JOBS.get(needed.resource, ""), "")
    ids["share_id"] = ids.get(f"{path.split('/')[2]} share", "")
    ids["site_id"] = ids[field_work.site_at(path)]
    if path.startswith("/v1/identity/") and "{" in path:
        ids |= await made_by_another_administrator(world, path, situation)
    elif needed.resource in merges.PREPARED and situation != "erased":
        ids = await merges.prepared(world, name, situation)
    elif "{assignment_id}" in path:
        ids["assignment_id"] = await new_assignment(world, situation)
    elif "{informant_id}" in path and method != "GET":
        ids["informant_id"] = await field_work.informant(world, situation)
    elif "{letter_id}" in path:
        service = path.split("/")[2]
        ids["letter_id"] = await dead_letter(world, service, situation)
    elif "{scan_id}" in path:
        ids["scan_id"] = await need_to_know.scan(world, situation)
    elif "{own_file_id}" in path:
        ids["own_file_id"] = await need_to_know.closed_file(world, situation)
    ids["note_id"] = ids["medical note" if "/medical-notes" in path else "protection note"]
    return ids


def needs(name: str) -> Operation:
    for rows in policy().operations.values():
        if name in rows:
            return rows[name]
    raise LookupError(name)
