"""Alembic's door to the tables of the gateway."""

from chassis import migrations
from gateway import main

migrations.run(main.SERVICE.tables.metadata)
