"""Files that come in: read with limits, and their text decoded strictly."""

from contextlib import suppress
from dataclasses import dataclass
from email.message import Message

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from chassis.charsets import CHARSETS, shown_by
from chassis.problems import Fault, Problem

MOST_FILES = 20
BYTE_ORDER_MARK = "\ufeff"
"""By it spreadsheets know UTF-8."""
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How XLS begins, and any workbook under a password."""

MULTIPART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""What an operation that reads files says of itself in OpenAPI."""


@dataclass(frozen=True)
class Upload:
    """One file of a request, whole in memory; the chassis has bounded its size."""

    name: str
    content: bytes
    charset: str | None = None
    """In what its text is written, if that was told."""


async def read_files(request: Request) -> list[Upload]:
    """Return the files of a multipart request, in order, whatever their fields are called."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Problem(415, "unsupported-media", "Send the file as multipart/form-data.")
    try:
        form = await request.form(max_files=MOST_FILES, max_fields=MOST_FILES)
    except (MultiPartException, ValueError, KeyError, UnicodeDecodeError):
        raise Problem(400, "malformed-body", "The multipart body could not be read.") from None
    except ClientDisconnect:
        # Nobody reads the answer; but it is who sent half of a file that failed, and not we.
        raise Problem(400, "malformed-body", "The body ended before it was whole.") from None
    parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    files = [
        Upload(part.filename or "file", await part.read(), _charset(part.content_type))
        for part in parts
    ]
    await form.close()
    if not files:
        raise Problem(422, "file-missing", "The request has no file; send it as the part `file`.")
    return files


def _charset(content_type: str | None) -> str | None:
    header = Message()
    header["Content-Type"] = content_type or ""
    return header.get_content_charset()


def decode(upload: Upload) -> str:
    """
    Return the text of a file: UTF-8, UTF-16 or UTF-32 as its bytes show, or what its part names.

    A spreadsheet on Windows writes Arabic in windows-1256, in which any bytes are some letters, so
    it is never guessed: `Content-Type: text/csv; charset=windows-1256` of the part says it.
    """
    if upload.content.startswith(OLD_WORKBOOK):
        detail = "The file is a workbook in XLS, or one under a password; save it as XLSX without."
        raise Problem(422, "workbook-unreadable", detail)
    charset = upload.charset or "utf-8"
    if charset not in CHARSETS:
        detail = f"The charset of the part is one of: {', '.join(CHARSETS)}."
        raise Problem(422, "wrong-encoding", detail)
    read_as = shown_by(upload.content) or charset
    _refuse_if_unicode(upload.content, read_as)
    try:
        text = upload.content.decode(CHARSETS.get(read_as, read_as))
    except UnicodeDecodeError as error:
        line = upload.content[: error.start].count(b"\n") + 1
        fault = Fault(pointer=f"line/{line}", code="encoding", detail=f"Not {read_as} from here.")
        detail = (
            f"The file is not {read_as}. Save it as 'CSV UTF-8', or name the charset of its part, "
            "as in `Content-Type: text/csv; charset=windows-1256`."
        )
        raise Problem(422, "wrong-encoding", detail, errors=[fault]) from None
    if "\0" in text:
        line = text.partition("\0")[0].count("\n") + 1
        fault = Fault(pointer=f"line/{line}", code="nul", detail="A NUL, which is no letter.")
        detail = "The file holds NUL characters; it is not a text file, or it is damaged."
        raise Problem(422, "wrong-encoding", detail, errors=[fault])
    return text


def _refuse_if_unicode(content: bytes, charset: str) -> None:
    """Refuse UTF-8 that was named as something else: any bytes are letters there, and wrong."""
    if charset.startswith("utf") or content.isascii():
        return
    with suppress(UnicodeDecodeError):
        content.decode()
        detail = f"The part names the charset {charset}, and the file is UTF-8: name that, or none."
        raise Problem(422, "wrong-encoding", detail)
