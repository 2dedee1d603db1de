"""What may be kept as the scan of a paper."""

from chassis.problems import Fault, Problem

MOST_BYTES = 5 * 1024 * 1024
"""Enough for a page at 300 dots an inch; a camera's own files are to be made smaller first."""
MOST_SCANS = 10
STARTS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
}
"""By what a file begins, whatever its name and its sender say of it."""
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


def media_type_of(content: bytes) -> str:
    """Return what a file is; 413 where it is too large, 415 where it is no picture and no PDF."""
    if len(content) > MOST_BYTES:
        fault = Fault(pointer="file", code="too_large", detail=f"has more than {MOST_BYTES} bytes")
        raise Problem(413, "body-too-large", "The scan is too large.", errors=[fault])
    for start, media_type in STARTS.items():
        if content.startswith(start):
            return media_type
    raise Problem(415, "unsupported-media", "A scan is a JPEG, a PNG or a PDF.")


def refuse_more(kept: int) -> None:
    if kept >= MOST_SCANS:
        detail = f"There are {kept} scans of this person's papers; take one away first."
        raise Problem(409, "too-many-scans", detail)


def refuse_without_paper(kind: str, papers: list[str]) -> None:
    """Refuse the scan of a paper that the record does not have: it would be nobody's proof."""
    if kind not in papers:
        fault = Fault(
            pointer="query/document_type",
            code="no_such_document",
            detail="is not the type of a paper on this record",
        )
        detail = "The record has no such paper; add it to `documents` first."
        raise Problem(422, "no-such-document", detail, errors=[fault])
