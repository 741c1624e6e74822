"""Addresses as people paste them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import UsageError
from adapterxlt.sharing.remotes.address import (
    holds_password,
    hub_file,
    is_packed,
    local_path,
    masked,
    printed,
    split_sftp,
    tidy,
)
from adapterxlt.sharing.remotes.opening import open_files
from adapterxlt.sharing.remotes.whereabouts import find_artifact

COMMIT = "0" * 40


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("http://host/p%20q/nli%20%C3%BC.axlt", "http://host/p%20q/nli%20%C3%BC.axlt"),
        ("http://host/p q/nli ü.axlt", "http://host/p%20q/nli%20%C3%BC.axlt"),
        ("http://host/p%20q/nli ü.axlt", "http://host/p%20q/nli%20%C3%BC.axlt"),
        ("http://host/100%", "http://host/100%25"),
        ("  <HTTPS://Host.EXAMPLE:8443/A/b/>\n", "https://host.example:8443/A/b"),
        ('"http://host/x.axlt"', "http://host/x.axlt"),
        ("http://host/x.axlt?download=1#top", "http://host/x.axlt?download=1"),
        ("http://host/x#fragment", "http://host/x"),
        ("http://bücher.example/x", "http://xn--bcher-kva.example/x"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
        ("S3://bucket/p%20q/x y/", "s3://bucket/p%20q/x y"),
        (" sftp://ann@host/p q", "sftp://ann@host/p q"),
        ("HF://ann/nli/", "hf://ann/nli"),
        ("https://huggingface.co/ann/nli", "hf://ann/nli"),
        ("huggingface.co/ann/nli/", "hf://ann/nli"),
        ("https://www.huggingface.co/ann/nli/tree/main", "hf://ann/nli"),
        ("https://hf.co/ann/nli/tree/v1.0/texts", "hf://ann/nli@v1.0"),
        (f"https://huggingface.co/ann/nli/blob/{COMMIT}/manifest.json", f"hf://ann/nli@{COMMIT}"),
        ("https://huggingface.co/ann/nli/tree/refs%2Fpr%2F1", "hf://ann/nli@refs/pr/1"),
        (
            "https://huggingface.co/ann/nli/resolve/main/p/x.axlt?download=true",
            "https://huggingface.co/ann/nli/resolve/main/p/x.axlt",
        ),
        ("no/such/folder", "no/such/folder"),
        ("file:///p%20q/x", "file:///p%20q/x"),
    ],
)
def test_what_is_meant(pasted: str, meant: str) -> None:
    assert tidy(pasted) == meant
    assert tidy(meant) == meant


@pytest.mark.parametrize(
    "url", ["https://huggingface.co/datasets/ann/x", "https://huggingface.co/spaces/a/b/tree/main",
            "https://huggingface.co/xlm-roberta-base", "http:///x", "http://host:port/x",
            "http://a..b/x", "gopher://host/x"],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        tidy(url)
    assert refused.value.message


def test_what_is_there_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (" x ", "<x>", "p%20q"):
        (tmp_path / name).mkdir()
        assert tidy(name) == name
        assert local_path(name) == Path(name)
    assert local_path("file:///a%20b") == Path("/a b")
    assert local_path(" FILE:///a%20b ") == Path("/a b")
    assert local_path("http://host/x") is None
    with pytest.raises(UsageError, match="for a path on this machine"):
        local_path("file://elsewhere/x")


def test_a_mirror_stands_for_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    assert tidy("https://mirror.example/ann/nli/tree/main") == "hf://ann/nli"


def test_a_packed_file_of_the_hub() -> None:
    for verb in ("resolve", "blob", "raw"):
        url = f"https://huggingface.co/ann/nli/{verb}/main/p/nli%20%C3%BC.axlt"
        assert hub_file(url) == ("hf://ann/nli@main", "p/nli ü.axlt")
    assert hub_file("https://elsewhere.example/ann/nli/resolve/main/x.axlt") is None


def test_what_is_packed() -> None:
    assert is_packed("http://host/x.AXLT?download=1")
    assert not is_packed("http://host/x?file=y.axlt")
    assert is_packed("s3://bucket/x?y.axlt")


def test_sftp_has_no_query() -> None:
    server, path = split_sftp("sftp://ann@host:22/a%20b/c d#1?x")
    assert (server.hostname, server.port, path) == ("host", 22, "/a b/c d#1?x")


@pytest.mark.parametrize(
    "url",
    ["sftp://me:S3#cret@host/p", "sftp://me:S3?cret@host/p", "sftp://me:S3/cret@host/p",
     "sftp://me:S3[cret@host/p", "sftp://me:S3]cret@host/p", "sftp://me:S3/c@ret@host/p",
     "sftp://me:3#cret@host/p", "sftp://me:S3\u2100cret@host/p", "sftp://me:S3cret/p",
     "sftp://me:99999/p"],
)  # fmt: skip
def test_a_password_that_is_not_encoded_is_refused_and_not_quoted(url: str) -> None:
    for read in (tidy, split_sftp, open_files, lambda url: find_artifact(tidy(url))):
        with pytest.raises(UsageError, match="is not the address of an SFTP server") as refused:
            read(url)
        assert refused.value.message.startswith("sftp://me:***: ")
        said = f"{refused.value}{masked(url) if '@' in url else ''}"
        for part in ("S3", "3#", "ret", "cret", "99999"):
            assert part not in said
        assert "percent-encode the password" in str(refused.value.hint)


def test_a_password_that_is_encoded() -> None:
    server, path = split_sftp("sftp://me:S3%23%2F%3F%5B@host/p")
    assert (server.hostname, server.password, path) == ("host", "S3%23%2F%3F%5B", "/p")
    assert split_sftp("sftp://me:se@cret@[::1]:22/p")[0].hostname == "::1"
    with pytest.raises(UsageError, match=r"^sftp://: is not the address of an SFTP server"):
        split_sftp("sftp:///p")


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1))
def test_what_is_printed_can_be_pasted(name: str) -> None:
    folder = f"/no-such-place/{name}/x"
    url = printed(folder)
    assert " " not in url
    assert os.path.abspath(str(local_path(url))) == os.path.abspath(folder)
    raw = name.replace("%", "").replace("/", "")
    remote = printed(f"sftp://ann@host/{raw}/x")
    assert " " not in remote
    assert split_sftp(tidy(remote))[1] == f"/{raw}/x"


@pytest.mark.parametrize(
    ("url", "expected"),
    [("sftp://me:secret@host/a", True), ("sftp://me@host:22/a", False), ("s3://bucket/a", False),
     ("sftp://me:a/b@host/c", True), ("/srv/a:b@c", False)],
)  # fmt: skip
def test_a_password_before_the_host(url: str, expected: bool) -> None:
    assert holds_password(url) is expected
