"""Files that `make events` writes say what the code says."""

import json

from cli import events


def test_the_published_subscriptions_are_those_of_the_services() -> None:
    written = json.loads((events.PUBLISHED / "subscriptions.json").read_text())

    assert written == events.subscriptions()


def test_the_page_of_events_is_up_to_date() -> None:
    written = (events.ROOT / "docs" / "events.md").read_text()

    assert written == events.page(events.subscriptions())
