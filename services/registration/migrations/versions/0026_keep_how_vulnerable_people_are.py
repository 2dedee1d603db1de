"""Keep how vulnerable people are."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('vulnerability_assessment',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('instrument', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('answers', sa.LargeBinary(), nullable=False),
    sa.Column('level', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('assessed_on', sa.Date(), nullable=False),
    sa.Column('next_review_on', sa.Date(), nullable=False),
    sa.Column('assessed_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_vulnerability_assessment_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vulnerability_assessment'))
    )
    with op.batch_alter_table('vulnerability_assessment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_vulnerability_assessment_person_id'), ['person_id'], unique=False)

    op.create_table('vulnerability_change',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('level', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('because', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('assessment_id', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.LargeBinary(), nullable=True),
    sa.Column('known_from', sa.Date(), nullable=False),
    sa.Column('changed_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('changed_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_vulnerability_change_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vulnerability_change')),
    sa.UniqueConstraint('person_id', 'version', name=op.f('uq_vulnerability_change_person_id_version'))
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('vulnerability_level', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('vulnerability_review_on', sa.Date(), nullable=True))
        batch_op.create_index(batch_op.f('ix_person_vulnerability_review_on'), ['vulnerability_review_on'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_vulnerability_review_on'))
        batch_op.drop_column('vulnerability_review_on')
        batch_op.drop_column('vulnerability_level')

    op.drop_table('vulnerability_change')
    with op.batch_alter_table('vulnerability_assessment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_vulnerability_assessment_person_id'))

    op.drop_table('vulnerability_assessment')
