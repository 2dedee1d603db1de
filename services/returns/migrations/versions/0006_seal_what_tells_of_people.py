"""Seal what tells of people: mark what is in the clear, for the service to seal as it starts."""

import sqlalchemy as sa
from alembic import op

from chassis.unsealed import marked

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    become_bytes(dialect, 'return_case', 'steps')
    # Nobody asks again for the input of a job that is done.
    empty = "x''" if dialect == 'sqlite' else "decode('', 'hex')"
    op.execute(f"update job set payload = {empty} where status = 'done'")
    op.execute(f"update job set payload = {marked(dialect, 'payload', text=False)} where status <> 'done'")
    op.execute(f"update given_answer set body = {marked(dialect, 'body', text=False)}")


def become_bytes(dialect: str, table: str, column: str, *, nullable: bool = False) -> None:
    """Turn a column of text into one of bytes, marked to be sealed as the service starts."""
    # SQLite cannot change a type, and to build the table anew would break what points to it.
    default = None if nullable else sa.text("x'00'" if dialect == 'sqlite' else "decode('00', 'hex')")
    op.add_column(table, sa.Column('sealed', sa.LargeBinary(), nullable=nullable, server_default=default))
    op.execute(f'update {table} set sealed = {marked(dialect, column, text=True)} where {column} is not null')
    op.execute(f'alter table {table} drop column {column}')
    op.execute(f'alter table {table} rename column sealed to {column}')
    if dialect != 'sqlite' and not nullable:
        op.alter_column(table, column, server_default=None)


def downgrade() -> None:
    raise NotImplementedError("What is sealed is not put in the clear again; restore a backup.")
