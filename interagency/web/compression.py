"""Pages, styles and scripts leave gzipped where the reader's browser takes that and nobody did it before.

What this means for secrets on a page stands in docs/security.md.
"""

from __future__ import annotations

import gzip
import io
import secrets
from functools import lru_cache

from flask import request
from werkzeug.wrappers import Response

# Not what programs ask for: their ETags are versions, which a compressed answer could not carry; feeds have gzip of
# their own (calendar/feeds/serving).
COMPRESSED = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"})
BARE = frozenset({204, 206, 304})
SMALLEST, LARGEST, LEVEL = 1000, 8 * 1024 * 1024, 5
# So many letters, or fewer, stand in the header of a page's gzip: its length says nothing of single letters in it.
PADDING = 100


def compress(response: Response) -> Response:
    """The answer gzipped, with the headers that say so; as it is where it is small, streamed or no text.

    Its ETag becomes a weak one: the bytes are others, the content is the same (RFC 9110, 8.8.3).
    """
    if response.mimetype not in COMPRESSED or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code in BARE or request.accept_encodings["gzip"] <= 0:
        return response
    is_file = request.endpoint == "static"
    if response.is_streamed and not is_file:
        return response
    if not SMALLEST <= (response.content_length or response.calculate_content_length() or 0) <= LARGEST:
        return response
    if is_file:
        response.direct_passthrough = False
    body = response.get_data()
    response.set_data(_compressed_file(body) if is_file else gzipped(body, secrets.randbelow(PADDING + 1)))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, _is_weak = response.get_etag()
    if tag is not None:
        response.set_etag(tag, weak=True)
    return response


def gzipped(body: bytes, padding: int = 0) -> bytes:
    """`body` as one gzip member without a time in it, with a file name of `padding` letters, which nobody reads."""
    kept = io.BytesIO()
    with gzip.GzipFile(filename="n" * padding, mode="wb", compresslevel=LEVEL, fileobj=kept, mtime=0) as file:
        file.write(body)
    return kept.getvalue()


@lru_cache(maxsize=64)
def _compressed_file(body: bytes) -> bytes:
    """A file of the service, which is the same for everybody: compressed once."""
    return gzipped(body)
