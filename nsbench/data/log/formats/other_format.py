"""Files in formats that aren't read, told by how they begin, and what to do about them."""

import re
from pathlib import Path

from nsbench.data.log.formats.text_file import GZIP_MAGIC
from nsbench.errors import LogError

OTHER_MAGIC = {
    GZIP_MAGIC: "gzip within gzip",
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ": "xz-compressed",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
ACCEPTED = (
    "accepted are CSV, TSV, other text with one of the separators tab , ; | blank or ::, JSON lines, Parquet, "
    "and the text ones compressed with gzip"
)


def check_format(path: Path, head: bytes, start: bytes) -> None:
    """Refuses a file that is in a format that isn't read.

    Args:
        path: The file.
        head: Its first bytes, unpacked.
        start: The same without a byte order mark and blanks at their beginning.

    Raises:
        LogError: It is in such a format.
    """
    for magic, what in OTHER_MAGIC.items():
        if head.startswith(magic):
            raise LogError(f"{path} is {what}, which isn't read: {ACCEPTED}. Unpack or convert it first.")
    if re.match(rb"\[\s*[\[{\"\d\]]", start) or start == b"[":
        raise LogError(
            f"{path} is a JSON array, which isn't read: {ACCEPTED}. JSON lines have one object a line, without brackets "
            "around them and commas between them; jq -c '.[]' writes them."
        )
