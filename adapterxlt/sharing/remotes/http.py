"""Files of a web server, to read only. No torch."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from typing import IO, Any

from adapterxlt.errors import InvalidArtifactError, MissingError, UsageError
from adapterxlt.sharing.remotes.address import masked
from adapterxlt.sharing.remotes.base import BLOCK, SECONDS, told

_GONE = (404, 410)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect from https to anything else, nor out of HTTP."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme not in ("https", req.type):
            raise InvalidArtifactError(
                f"{masked(req.full_url)}: the server redirects to {masked(newurl)[:200]}",
                hint="only redirects to https, or from http to http, are followed",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class HttpFiles:
    """Interrupted reads go on by Range requests; a server that knows none sends all again.

    Args:
        url: of a folder, percent-encoded.
        one: it is that of a single file, whose name is "" here; a query is sent along.

    Raises:
        UsageError: the URL holds a password or a query, which would not be sent.
    """

    def __init__(self, url: str, *, one: bool = False) -> None:
        self.url, self.shown = url.rstrip("/"), masked(url)
        if "@" in urllib.parse.urlsplit(url).netloc or ("?" in url and not one):
            raise UsageError(
                f"{self.shown}: http(s) URLs cannot contain user names, passwords or queries",
                hint="use sftp://, s3:// or hf:// where you need to log in",
            )
        self._opener = urllib.request.build_opener(_Redirects())

    def _open(self, name: str, offset: int) -> Any:
        place = f"{self.url}/{urllib.parse.quote(name)}" if name else self.url
        request = urllib.request.Request(place)
        if offset:
            request.add_header("Range", f"bytes={offset}-")
        return self._opener.open(request, timeout=SECONDS)

    def read(self, name: str, limit: int) -> bytes | None:
        with told(self.shown):
            try:
                with self._open(name, 0) as response:
                    return bytes(response.read(limit + 1))
            except urllib.error.HTTPError as error:
                if error.code in _GONE:
                    return None
                raise

    def blocks(self, name: str, offset: int) -> Iterator[bytes]:
        with told(self.shown):
            try:
                response = self._open(name, offset)
            except urllib.error.HTTPError as error:
                if error.code in _GONE:
                    raise MissingError(
                        f"{self.shown}/{name}".rstrip("/") + ": does not exist"
                    ) from None
                if error.code == 416:  # there is nothing from that byte on
                    return
                raise
            with response:
                skip = 0 if response.status == 206 else offset
                while block := response.read(BLOCK):
                    yield block[skip:]
                    skip = max(0, skip - len(block))
                if response.length:  # what was announced and did not come
                    raise ConnectionError(f"{name}: the transfer ended early")
