"""Keep the words of names by which people are found; everybody is gone through once more."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('name_key',
    sa.Column('key', sa.BigInteger(), nullable=False),
    sa.Column('born_in', sa.Integer(), nullable=False),
    sa.Column('mantika', sa.String(), nullable=False),
    sa.Column('skeleton', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('key', 'born_in', 'mantika', 'skeleton', 'person_id', name=op.f('pk_name_key'))
    )
    with op.batch_alter_table('name_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_name_key_person_id'), ['person_id'], unique=False)
    # The step that looks for doubles keeps the words too, of whoever it has not gone through.
    op.execute("UPDATE person SET matched_version = 0")


def downgrade() -> None:
    with op.batch_alter_table('name_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_name_key_person_id'))
    op.drop_table('name_key')
