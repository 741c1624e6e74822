"""What a web server may and may not make a pull do."""

from __future__ import annotations

import http.server
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, UsageError
from adapterxlt.sharing.remotes.http import HttpFiles, _Redirects
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import pack
from tests.sharing.remotes.transfer import content, fetch_all


@dataclass
class Odd:
    """A server that does what nginx does not do when asked: it cuts, and sends on anywhere."""

    url: str = ""
    content: bytes = b""
    cut: int = 0  # bytes after which the next answer breaks off
    to: str = ""  # where it sends on
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def odd() -> Iterator[Odd]:
    state = Odd()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            state.asked.append(self.headers["Range"] or "")
            if state.to and not self.path.startswith("/here/"):
                self.send_response(302)
                self.send_header("Location", state.to)
                self.end_headers()
                return
            start = int((self.headers["Range"] or "bytes=0-")[6:-1])
            body = state.content[start:]
            self.send_response(206 if start else 200 if body else 416)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if len(body) > state.cut > 0 and len(state.asked) > 2:  # not the look at its manifest
                body, state.cut = body[: state.cut], 0
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        server.shutdown()


def test_a_packed_file_that_is_cut_goes_on(made: FolderSource, tmp_path: Path, odd: Odd) -> None:
    pack(made, tmp_path / "nli.axlt")
    odd.content, odd.cut = (tmp_path / "nli.axlt").read_bytes(), 3000
    with pytest.raises(AdapterXLTError, match="the transfer ended early"):
        fetch_all(f"{odd.url}/nli.axlt", tmp_path / "store")
    (kept,) = (tmp_path / "store/.staging").glob("pull-*/bundle")
    assert kept.read_bytes() == odd.content[:3000]
    odd.asked.clear()
    files = fetch_all(f"{odd.url}/nli.axlt", tmp_path / "store")
    assert files == content(made)
    assert odd.asked == ["", "", "bytes=3000-"]
    assert not list((tmp_path / "store/.staging").iterdir())


def test_redirects_within_http_are_followed(odd: Odd) -> None:
    odd.content, odd.to = b"{}", "/here/manifest.json"
    assert HttpFiles(odd.url).read("manifest.json", 10) == b"{}"


@pytest.mark.parametrize("to", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x"])
def test_redirects_out_of_http_are_not(odd: Odd, to: str) -> None:
    odd.to = to
    with pytest.raises(AdapterXLTError, match=r"redirects to|is not allowed"):
        HttpFiles(odd.url).read("manifest.json", 10)


def test_from_https_only_https_is_followed() -> None:
    asked = urllib.request.Request("https://example.org/x")
    with pytest.raises(InvalidArtifactError, match="redirects to http://example"):
        _Redirects().redirect_request(
            asked,
            None,
            302,
            "",
            Message(),
            "http://example.org/y",  # type: ignore[arg-type]
        )


@pytest.mark.parametrize("url", ["https://ann:secret@host/x", "https://host/x?token=secret"])
def test_what_would_be_left_out_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        HttpFiles(url)
    assert "secret" not in str(refused.value)
