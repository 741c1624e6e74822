"""Addresses as people paste them, and as they are printed so that they can be pasted. No torch.

http(s), sftp and file are URLs: `%20` is a blank, and a blank is one too. Names in s3:// and in
folders are raw: `%20` is three characters. Web pages of the Hub stand for their repository.
"""

from __future__ import annotations

import os
import re
import urllib.parse
import urllib.request
from pathlib import Path

from adapterxlt.errors import UsageError
from adapterxlt.sharing.bundle import SUFFIX

SCHEMES = ("file", "http", "https", "s3", "sftp", "hf")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_PASSWORD = r"(://[^/@:]*):(?!\d*/)([^/]*|.*)@"  # some hold a `@` or, by mistake, a `/`
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IN_URL = "/%~:@!$&'()*+,;=-._"
_IN_SHELL = "/~:@+,=-._"  # of a URL, what no shell takes for anything else
_BARE_HUB = re.compile(r"(www\.)?(huggingface\.co|hf\.co)/", re.IGNORECASE)
_PAGE = re.compile(r"/(?P<repo>[\w.-]+/[\w.-]+)(/(tree|blob|resolve|raw)/(?P<rest>.+))?")
_NOT_MODELS = ("datasets", "spaces", "docs", "papers", "collections", "api", "models")


def tidy(text: str) -> str:
    """An address without what pasting adds to it; the same if there is such a file or folder.

    Raises:
        UsageError: it is none.
    """
    if os.path.lexists(text):
        return text
    found = text.strip()
    for left, right in ("<>", '""', "''"):
        if len(found) > 2 and found.startswith(left) and found.endswith(right):
            found = found[1:-1].strip()
    if _BARE_HUB.match(found) and not os.path.lexists(found.partition("/")[0]):
        found = f"https://{found}"
    scheme = scheme_of(found)
    if "://" in found and not _DRIVE.match(found):
        found = f"{scheme}://{found.partition('://')[2]}"
    if scheme in ("http", "https"):
        return _page_of_hub(_web(found))
    if scheme == "sftp":
        split_sftp(found)  # before anything else takes it apart and quotes what it holds
    return found.rstrip("/") if scheme in ("hf", "s3") else found


def scheme_of(url: str) -> str:
    """`s3` of `s3://bucket/path`; `file` of a path.

    Raises:
        UsageError: nothing is known of such URLs.
    """
    scheme, separator, _ = url.partition("://")
    scheme = scheme.strip().lower()
    if not separator or _DRIVE.match(url):
        return "file"
    if scheme not in SCHEMES:
        raise UsageError(
            f"{masked(url)}: URLs that begin with `{scheme}://` are not supported",
            hint="supported: a folder, " + ", ".join(f"{known}://" for known in SCHEMES),
        )
    return scheme


def holds_password(url: str) -> bool:
    """Whether a URL has a password before its host."""
    return re.search(_PASSWORD, url) is not None


def masked(url: str) -> str:
    """A URL without the password and the query it may hold."""
    plain = "://" not in url or url.startswith(("file://", "s3://", "sftp://"))  # has no query
    shown = re.sub(_PASSWORD, r"\1:***@", url)  # first of all, as the password may hold a `?`
    return shown if plain else shown.partition("?")[0]


def local_path(text: str) -> Path | None:
    """The path that a path or a `file://` URL means; None of what lies on another machine."""
    url = tidy(text)
    return Path(path_of(url)) if scheme_of(url) == "file" else None


def path_of(url: str) -> str:
    """The path that `file://` or nothing is written before."""
    if not url.startswith("file://"):
        return url
    netloc, _, path = url.removeprefix("file://").partition("/")
    if netloc not in ("", "localhost"):
        raise UsageError(f"{masked(url)}: write file:///PATH for a path on this machine")
    return urllib.request.url2pathname(f"/{path}")


