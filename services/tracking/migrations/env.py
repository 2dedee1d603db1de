"""Alembic's door to the tables of tracking."""

from chassis import migrations
from services.tracking import main

migrations.run(main.SERVICE.tables.metadata)
