"""A stand-in for the Hugging Face Hub on the loopback interface.

There is no Hub that can be installed here, so this answers, from memory, the part of its HTTP API
that huggingface_hub calls to publish and fetch a model: it is no proof that the real one does the
same. The client in the tests is the real huggingface_hub. Uploads go the way of LFS, in one or
several parts; Xet, which the client may offer, is not taken up. Large files are redirected to a
second server, as the Hub does to its storage, which must not see anybody's token.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import unquote, urlsplit

PART_BYTES = 1 << 16  # a larger file is uploaded in parts of this size
OWNER = "ann"
WRITER, READER, STRANGER = "hf_writerSECRET1", "hf_readerSECRET2", "hf_strangerSECRET3"
USERS = {WRITER: OWNER, READER: OWNER, STRANGER: "bob"}


@dataclass(frozen=True)
class Commit:
    """Content of small files, and hashes of large ones, by path."""

    sha: str
    small: dict[str, bytes]
    large: dict[str, str]

    def oids(self) -> dict[str, str]:
        """What the Hub calls the content of every file."""
        return {path: _git_hash(content) for path, content in self.small.items()} | self.large


FIRST = Commit("0" * 40, {}, {})


@dataclass
class Repository:
    """Commits by branch; and by their hash, which stay."""

    private: bool
    branches: dict[str, Commit] = field(default_factory=lambda: {"main": FIRST})
    history: dict[str, Commit] = field(default_factory=lambda: {FIRST.sha: FIRST})

    def at(self, revision: str) -> Commit:
        """The commit of a branch or of that hash.

        Raises:
            Refusal: there is none.
        """
        found = self.branches.get(revision) or self.history.get(revision)
        if found is None:
            raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return found

    def commit(self, branch: str, small: dict[str, bytes], large: dict[str, str]) -> Commit:
        """Put a new commit on a branch."""
        made = Commit(f"{len(self.history):040d}", small, large)
        self.branches[branch] = self.history[made.sha] = made
        return made


@dataclass
class Hub:
    """What the stand-in holds, what it was asked, and how it shall fail."""

    url: str = ""
    storage: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)  # "METHOD path" at the Hub and the storage
    storage_headers: list[str] = field(default_factory=list)
    refuse_upload: int = 0  # the storage refuses uploads from this one on
    uploads: Iterator[int] = field(default_factory=lambda: count(1))
    cut_download: int = 0  # bytes after which a download from storage breaks off, once

    def files(self, name: str, branch: str = "main") -> dict[str, bytes]:
        """Content of all files of a branch."""
        commit = self.repositories[name].at(branch)
        return commit.small | {path: self.objects[oid] for path, oid in commit.large.items()}

    def writes(self) -> list[str]:
        """Requests that send something, but for the check of the card."""
        return [line for line in self.requests if not line.startswith(("GET", "HEAD"))]


class Refusal(Exception):  # noqa: N818  # an answer, not a mistake of this program
    """An answer other than what was asked for."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def handle_one(self) -> None:
        self.hub.requests.append(f"{self.command} {urlsplit(self.path).path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.route(unquote(urlsplit(self.path).path), body)
        except Refusal as refusal:
            self.answer(
                json.dumps({"error": refusal.message}).encode(),
                refusal.status,
                {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message},
            )

    do_GET = do_HEAD = do_POST = do_PUT = handle_one  # noqa: N815

    def route(self, path: str, body: bytes) -> None:
        raise NotImplementedError

    def answer(
        self, content: bytes, status: int = 200, headers: dict[str, str] | None = None, cut: int = 0
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: cut or None])
        if cut:
            self.close_connection = True

    def answer_file(self, content: bytes, headers: dict[str, str], cut: int = 0) -> None:
        """A file from the byte that is asked for; squeezed if the client can take that."""
        if "gzip" in (self.headers.get("Accept-Encoding") or ""):
            squeezed = gzip.compress(content)
            self.answer(squeezed, 200, headers | {"Content-Encoding": "gzip"}, cut)
            return
        first = (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0]
        if "Range" in self.headers:
            span = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self.answer(content[int(first) :], 206, headers | {"Content-Range": span}, cut)
        else:
            self.answer(content, 200, headers, cut)


class _Storage(_Handler):
    """Where large files lie; its URLs are secret, and nobody logs in."""

    def route(self, path: str, body: bytes) -> None:
        hub = self.hub
        hub.storage_headers.append(str(self.headers))
        _, kind, oid, *rest = path.split("/")
        if kind == "get":
            content, cut = hub.objects[oid], 0
            if 0 < hub.cut_download < len(content):
                cut, hub.cut_download = hub.cut_download, 0
            self.answer_file(content, {"ETag": f'"{oid}"'}, cut)
            return
        # Counted as they come: the client sends several at once.
        if hub.refuse_upload and next(hub.uploads) >= hub.refuse_upload:
            raise Refusal(403, message="Request has expired")
        if kind == "part":
            hub.parts.setdefault(oid, {})[int(rest[0])] = body
            self.answer(b"", headers={"ETag": hashlib.md5(body).hexdigest()})
            return
        if kind == "complete":
            parts = hub.parts.pop(oid)
            body = b"".join(parts[part["partNumber"]] for part in json.loads(body)["parts"])
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refusal(400, message="not what was announced")
        hub.objects[oid] = body
        self.answer(b"{}")


