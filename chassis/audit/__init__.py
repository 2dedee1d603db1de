"""Who saw and changed what: a record that cannot be altered without showing it."""

from chassis.audit.entries import Actor, note, read, system
from chassis.audit.log import forget_subject, readers_of

__all__ = ["Actor", "forget_subject", "note", "read", "readers_of", "system"]
