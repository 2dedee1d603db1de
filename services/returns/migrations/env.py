"""Alembic's door to the tables of returns."""

from chassis import migrations
from services.returns import main

migrations.run(main.SERVICE.tables.metadata)
