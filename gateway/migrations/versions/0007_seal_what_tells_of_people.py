"""Seal what tells of people: mark what is in the clear, for the service to seal as it starts."""

from alembic import op

from chassis.unsealed import marked

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    # Nobody asks again for the input of a job that is done.
    empty = "x''" if dialect == 'sqlite' else "decode('', 'hex')"
    op.execute(f"update job set payload = {empty} where status = 'done'")
    op.execute(f"update job set payload = {marked(dialect, 'payload', text=False)} where status <> 'done'")
    op.execute(f"update given_answer set body = {marked(dialect, 'body', text=False)}")


def downgrade() -> None:
    raise NotImplementedError("What is sealed is not put in the clear again; restore a backup.")
