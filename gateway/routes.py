"""Which service answers which path: the whole map of the gateway."""

DISPLACEMENT = "/v3/displacement/"
"""Where IOM's DTM API has its figures: programs written for it find them under the same path."""
ROUTES = {
    "/v1/registration/": "registration",
    "/v1/assistance/": "assistance",
    "/v1/returns/": "returns",
    "/v1/tracking/": "tracking",
    DISPLACEMENT: "tracking",
}

SERVICES = tuple(dict.fromkeys(ROUTES.values()))


def service_for(path: str) -> str | None:
    """Return the service whose prefix the path has; the path itself is passed on unchanged."""
    second_slash = path.find("/", len("/v1/"))
    return ROUTES.get(path[: second_slash + 1]) if second_slash > 0 else None
