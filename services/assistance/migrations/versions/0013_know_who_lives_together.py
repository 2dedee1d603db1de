"""Know who lives together."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('household',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('location_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('head_person_id', sa.Uuid(), nullable=True),
    sa.Column('collector_person_id', sa.Uuid(), nullable=True),
    sa.Column('alternate_person_id', sa.Uuid(), nullable=True),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('joined_into', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_household'))
    )
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_household_alternate_person_id'), ['alternate_person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_collector_person_id'), ['collector_person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_head_person_id'), ['head_person_id'], unique=False)

    op.create_table('household_member',
    sa.Column('household_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('household_id', 'person_id', name=op.f('pk_household_member'))
    )
    with op.batch_alter_table('household_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_household_member_person_id'), ['person_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('household_member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_member_person_id'))

    op.drop_table('household_member')
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_head_person_id'))
        batch_op.drop_index(batch_op.f('ix_household_collector_person_id'))
        batch_op.drop_index(batch_op.f('ix_household_alternate_person_id'))

    op.drop_table('household')
