"""Keep households and who belongs to them."""

import secrets

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('household',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('case_number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('household_ref', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('location_pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('head_absence', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('collector_person_id', sa.Uuid(), nullable=True),
    sa.Column('alternate_person_id', sa.Uuid(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('joined_into', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('told_version', sa.Integer(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_household')),
    sa.UniqueConstraint('case_number', name=op.f('uq_household_case_number'))
    )
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_household_alternate_person_id'), ['alternate_person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_collector_person_id'), ['collector_person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_joined_into'), ['joined_into'], unique=False)
        batch_op.create_index('ix_household_not_told', ['id'], unique=False, postgresql_where=sa.text('told_version < version'), sqlite_where=sa.text('told_version < version'))
        batch_op.create_index(batch_op.f('ix_household_organisation_id'), ['organisation', 'id'], unique=False)
        batch_op.create_index('ix_household_reference', ['organisation', 'kind', 'household_ref'], unique=True, postgresql_where=sa.text('ended_on is null or joined_into is not null'), sqlite_where=sa.text('ended_on is null or joined_into is not null'))

    op.create_table('household_member',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('household_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('relationship_to_head', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('came_because', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('left_because', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('recorded_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_household_member'))
    )
    with op.batch_alter_table('household_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_household_member_household_id_id'), ['household_id', 'id'], unique=False)
        batch_op.create_index('ix_household_member_in_one_household', ['person_id'], unique=True, postgresql_where=sa.text("until is null and kind = 'household'"), sqlite_where=sa.text("until is null and kind = 'household'"))
        batch_op.create_index('ix_household_member_once_in_each', ['household_id', 'person_id'], unique=True, postgresql_where=sa.text('until is null'), sqlite_where=sa.text('until is null'))
        batch_op.create_index(batch_op.f('ix_household_member_person_id'), ['person_id'], unique=False)

    _form_those_that_are_named()



def downgrade() -> None:
    with op.batch_alter_table('household_member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_member_person_id'))
        batch_op.drop_index('ix_household_member_once_in_each', postgresql_where=sa.text('until is null'), sqlite_where=sa.text('until is null'))
        batch_op.drop_index('ix_household_member_in_one_household', postgresql_where=sa.text("until is null and kind = 'household'"), sqlite_where=sa.text("until is null and kind = 'household'"))
        batch_op.drop_index(batch_op.f('ix_household_member_household_id_id'))

    op.drop_table('household_member')
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.drop_index('ix_household_reference', postgresql_where=sa.text('ended_on is null or joined_into is not null'), sqlite_where=sa.text('ended_on is null or joined_into is not null'))
        batch_op.drop_index(batch_op.f('ix_household_organisation_id'))
        batch_op.drop_index('ix_household_not_told', postgresql_where=sa.text('told_version < version'), sqlite_where=sa.text('told_version < version'))
        batch_op.drop_index(batch_op.f('ix_household_joined_into'))
        batch_op.drop_index(batch_op.f('ix_household_collector_person_id'))
        batch_op.drop_index(batch_op.f('ix_household_alternate_person_id'))

    op.drop_table('household')


def _form_those_that_are_named() -> None:
    """Let people who were registered before be in the household that they have named."""
    person = sa.table(
        'person',
        *(sa.column(each) for each in ('organisation', 'household_ref', 'relationship_to_head')),
        *(sa.column(each) for each in ('location_pcode', 'created_by')),
        sa.column('id', sa.Uuid()),
        sa.column('registered_on', sa.Date()),
    )
    told = sa.select(person).where(person.c.household_ref.is_not(None)).order_by(person.c.id)
    known, households, members = {}, [], []
    for each in op.get_bind().execute(told):
        name = (each.organisation, each.household_ref)
        if name not in known:
            known[name] = chassis.clock.new_id()
            households.append(_household(known[name], each))
        members.append(_member(known[name], each))
    if members:
        op.bulk_insert(_table('household', households[0]), households)
        op.bulk_insert(_table('household_member', members[0]), members)


def _table(name, row):
    types = {'created_at': chassis.clock.UtcDateTime(), 'recorded_at': chassis.clock.UtcDateTime()}
    types |= {each: sa.Uuid() for each in ('id', 'household_id', 'person_id')}
    types |= {'since': sa.Date()}
    return sa.table(name, *(sa.column(each, types.get(each)) for each in row))


def _household(id_, person):
    return {
        'id': id_,
        'case_number': _number(),
        'kind': 'household',
        'organisation': person.organisation,
        'household_ref': person.household_ref,
        'location_pcode': person.location_pcode,
        'version': 1,
        'told_version': 0,
        'created_by': person.created_by,
        'created_at': chassis.clock.now(),
    }


def _member(household_id, person):
    return {
        'id': chassis.clock.new_id(),
        'household_id': household_id,
        'person_id': person.id,
        'kind': 'household',
        'relationship_to_head': person.relationship_to_head,
        'since': person.registered_on,
        'came_because': 'registered',
        'recorded_by': person.created_by,
        'recorded_at': chassis.clock.now(),
    }


def _number():
    """Return a number as the households' rules.py makes them, with its check character."""
    alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
    digits = [secrets.randbelow(32) for _ in range(9)]
    doubled = [value * (2 if place % 2 == 0 else 1) for place, value in enumerate(digits[::-1])]
    check = -sum(value // 32 + value % 32 for value in doubled) % 32
    word = ''.join(alphabet[each] for each in [*digits, check])
    return f'H-{word[:3]}-{word[3:6]}-{word[6:9]}-{word[9]}'
