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
from chassis.audit.log import forget_subject, readers_of

__all__ = [
    "Actor",
    "asker",
    "forget_subject",
    "last_not_shown",
    "looking",
    "note",
    "read",
    "readers_of",
    "subject_hash_of",
    "system",
]
