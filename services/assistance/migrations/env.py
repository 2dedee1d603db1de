"""Alembic's door to the tables of assistance."""

from chassis import migrations
from services.assistance import main

migrations.run(main.SERVICE.tables.metadata)
