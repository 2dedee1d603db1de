"""Alembic's door to the tables of registration."""

from chassis import migrations
from services.registration import main

migrations.run(main.SERVICE.tables.metadata)