def split_sftp(url: str) -> tuple[urllib.parse.SplitResult, str]:
    """Server and path of an `sftp://` URL, which has no query and no fragment.

    Raises:
        UsageError: it has no server, or a password whose characters are not percent-encoded. The
            message does not quote the password, as that of urllib does.
    """
    netloc, _, path = url.removeprefix("sftp://").partition("/")
    user = netloc.rpartition("@")[0]
    try:
        server = urllib.parse.urlsplit(f"sftp://{netloc}")
        sound = bool(server.hostname) and server.port != 0  # reading the port checks it
    except ValueError:
        sound = False
    if not sound or re.search(r"[#?]", netloc) or re.search(r"[][]", user):
        name, colon, _ = netloc.partition(":")
        raise UsageError(
            f"sftp://{name}{colon and ':***'}: is not the address of an SFTP server",
            hint="percent-encode the password, if there is one: `#` is %23, `/` is %2F, `?` is "
            "%3F, `[` is %5B, `]` is %5D; a port is a number: sftp://USER:PASSWORD@HOST:PORT/PATH",
        )
    return server, urllib.parse.unquote(f"/{path}")


def is_packed(url: str) -> bool:
    """Whether an address is that of a packed file, by its name."""
    path = urllib.parse.urlsplit(url).path if scheme_of(url) in ("http", "https") else url
    return path.lower().endswith(SUFFIX)


def hub_file(url: str) -> tuple[str, str] | None:
    """`hf://OWNER/NAME@REVISION` and a file's name there, of the file's own web address."""
    parts = urllib.parse.urlsplit(url)
    page = _PAGE.fullmatch(parts.path)
    if not _is_hub(parts.netloc) or page is None or page["rest"] is None:
        return None
    revision, _, name = page["rest"].partition("/")
    repository = f"hf://{page['repo']}@{urllib.parse.unquote(revision)}"
    return (repository, urllib.parse.unquote(name)) if name else None


def printed(place: str) -> str:
    """An address as `pull` takes it, without blanks wherever there is a way to write it so."""
    scheme = scheme_of(place)
    if scheme == "sftp":
        server, slash, path = place.removeprefix("sftp://").partition("/")
        return f"sftp://{server}{slash}{_quoted(urllib.parse.unquote(path))}"
    if scheme == "file" and re.search(r"[^\w%@+=:,./~-]", place):
        return f"file://{_quoted(os.path.abspath(path_of(place)))}"
    return place


def _quoted(path: str) -> str:
    return urllib.parse.quote(path, safe=_IN_SHELL)


def _web(url: str) -> str:
    """A web address with every character that may not be in one percent-encoded, once."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        port = parts.port
    except (ValueError, UnicodeError):
        raise UsageError(f"{masked(url)}: is not the address of a web server") from None
    if not host:
        raise UsageError(f"{masked(url)}: is not the address of a web server")
    server = f"[{host}]" if ":" in host else host
    user, at, _ = parts.netloc.rpartition("@")
    netloc = f"{user}{at}{server}" + (f":{port}" if port else "")
    path = _encoded(parts.path).rstrip("/")
    return urllib.parse.urlunsplit((parts.scheme, netloc, path, _encoded(parts.query, "?"), ""))


def _encoded(text: str, more: str = "") -> str:
    return urllib.parse.quote(_STRAY_PERCENT.sub("%25", text), safe=_IN_URL + more)


def _page_of_hub(url: str) -> str:
    """`hf://` of a repository's web page; a packed file's own address stays as it is."""
    parts = urllib.parse.urlsplit(url)
    if not _is_hub(parts.netloc):
        return url
    page = _PAGE.fullmatch(parts.path)
    if page is None or page["repo"].partition("/")[0] in _NOT_MODELS:
        raise UsageError(
            f"{masked(url)}: is not the page of a model on the Hub",
            hint="write hf://OWNER/NAME or hf://OWNER/NAME@REVISION",
        )
    if is_packed(url):
        return urllib.parse.urlunsplit(parts._replace(query=""))
    revision = urllib.parse.unquote((page["rest"] or "main").partition("/")[0])
    return f"hf://{page['repo']}" + (f"@{revision}" if revision != "main" else "")


def _is_hub(netloc: str) -> bool:
    """Whether a server is the Hub, or the one that stands for it (`HF_ENDPOINT`)."""
    own = urllib.parse.urlsplit(os.environ.get("HF_ENDPOINT", "")).netloc
    known = ("huggingface.co", "www.huggingface.co", "hf.co", own)
    return bool(netloc) and netloc.lower() in known
