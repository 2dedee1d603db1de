"""Give a household its item once."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('served',
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('entitlement_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['entitlement_id'], ['entitlement.id'], name=op.f('fk_served_entitlement_id_entitlement')),
    sa.PrimaryKeyConstraint('programme_id', 'person_id', name=op.f('pk_served'))
    )
    with op.batch_alter_table('served', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_served_entitlement_id'), ['entitlement_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_served_person_id'), ['person_id'], unique=False)

    with op.batch_alter_table('distribution', schema=None) as batch_op:
        batch_op.add_column(sa.Column('household_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('collected_by', sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f('ix_distribution_collected_by'), ['collected_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_distribution_household_id'), ['household_id'], unique=False)

    with op.batch_alter_table('entitlement', schema=None) as batch_op:
        batch_op.add_column(sa.Column('household_id', sa.Uuid(), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_entitlement_programme_id_person_id'), type_='unique')
        batch_op.create_index('uq_entitlement_programme_id_person_id', ['programme_id', 'person_id'], unique=True, sqlite_where=sa.text('household_id IS NULL'), postgresql_where=sa.text('household_id IS NULL'))
        batch_op.create_index(batch_op.f('ix_entitlement_household_id'), ['household_id'], unique=False)
        batch_op.create_index('uq_entitlement_programme_id_household_id', ['programme_id', 'household_id'], unique=True)

    with op.batch_alter_table('programme', schema=None) as batch_op:
        batch_op.add_column(sa.Column('item_per', sqlmodel.sql.sqltypes.AutoString(), server_default='person', nullable=False))



def downgrade() -> None:
    # What households have has no place in the older tables, where each entitlement is one person's.
    op.execute("DELETE FROM served")
    op.execute("DELETE FROM distribution WHERE household_id IS NOT NULL")
    op.execute("DELETE FROM entitlement WHERE household_id IS NOT NULL")
    with op.batch_alter_table('programme', schema=None) as batch_op:
        batch_op.drop_column('item_per')

    with op.batch_alter_table('entitlement', schema=None) as batch_op:
        batch_op.drop_index('uq_entitlement_programme_id_household_id')
        batch_op.drop_index(batch_op.f('ix_entitlement_household_id'))
        batch_op.drop_index('uq_entitlement_programme_id_person_id', sqlite_where=sa.text('household_id IS NULL'), postgresql_where=sa.text('household_id IS NULL'))
        batch_op.create_unique_constraint(batch_op.f('uq_entitlement_programme_id_person_id'), ['programme_id', 'person_id'])
        batch_op.drop_column('household_id')

    with op.batch_alter_table('distribution', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_distribution_household_id'))
        batch_op.drop_index(batch_op.f('ix_distribution_collected_by'))
        batch_op.drop_column('collected_by')
        batch_op.drop_column('household_id')

    with op.batch_alter_table('served', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_served_person_id'))
        batch_op.drop_index(batch_op.f('ix_served_entitlement_id'))

    op.drop_table('served')
