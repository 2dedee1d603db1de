"""Keep scans of papers."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('document_scan',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('document_type', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('media_type', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('added_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('added_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_document_scan_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document_scan'))
    )
    with op.batch_alter_table('document_scan', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_document_scan_person_id'), ['person_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('document_scan', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_document_scan_person_id'))

    op.drop_table('document_scan')