class _Api(_Handler):
    def user(self) -> str | None:
        """Who asks.

        Raises:
            Refusal: the token is none of anybody.
        """
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token and token not in USERS:
            raise Refusal(401, message="Invalid credentials in Authorization header")
        return USERS.get(token)

    def may_write(self, owner: str) -> None:
        user = self.user()
        if user is None:
            raise Refusal(401, message="Invalid username or password.")
        if user != owner or READER in self.headers["Authorization"]:
            raise Refusal(403, message="You don't have the rights to do that")

    def repository(self, name: str) -> Repository:
        """As the Hub: it does not tell who is not logged in that a repository is not there."""
        user = self.user()
        found = self.hub.repositories.get(name)
        if found is None or (found.private and user != name.partition("/")[0]):
            status = 401 if user is None else 404
            raise Refusal(status, "RepoNotFound", "Repository not found")
        return found

    def route(self, path: str, body: bytes) -> None:
        parts = path.strip("/").split("/")
        if path == "/api/validate-yaml":
            self.answer(b'{"errors": [], "warnings": []}')
        elif path == "/api/repos/create":
            self.create(json.loads(body))
        elif parts[:2] == ["api", "models"]:
            name, revision = "/".join(parts[2:4]), "/".join(parts[5:])
            answer = getattr(self, parts[4]) if len(parts) > 4 else self.info
            answer(name, self.repository(name), revision, body)
        elif path.endswith(".git/info/lfs/objects/batch"):
            self.batch("/".join(parts[:2]).removesuffix(".git"), json.loads(body))
        elif parts[2] == "resolve":
            self.resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            raise Refusal(404, message="Sorry, we can't find the page you are looking for.")

    def create(self, wanted: dict[str, Any]) -> None:
        self.may_write(wanted["organization"])
        name = f"{wanted['organization']}/{wanted['name']}"
        if name in self.hub.repositories:
            raise Refusal(409, message="You already created this model repo")
        self.hub.repositories[name] = Repository(private=wanted.get("private", False))
        self.answer(json.dumps({"url": f"{self.hub.url}/{name}", "name": name}).encode())

    def info(self, name: str, repository: Repository, branch: str, body: bytes) -> None:
        sha = repository.at(branch or "main").sha
        found = {"id": name, "sha": sha, "private": repository.private}
        self.answer(json.dumps(found).encode())

    revision = info  # what older clients ask before they commit

    def branch(self, name: str, repository: Repository, branch: str, body: bytes) -> None:
        self.may_write(name.partition("/")[0])
        repository.branches[branch] = repository.at("main")
        self.answer(b"", 201)

    def tree(self, name: str, repository: Repository, branch: str, body: bytes) -> None:
        oids = repository.at(branch).oids()
        found = [
            {"type": "file", "path": path, "size": len(content), "oid": oids[path]}
            for path, content in self.hub.files(name, branch).items()
        ]
        self.answer(json.dumps(found).encode())

    def preupload(self, name: str, repository: Repository, branch: str, body: bytes) -> None:
        self.may_write(name.partition("/")[0])
        known = repository.at(branch).oids()
        answers = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if b"\0" in base64.b64decode(file["sample"]) else "regular",
                "shouldIgnore": False,
                "oid": known.get(file["path"]),
            }
            for file in json.loads(body)["files"]
        ]
        self.answer(json.dumps({"files": answers}).encode())

    def batch(self, name: str, wanted: dict[str, Any]) -> None:
        self.repository(name)
        self.may_write(name.partition("/")[0])
        answers = []
        for file in wanted["objects"]:
            oid, size = file["oid"], file["size"]
            upload: dict[str, Any] = {"href": f"{self.hub.storage}/put/{oid}?Signature=x"}
            if size > PART_BYTES:
                upload["href"] = f"{self.hub.storage}/complete/{oid}?Signature=x"
                upload["header"] = {"chunk_size": str(PART_BYTES)} | {
                    str(number): f"{self.hub.storage}/part/{oid}/{number}?Signature=x"
                    for number in range(1, -(-size // PART_BYTES) + 1)
                }
            answers.append(
                file if oid in self.hub.objects else {**file, "actions": {"upload": upload}}
            )
        self.answer(json.dumps({"transfer": "basic", "objects": answers}).encode())

    def commit(self, name: str, repository: Repository, branch: str, body: bytes) -> None:
        self.may_write(name.partition("/")[0])
        before = repository.at(branch)
        small, large = dict(before.small), dict(before.large)
        for line in body.splitlines():
            operation = json.loads(line)
            value, path = operation["value"], operation["value"].get("path")
            if operation["key"] == "header":
                continue
            if operation["key"] == "deletedFile" and path not in small | large:
                raise Refusal(404, "EntryNotFound", "A file with this name doesn't exist")
            small.pop(path, None)
            large.pop(path, None)
            if operation["key"] == "file":
                small[path] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    raise Refusal(400, message="LFS pointer to a file that does not exist")
                large[path] = value["oid"]
        sha = repository.commit(branch, small, large).sha  # all or nothing
        answer = {"success": True, "commitOid": sha, "commitUrl": f"{self.hub.url}/{sha}"}
        self.answer(json.dumps(answer).encode())

    def resolve(self, name: str, revision: str, path: str) -> None:
        commit = self.repository(name).at(revision)
        headers = {"X-Repo-Commit": commit.sha}
        if path in commit.small:
            content = commit.small[path]
            self.answer_file(content, headers | {"ETag": f'"{_git_hash(content)}"'})
        elif path in commit.large:
            oid = commit.large[path]
            headers |= {
                "Location": f"{self.hub.storage}/get/{oid}?Signature=x",
                "X-Linked-Etag": f'"{oid}"',
                "X-Linked-Size": str(len(self.hub.objects[oid])),
            }
            self.answer(b"", 302, headers)
        else:
            raise Refusal(404, "EntryNotFound", "Entry not found")


def _git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Run the stand-in and its storage until the end of the block."""
    hub = Hub()
    servers = []
    for handler in (_Api, _Storage):
        bound = type(handler.__name__, (handler,), {"hub": hub})
        server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    hub.url, hub.storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
