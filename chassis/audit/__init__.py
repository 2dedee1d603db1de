"""Who saw and changed what: a record that cannot be altered without showing it."""

from chassis.audit.entries import (
    Actor,
    asker,
    last_not_shown,
    looking,
    note,
    read,
    subject_hash_of,
    system,
)
from chassis.audit.log import EntryOut, forget_subject, readers_of, readings_of

__all__ = [
    "Actor",
    "EntryOut",
    "asker",
    "forget_subject",
    "last_not_shown",
    "looking",
    "note",
    "read",
    "readers_of",
    "readings_of",
    "subject_hash_of",
    "system",
]
