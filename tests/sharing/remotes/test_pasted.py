"""Pulling what was pasted: over HTTP, from links, and by `import` as by `pull`."""

from __future__ import annotations

import http.server
import shutil
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from adapterxlt.errors import AdapterXLTError, MissingError
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import pack
from tests.sharing.remotes.transfer import content, fetch_all, publish


@dataclass
class Served:
    url: str
    folder: Path
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    state = Served("", tmp_path / "served")
    state.folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            state.asked.append(self.path)
            super().do_GET()

    handler = partial(Handler, directory=str(state.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        server.shutdown()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["artifact", *map(str, arguments)])


@pytest.mark.parametrize(
    "pasted",
    ["p%20q/nli%20%C3%BC.axlt", "p q/nli ü.axlt", "p%20q/nli%20ü.axlt?download=1", "p q/folder",
     "p%20q/folder/", "p%20q/other.tar", "p%20q/other.tar?key=a%2Fb", "p%20q/nli%20%C3%BC.axlt#x"],
)  # fmt: skip
def test_pasted_web_addresses(
    made: FolderSource, tmp_path: Path, served: Served, pasted: str
) -> None:
    place = served.folder / "p q"
    place.mkdir()
    pack(made, place / "nli ü.axlt")
    shutil.copyfile(place / "nli ü.axlt", place / "other.tar")
    shutil.copytree(made.where, place / "folder")
    assert fetch_all(f" <{served.url}/{pasted}> ", tmp_path / "store") == content(made)
    for command in ("pull", "import"):
        result = run(command, f"{served.url}/{pasted}", "--no-load", "--workdir", tmp_path / "w")
        assert result.exit_code == 0, result.output
    assert not any("%25" in path for path in served.asked)
    if "?" in pasted:
        query = urllib.parse.urlsplit(pasted).query
        assert any(path.endswith(f"?{query}") for path in served.asked)


def test_what_is_not_there(served: Served, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"x%20y\.axlt: does not exist"):
        fetch_all(f"{served.url}/x y.axlt", tmp_path / "store")
    with pytest.raises(MissingError, match="there is no artifact"):
        fetch_all(f"{served.url}/x", tmp_path / "store")
    (served.folder / "x").write_text("no bundle")
    with pytest.raises(MissingError, match="there is no artifact"):
        fetch_all(f"{served.url}/x", tmp_path / "store")
    with pytest.raises(AdapterXLTError) as refused:
        fetch_all(f"{served.url}/y?token=secret", tmp_path / "store")
    assert "secret" not in str(refused.value)


def test_links_to_packed_files_and_file_urls(made: FolderSource, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    pack(made, tmp_path / "a b/nli.axlt")
    shutil.copyfile(tmp_path / "a b/nli.axlt", tmp_path / "plain")
    (tmp_path / "link.axlt").symlink_to("a b/nli.axlt")
    (tmp_path / "folder").symlink_to(made.where)
    for address in (
        tmp_path / "link.axlt",
        tmp_path / "plain",
        tmp_path / "folder",
        (tmp_path / "a b/nli.axlt").as_uri(),
        f"file://{tmp_path}/a b/nli.axlt",
        (tmp_path / "folder").as_uri().replace("file", "FILE", 1),
    ):
        assert fetch_all(str(address), tmp_path / "store") == content(made)
        for command in ("pull", "import"):
            result = run(command, address, "--no-load", "--workdir", tmp_path / "work")
            assert result.exit_code == 0, result.output


def test_what_push_prints_is_pulled(
    made: FolderSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("p q", "p%20q", "büro", "a'b", "a#b?c"):
        for url in (name, str(tmp_path / name), (tmp_path / name).as_uri()):
            pushed = publish(made, url)
            assert " " not in pushed.url
            assert fetch_all(pushed.url, tmp_path / "store") == content(made)
        assert (tmp_path / name).is_dir()
    printed = run("push", made.where, tmp_path / "p q").stdout.splitlines()[-1]
    assert printed.split()[:3] == ["adapterxlt", "artifact", "pull"]
    assert run("pull", printed.split()[3], "--no-load", "--workdir", "w").exit_code == 0


def test_a_url_in_place_of_a_path_is_explained(tmp_path: Path, made: FolderSource) -> None:
    result = run("verify", "https://ann:secret@host/x")
    assert result.exit_code == 2
    assert "is not on this machine" in result.stderr
    assert "secret" not in result.stderr
    assert run("verify", made.where.as_uri(), "--no-load").exit_code == 0


def test_the_only_artifact_of_a_folder_is_imported(made: FolderSource, tmp_path: Path) -> None:
    """As an unpacked archive holds it: in a folder of its own, beside a desktop's."""
    place = tmp_path / "unpacked"
    shutil.copytree(made.where, place / "nli")
    (place / "__MACOSX").mkdir()
    result = run("import", place, "--no-load", "--workdir", tmp_path / "work")
    assert result.exit_code == 0, result.output
