"""`adapterxlt artifact ...`: what is printed, written, and the exit codes."""

from __future__ import annotations

import json
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from adapterxlt.models.build import load
from adapterxlt.sharing.locate import locate
from adapterxlt.vectors.names import Pooling
from tests import tiny
from tests.sharing.foreign import by_adapters
from tests.sharing.make import small_artifact
from tests.sharing.spoil import edit, relist
from tests.sharing.test_signature import allow, make_key
from tests.sharing.trained import tiny as named_tiny
from tests.sharing.trained import trained_stages


def artifact(*arguments: object) -> Result:
    # Wide enough for the long names of temporary folders.
    wide = {"COLUMNS": "400"}
    return CliRunner().invoke(cli, ["artifact", *map(str, arguments)], env=wide)


def well(*arguments: object) -> Result:
    result = artifact(*arguments)
    assert result.exit_code == 0, result.output
    return result


def document(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(well(*arguments, "--json").stdout)
    assert found["schema"] == 1
    return found


def fails(code: int, message: str, *arguments: object) -> None:
    result = artifact(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    trained_stages(folder, named_tiny(tiny_backbone))
    return folder


@pytest.fixture(scope="module")
def bundle(workdir: Path, tiny_backbone: Path) -> Path:
    file = workdir.parent / f"{workdir.name}-nli.axlt"
    well("pack", f"{workdir}:nli", "--out", file, "--license", "mit", "--backbone", tiny_backbone)
    return file


@pytest.fixture
def spoilt(bundle: Path, tmp_path: Path) -> Path:
    content = bytearray(bundle.read_bytes())
    content[content.rindex(b"adapter_down") + 2] ^= 1
    file = tmp_path / "spoilt.axlt"
    file.write_bytes(content)
    return file


def test_list(workdir: Path, bundle: Path) -> None:
    text = well("list", workdir).stdout
    assert all(name in text for name in ("nli", "low_rank", "over", "whole", "both"))
    assert "lora[r=4]" in text
    entries = document("list", workdir)["artifacts"]
    by_name = {entry["name"]: entry for entry in entries}
    assert by_name["over"]["lineage"] == "tiny > mnli (seq_bn) > udpos (seq_bn, stacked)"
    assert by_name["both"]["method"] == "fusion"
    assert by_name["whole"]["languages"] == ["en"]
    (packed,) = document("list", bundle)["artifacts"]
    assert (packed["name"], packed["signed"]) == ("nli", False)


def test_list_of_nothing(tmp_path: Path) -> None:
    assert "no artifacts" in well("list", tmp_path).stdout
    assert document("list", tmp_path)["artifacts"] == []
    fails(2, "there is no such file or folder", "list", tmp_path / "absent")


def test_list_says_what_it_left_out(tmp_path: Path, bundle: Path) -> None:
    shutil.copyfile(bundle, tmp_path / "good.axlt")
    (tmp_path / "bad.axlt").write_bytes(b"no bundle")
    result = well("list", tmp_path)
    assert "good.axlt" in result.stdout
    assert "left out: " in result.stderr
    assert "bad.axlt" in result.stderr


def test_a_page(workdir: Path, bundle: Path, tmp_path: Path) -> None:
    well("list", workdir, "--html", tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "udpos (seq_bn, stacked)" in page
    assert "<script" not in page


def test_no_output_replaces_what_a_work_folder_keeps(workdir: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(workdir, work)
    results = work / "results.json"
    results.write_text("{}")
    stage = f"{work}:nli"
    fails(2, "is the same file as", "list", work, "--html", results)
    fails(2, "is the same file as", "pack", stage, "--out", results)
    for out in (work / "store" / "x.axlt", work / "store" / "x"):
        fails(2, "is inside", "pack", stage, "--out", out)
        fails(2, "is inside", "export", stage, "--to", "adapters", "--out", out)
        fails(2, "is inside", "list", work, "--html", out)
    fails(2, "is inside", "pack", work, "--out", work / "store" / "all")
    assert results.read_text() == "{}"


def test_show(bundle: Path) -> None:
    text = well("show", bundle).stdout
    for line in ("title:       nli", "licence:     mit", "signature:   unsigned"):
        assert line in text
    assert "mnli: yes, no, maybe" in text
    assert "adapter.safetensors" in text
    found = document("show", bundle)
    assert found["manifest"]["artifact"]["license"] == "mit"
    assert found["scores"] == []


def test_verify(workdir: Path, bundle: Path, tiny_backbone: Path, spoilt: Path) -> None:
    text = well("verify", bundle, "--backbone", tiny_backbone).stdout
    assert "loads and gives its reference outputs" in text
    assert "unsigned" in text
    found = document("verify", bundle, "--no-load")
    assert (found["loaded"], found["signed"]) == (False, None)
    assert found["tensors"] > 10
    well("verify", f"{workdir}:over", "--backbone", tiny_backbone)  # not packed yet
    fails(4, "spoilt.axlt", "verify", spoilt, "--no-load")
    fails(5, "its backbone `tiny`", "verify", bundle)
    fails(5, "absent", "verify", bundle, "--backbone", "./absent")
    fails(2, "there is no such file", "verify", "absent.axlt")


def test_verify_on_another_backbone(bundle: Path, tmp_path: Path) -> None:
    other = tiny.build(tmp_path / "other", seed=7)
    fails(4, "was trained on backbone `tiny`", "verify", bundle, "--backbone", other)


def test_pack(workdir: Path, bundle: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    again, where = tmp_path / "again.axlt", ("--backbone", tiny_backbone)
    well("pack", f"{workdir}:nli", "--out", again, "--license", "mit", *where)
    assert again.read_bytes() == bundle.read_bytes()
    well("pack", bundle, "--out", tmp_path / "folder")
    assert (tmp_path / "folder/README.md").is_file()
    well("pack", tmp_path / "folder", "--out", again)
    assert again.read_bytes() == bundle.read_bytes()
    fails(2, "already exists", "pack", bundle, "--out", tmp_path / "folder")
    fails(2, "is the same file as", "pack", bundle, "--out", bundle)
    folder = tmp_path / "folder"
    fails(2, "is inside", "pack", folder, "--out", folder / "x.axlt")
    fails(2, "is inside", "export", folder, "--to", "adapters", "--out", folder / "x")
    fails(2, "is inside", "list", folder, "--html", folder / "index.html")
    fails(2, "are not compressed", "pack", bundle, "--out", tmp_path / "x.axlt.gz")
    fails(1, "Not a directory", "pack", bundle, "--out", bundle / "x.axlt")
    well("pack", folder, "--out", "/dev/null")
    assert Path("/dev/null").is_char_device()
    fails(2, "did you mean `nli`", "pack", f"{workdir}:nil", "--out", again)
    fails(2, "--out", "pack", bundle)


def test_import(bundle: Path, tiny_backbone: Path, tmp_path: Path, spoilt: Path) -> None:
    into = ("--workdir", tmp_path / "w")
    fails(4, "spoilt.axlt", "import", spoilt, *into, "--no-load")
    fails(5, "its backbone `tiny`", "import", bundle, *into)
    fails(2, "no such file", "import", tmp_path / "absent", *into)
    assert not list(tmp_path.rglob("*.safetensors"))
    found = document("import", bundle, *into, "--backbone", tiny_backbone)
    assert (found["title"], found["new"], found["loaded"]) == ("nli", True, True)
    assert (Path(found["folder"]) / "adapter.safetensors").is_file()
    text = well("import", bundle, *into, "--no-load").stdout
    assert "verified, not loaded, unsigned" in text
    assert "was already there" in text
    assert "nli" in well("list", tmp_path / "w").stdout


def test_override(bundle: Path, tmp_path: Path) -> None:
    other = tiny.build(tmp_path / "other", seed=7)
    arguments = ("import", bundle, "--workdir", tmp_path / "w", "--override-backbone")
    fails(2, "needs --backbone", *arguments)
    found = document(*arguments, "--backbone", other)
    shown = well("show", found["folder"]).stdout
    assert "adapted to another backbone" in shown


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
def test_signed(bundle: Path, tmp_path: Path) -> None:
    key, signed = make_key(tmp_path / "ann"), tmp_path / "signed.axlt"
    signers = allow(tmp_path / "signers", ann=key)
    well("pack", bundle, "--out", signed, "--sign", key)
    check = ("--no-load", "--signers", signers)
    assert "by ann@example.org" in well("verify", signed, *check).stdout
    assert "by ann@example.org" in document("verify", signed, *check)["signed"]
    assert "signer not checked" in well("verify", signed, "--no-load").stdout
    found = document("import", signed, "--workdir", tmp_path / "w", *check)
    assert "by ann@example.org" in found["signed"]
    fails(4, "is not signed", "verify", bundle, *check)
    others = allow(tmp_path / "others", bob=make_key(tmp_path / "bob"))
    fails(4, "is not signed by anyone", "verify", signed, "--no-load", "--signers", others)
    fails(2, "does not exist", "pack", bundle, "--out", signed, "--sign", tmp_path / "absent")


def test_signers_and_what_was_never_signed(workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "signers").write_text("")
    fails(
        4, "not signed", "verify", f"{workdir}:nli", "--no-load", "--signers", tmp_path / "signers"
    )


@pytest.mark.parametrize("arguments", [("pack",), ("export", "--to", "adapters")])
def test_a_file_that_may_not_grow(
    workdir: Path, tiny_backbone: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    verb, *options = arguments
    given = (f"{workdir}:nli", *options, "--backbone", tiny_backbone, "--out")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        fails(1, "File too large", verb, *given, tmp_path / "nli.axlt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_export(workdir: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    where = ("--backbone", tiny_backbone)
    out = tmp_path / "new" / "out"
    well("export", f"{workdir}:low_rank", "--to", "peft", "--out", out, *where)
    assert (out / "adapter_model.safetensors").is_file()
    fails(2, "already exists", "export", f"{workdir}:nli", "--to", "adapters", "--out", out)
    out = tmp_path / "other"
    fails(2, "--to adapters", "export", f"{workdir}:nli", "--to", "peft", "--out", out, *where)
    fails(2, "onnx", "export", f"{workdir}:nli", "--to", "onnx", "--out", out)
    fails(5, "its backbone", "export", f"{workdir}:nli", "--to", "adapters", "--out", out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]


@pytest.mark.parametrize(("stage", "pooling"), [("nli", "cls"), ("whole", "mean")])
def test_export_a_sentence_encoder(
    workdir: Path, tiny_backbone: Path, tmp_path: Path, stage: str, pooling: Pooling
) -> None:
    library = pytest.importorskip(
        "sentence_transformers", reason="sentence-transformers is not installed"
    )
    out = tmp_path / "out"
    arguments = ("export", f"{workdir}:{stage}", "--to", "sentence-transformers", "--out", out)
    where = ("--backbone", tiny_backbone)
    fails(2, "needs --layer", *arguments)
    fails(2, "no layer 3", *arguments, "--layer", 3, *where)
    well(*arguments, "--layer", 1, "--pooling", pooling, *where)
    texts = ["Two children are running.", "Der Zug fährt."]
    vectors = library.SentenceTransformer(str(out), trust_remote_code=True).encode(texts)
    entry = locate(f"{workdir}:{stage}")
    encoder = load(named_tiny(tiny_backbone), entry)
    encoded = encoder.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = encoder.model.base_model(**encoded, output_hidden_states=True)
    hidden, mask = output.hidden_states[1], encoded["attention_mask"][..., None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    expected = hidden[:, 0] if pooling == "cls" else mean
    np.testing.assert_allclose(vectors, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_export_the_bare_backbone(
    tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pytest.importorskip("sentence_transformers")
    to = ("--to", "sentence-transformers", "--layer", 1, "--out")
    found = document("export", tiny_backbone, *to, tmp_path / "out")
    assert (found["title"], found["notes"]) == (str(tiny_backbone), [])
    texts = ["Two children are running.", "Der Zug fährt."]
    vectors = library.SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(texts)
    encoder = load(named_tiny(tiny_backbone), None)
    encoded = encoder.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        output = encoder.model.base_model(**encoded, output_hidden_states=True)
    hidden, mask = output.hidden_states[1], encoded["attention_mask"][..., None]
    expected = (hidden * mask).sum(1) / mask.sum(1)
    np.testing.assert_allclose(vectors, expected.numpy(), rtol=1e-4, atol=1e-5)
    assert "mini (c16946a1917b)" in well("export", "mini", *to, tmp_path / "mini").stdout
    other = ("--to", "transformers", "--out", tmp_path / "other")
    fails(2, "mini is a bare backbone", "export", "mini", *other)
    fails(2, "there is no such file or folder", "export", "minni", *to, tmp_path / "other")


def test_an_export_says_what_stays_behind(
    workdir: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sentence_transformers")
    to = ("--to", "sentence-transformers", "--layer", 1, "--out", tmp_path / "out")
    done = well("export", f"{workdir}:nli", *to, "--backbone", tiny_backbone)
    assert "head for mnli is not exported" in done.stderr
    # What lies inside is the artifact itself.
    inner = tmp_path / "out" / "0_ComposedEncoder" / "artifact"
    into = ("--workdir", tmp_path / "w", "--backbone", tiny_backbone)
    assert document("import", inner, *into)["title"] == "nli"


def test_export_without_the_package(
    workdir: Path, tiny_backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    arguments = ("export", f"{workdir}:nli", "--out", tmp_path / "out", "--layer", 1)
    fails(
        5,
        'pip install "adapterxlt[mteb]"',
        *arguments,
        "--to",
        "sentence-transformers",
        "--backbone",
        tiny_backbone,
    )
    fails(2, "can only be used with --to sentence-transformers", *arguments, "--to", "adapters")
    assert not list(tmp_path.iterdir())


def test_push_and_pull(bundle: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    remote, into = tmp_path / "remote", ("--workdir", tmp_path / "w")
    assert "files" in well("push", bundle, remote).stdout
    assert "is already there" in well("push", bundle, remote).stdout
    fails(2, "another artifact", "push", bundle, remote, "--license", "apache-2.0")
    found = document("pull", remote, *into, "--backbone", tiny_backbone)
    assert (found["title"], found["new"]) == ("nli", True)
    text = well("pull", f"file://{remote}/{found['fingerprint']}", *into, "--no-load").stdout
    assert "was already there" in text
    fails(5, "there is no artifact", "pull", tmp_path / "absent", *into)
    card = remote / found["fingerprint"] / "README.md"
    card.write_text(card.read_text() + "more")
    fails(4, "README.md", "pull", remote, "--workdir", tmp_path / "other", "--no-load")
    assert not list((tmp_path / "other").rglob("*.safetensors"))


def test_pack_all_of_a_work_folder(workdir: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    arguments = ("pack", workdir, "--out", tmp_path / "all", "--backbone", tiny_backbone)
    result = well(*arguments, "--license", "mit")
    found = {folder.name: folder for folder in (tmp_path / "all").iterdir()}
    assert found.keys() == {"nli", "para", "low_rank", "over", "whole", "both"}
    assert f"{tmp_path / 'all' / 'over'}, " in result.stdout
    shown = document("list", tmp_path / "all")["artifacts"]
    assert {each["name"] for each in shown} == found.keys()
    fails(2, "already exists", *arguments)
    packed = document(*arguments[:2], "--out", tmp_path / "more", *arguments[4:])["artifacts"]
    assert {each["title"] for each in packed} == found.keys()


def test_an_export_checks_before_it_builds(
    bundle: Path, tiny_backbone: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    well("pack", bundle, "--out", folder)
    spec = folder / "model.json"
    spec.write_text(spec.read_text().replace('"seq_bn"', '"seq_bn[reduction_factor=1e-12]"'))
    relist(folder)
    out = ("--to", "adapters", "--out", tmp_path / "out", "--backbone", tiny_backbone)
    fails(4, "the model needs [32000000000000]", "export", folder, *out)
    assert not (tmp_path / "out").exists()


def test_no_such_command() -> None:
    fails(2, "did you mean `pack`", "pakc")


def test_a_title_does_not_steer_the_terminal(tmp_path: Path, tiny_backbone: Path) -> None:
    made = small_artifact(tmp_path / "made").where
    edit(made, lambda manifest: manifest.update(title="x\u202e[/b]"))
    into = ("--workdir", tmp_path / "w")
    for arguments in (
        ("list", made),
        ("show", made),
        ("verify", made, "--no-load"),
        ("pack", made, "--out", tmp_path / "a.axlt"),
        ("push", made, tmp_path / "remote"),
        ("import", made, *into, "--no-load"),
        ("pull", tmp_path / "remote", *into, "--no-load"),
    ):
        output = well(*arguments).output
        assert "x?[/b]" in output
        assert "\u202e" not in output
    result = artifact("verify", made, "--backbone", tiny_backbone)
    assert result.exit_code == 4
    assert "`x?[/b]` was trained on" in result.stderr


def test_documents_of_what_was_written(workdir: Path, tiny_backbone: Path, tmp_path: Path) -> None:
    stage, where = f"{workdir}:nli", ("--backbone", tiny_backbone)
    packed = document("pack", stage, "--out", tmp_path / "nli.axlt", *where)
    assert (packed["title"], packed["path"]) == ("nli", str(tmp_path / "nli.axlt"))
    assert packed["bytes"] == (tmp_path / "nli.axlt").stat().st_size
    exported = document("export", stage, "--to", "adapters", "--out", tmp_path / "out", *where)
    assert (exported["path"], exported["library"]) == (str(tmp_path / "out"), "adapters")
    pushed = document("push", stage, tmp_path / "remote", *where)
    assert pushed["files_sent"] > 5
    assert pushed["bytes_sent"] > 1_000
    again = document("push", stage, tmp_path / "remote", *where)
    assert (again["files_sent"], again["url"]) == (0, pushed["url"])
    pulled = document("pull", pushed["url"], "--workdir", tmp_path / "runs", *where)
    assert (pulled["new"], pulled["loaded"], pulled["note"]) == (True, True, "")
    found = {each["fingerprint"] for each in (packed, exported, pushed, pulled)}
    assert found == {document("verify", tmp_path / "nli.axlt", "--no-load")["fingerprint"]}


def test_import_of_another_library(tiny_backbone: Path, tmp_path: Path) -> None:
    by_adapters(tiny_backbone, tmp_path / "theirs", "seq_bn", "causal", name="sst")
    arguments = ("import", tmp_path / "theirs", "--workdir", tmp_path / "runs")
    fails(2, "name the backbone with --backbone", *arguments)
    fails(2, "cannot be signed", *arguments, "--backbone", tiny_backbone, "--no-load")
    fails(2, "has no head", *arguments, "--backbone", tiny_backbone, "--task", "mnli")
    result = well(*arguments, "--backbone", tiny_backbone)
    assert "verified and loaded, unsigned" in result.stdout
    assert "note: its head has the type `causal_lm`" in result.stderr
    shown = well("show", f"{tmp_path / 'runs'}:sst").stdout
    assert "task:        unknown" in shown
    assert "licence:     not stated" in shown
    (tmp_path / "theirs/adapter.safetensors").write_bytes(b"\x80\x04K\x01.")
    fails(4, "is a pickle", *arguments, "--backbone", tiny_backbone)
