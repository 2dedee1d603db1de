"""What keeps the record from being altered by the service's own role: for migrations."""

from alembic import op

KEPT = ("audit_entry", "audit_seal")
ONLY_ADDED = "entries and seals of the audit are only ever added"


def protect() -> None:
    """
    Let nobody update or delete entries and seals; of a subject only the name can be emptied.

    PostgreSQL refuses by missing privileges, and by triggers to those whom privileges do not
    bind; SQLite has triggers alone.
    """
    if op.get_bind().dialect.name == "postgresql":
        _protect_postgresql()
    else:
        _protect_sqlite()


def _protect_postgresql() -> None:
    op.execute(
        f"""create function audit_only_added() returns trigger language plpgsql as $$
        begin
          raise exception '{ONLY_ADDED}' using errcode = 'insufficient_privilege';
        end $$"""
    )
    for table in KEPT:
        op.execute(
            f"create trigger {table}_only_added before update or delete on {table} "
            "for each row execute function audit_only_added()"
        )
    for table in (*KEPT, "audit_subject"):
        op.execute(
            f"create trigger {table}_never_emptied before truncate on {table} "
            "for each statement execute function audit_only_added()"
        )
    op.execute(
        "create trigger audit_subject_kept before delete on audit_subject "
        "for each row execute function audit_only_added()"
    )
    op.execute(
        "create trigger audit_subject_only_forgotten before update on audit_subject for each row "
        "when (new.subject is not null or new.hash is distinct from old.hash) "
        "execute function audit_only_added()"
    )
    op.execute(f"revoke update, delete, truncate on {', '.join(KEPT)} from current_user")
    op.execute("revoke delete, truncate on audit_subject from current_user")


def _protect_sqlite() -> None:
    refuse = f"begin select raise(abort, '{ONLY_ADDED}'); end"
    for table in KEPT:
        for change in ("update", "delete"):
            op.execute(f"create trigger {table}_no_{change} before {change} on {table} {refuse}")
    op.execute(f"create trigger audit_subject_no_delete before delete on audit_subject {refuse}")
    op.execute(
        "create trigger audit_subject_only_forgotten before update on audit_subject "
        f"when new.subject is not null or new.hash is not old.hash {refuse}"
    )


def unprotect() -> None:
    """Take the protection away, so that the tables can be dropped."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function audit_only_added() cascade")
