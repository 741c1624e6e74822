"""Something trained elsewhere as a stage of a recipe."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError, InvalidRecipeError, MissingDeviceError
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.models.spec import SPEC_FILE
from adapterxlt.plan.lineage import describe, lineage_of
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.plan.steps import Plan
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.sharing.foreign import take_in_foreign
from adapterxlt.sharing.remotes.push import push
from adapterxlt.sharing.transport import pack, prepared
from adapterxlt.stages.running.contamination import TEXTS_FOLDER
from adapterxlt.stages.use import look
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import STORE_FOLDER, Store
from tests import tiny as tiny_backbones
from tests.sharing.foreign import by_adapters, by_peft
from tests.sharing.trained import tiny

Recipe = Callable[[str], LoadedRecipe]


@pytest.fixture
def recipe(tmp_path: Path, backbone: Backbone) -> Recipe:
    """A recipe of these stages, in a folder with a little data."""
    folder = tmp_path / "data" / "pawsx"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en"):
        lines = [f"A {n} b.\tB {n} a.\t{n % 2}\n" for n in range(4)]
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")

    def go(stages: str) -> LoadedRecipe:
        path = tmp_path / "r.yaml"
        path.write_text(
            f"name: r\nbackbone: {backbone.path}\ndata: data\ntraining: {{max_steps: 1}}\n"
            f"stages:\n{stages}",
            encoding="utf-8",
        )
        return load_recipe(path, find_backbone=lambda name, base: backbone, look=True)

    return go


def plan_of(loaded: LoadedRecipe, workdir: Path) -> Plan:
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone, loaded.used)
    return make_plan(loaded.recipe, Store(workdir / STORE_FOLDER), sources)


def run(loaded: LoadedRecipe, workdir: Path) -> RunResult:
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone, loaded.used)
    return run_recipe(loaded.recipe, workdir=workdir, sources=sources)


def problems(recipe: Recipe, stages: str) -> str:
    with pytest.raises(InvalidRecipeError) as caught:
        recipe(stages)
    return "\n".join(map(str, caught.value.problems))


@pytest.fixture
def pawsx(recipe: Recipe, tmp_path: Path) -> Path:
    """A work folder with a stage `a` that was trained on `pawsx`, and `b` after it."""
    result = run(recipe("  a: {train: pawsx}\n  b: {train: pawsx, after: a}\n"), tmp_path / "w")
    assert not result.failed
    return tmp_path / "w"


def test_every_form_has_the_address_of_the_artifact(
    recipe: Recipe, stages: dict[str, Path], tmp_path: Path
) -> None:
    entry = stages["nli"]
    with prepared(entry) as (source, manifest):
        pack(source, tmp_path / "nli.axlt")
        shutil.copytree(source.where, tmp_path / "folder")
        pushed = push(source, manifest, str(tmp_path / "remote"), Silent())
    assert pushed is not None
    (remote,) = (path.parent for path in (tmp_path / "remote").rglob(MANIFEST_NAME))
    shutil.copyfile(tmp_path / "nli.axlt", tmp_path / "remote" / "nli.axlt")
    forms = {
        "file": "nli.axlt",
        "folder": "folder",
        "entry": str(entry),
        "stage": f"{entry.parent.parent.parent}:nli",
        "url": f"file://{remote}",
        "packed": f"file://{tmp_path}/remote/nli.axlt",
    }
    loaded = recipe("".join(f'  {name}: {{use: "{text}"}}\n' for name, text in forms.items()))
    plan = plan_of(loaded, tmp_path / "w")
    assert {step.fingerprint for step in plan.steps} == {entry.name}
    assert {step.status for step in plan.steps} == {"todo"}
    assert plan.steps[0].reason == "comes from nli.axlt"
    assert not (tmp_path / "w").exists()  # looking changes nothing
    result = run(loaded, tmp_path / "w")
    assert not result.failed
    assert Store(tmp_path / "w" / STORE_FOLDER).get(entry.name) is not None
    assert {step.status for step in plan_of(loaded, tmp_path / "w").steps} == {"done"}


def test_it_is_evaluated_built_on_and_merged(
    recipe: Recipe, pawsx: Path, tmp_path: Path, backbone: Backbone
) -> None:
    loaded = recipe(
        '  shared: {use: "w:b"}\n'
        "  more: {train: pawsx, after: shared}\n"
        "  over: {train: pawsx, stack_on: shared}\n"
        "  both: {fuse: [shared, more], train: pawsx}\n"
        "  mixed: {merge: [shared, more]}\n"
        "  scores: {evaluate: [shared, more, over, both, mixed], on: pawsx, languages: [en]}\n"
    )
    result = run(loaded, tmp_path / "other")
    assert not result.failed
    rows = {row.model: row for row in result.rows if row.main}
    assert rows["shared"].lineage == "tiny > pawsx (seq_bn) > pawsx (seq_bn, after)".replace(
        "tiny", str(backbone.path)
    ) or rows["shared"].lineage.endswith("> pawsx (seq_bn) > pawsx (seq_bn, after)")
    assert rows["more"].lineage.startswith(rows["shared"].lineage)
    assert rows["shared"].trained_in == ("en",)
    assert rows["shared"].seed == 1
    before = {row.main: row for row in result.rows if row.model == "shared"}
    assert before[True].contamination == rows["more"].contamination
    texts = Store(tmp_path / "other" / STORE_FOLDER).path(rows["shared"].fingerprint)
    assert list((texts / TEXTS_FOLDER).glob("pawsx-*.u64"))


def test_what_is_built_on_it_is_what_would_have_been_built_on_the_stage_itself(
    recipe: Recipe, pawsx: Path, backbone: Backbone
) -> None:
    here = plan_of(recipe("  a: {train: pawsx}\n  b: {train: pawsx, after: a}\n"), pawsx)
    used = plan_of(recipe('  x: {use: "w:a"}\n  y: {train: pawsx, after: x}\n'), pawsx)
    assert [step.fingerprint for step in used.steps] == [step.fingerprint for step in here.steps]
    lineages = [
        lineage_of(plan, name, backbone)["steps"] for plan, name in ((here, "b"), (used, "y"))
    ]
    assert json.loads(json.dumps(lineages[0])) == json.loads(json.dumps(lineages[1]))
    assert describe(lineage_of(used, "y", backbone)).count("pawsx") == 2


def test_forms_are_known_to_composition(
    recipe: Recipe, stages: dict[str, Path], tmp_path: Path
) -> None:
    used = "".join(f"  {name}: {{use: {path}}}\n" for name, path in stages.items())
    found = problems(
        recipe,
        used + "  p: {merge: [nli, low_rank]}\n"
        "  q: {fuse: [nli, over], train: pawsx}\n"
        "  r: {train: pawsx, after: both}\n"
        "  s: {train: pawsx, stack_on: whole}\n"
        "  t: {train: pawsx, after: low_rank}\n"
        "  v: {evaluate: [nli], on: xnli}\n",
    )
    assert "`seq_bn` and `lora[r=4]` differ" in found
    assert "`over` does not stand on the same adapters as `nli`" in found
    assert "`both` is a fusion of several adapters" in found
    assert "`whole` is a full fine-tune, not an adapter" in found
    assert "`low_rank` is `lora[r=4]`, and `seq_bn` cannot continue from its weights" in found
    assert "its task `mnli` differs from the task of this name in the recipe" in found


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("{use: nowhere.axlt}", "there is no such file or folder"),
        ('{use: "w:nope"}', "w:nope: there is no trained stage of this name"),
        ("{use: w}", "is a folder, but not an artifact"),
        ("{use: r.yaml}", "is not a bundle"),
        ('{use: "w:a", task: mnli}', "already states what its head predicts"),
        ("{use: data/pawsx/dev-en.tsv}", "is not a bundle"),
        ("{use: 3}", "must be a string"),
        ("{use: x, train: mnli}", "has `use` and `train`"),
        ('{use: "ftp://host/x"}', "are not supported"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_line(
    recipe: Recipe, pawsx: Path, stage: str, message: str
) -> None:
    found = problems(recipe, f"  fine: {{train: pawsx}}\n  x: {stage}\n")
    assert message in found
    assert ":7: stages.x" in found


def test_another_backbone_needs_to_be_overridden(
    recipe: Recipe, pawsx: Path, tmp_path: Path, stages: dict[str, Path]
) -> None:
    other = tiny(tiny_backbones.build(tmp_path / "another", seed=5))

    def load(stage: str) -> LoadedRecipe:
        path = tmp_path / "s.yaml"
        path.write_text(
            f"name: s\nbackbone: another\ndata: data\nstages:\n  x: {stage}\n"
            "  e: {evaluate: [x], on: pawsx, languages: [en]}\n",
            encoding="utf-8",
        )
        return load_recipe(path, find_backbone=lambda name, base: other, look=True)

    with pytest.raises(InvalidRecipeError, match="was trained on the backbone"):
        load('{use: "w:a"}')
    with pytest.raises(InvalidRecipeError, match="its own backbone weights"):
        load(f"{{use: {stages['whole']}, backbone_override: true}}")
    loaded = load('{use: "w:a", backbone_override: true}')
    plan = plan_of(loaded, tmp_path / "over")
    original = plan_of(recipe("  a: {train: pawsx}\n"), pawsx).steps[0].fingerprint
    assert plan.by_id("x").fingerprint != original
    result = run(loaded, tmp_path / "over")
    assert not result.failed
    manifest = Store(tmp_path / "over" / STORE_FOLDER).get(plan.by_id("x").fingerprint)
    assert manifest is not None
    assert manifest.artifact is not None
    assert manifest.artifact.override is not None
    assert {step.status for step in plan_of(loaded, tmp_path / "over").steps} == {"done"}


def test_folders_of_other_libraries(recipe: Recipe, tmp_path: Path, backbone: Backbone) -> None:
    by_adapters(backbone.path, tmp_path / "theirs", "lora[r=4]")
    by_peft(backbone.path, tmp_path / "peft")
    stages = (
        "  one: {use: theirs, task: mnli}\n"
        "  two: {use: peft}\n"
        "  sum: {merge: [one, two]}\n"
        "  more: {train: pawsx, method: 'lora[r=4]', after: one}\n"
    )
    found = problems(recipe, stages + "  e: {evaluate: [two], on: xnli}\n")
    assert "`two` has no head: its task is unknown; name it with `task`" in found
    loaded = recipe(stages)
    plan = plan_of(loaded, tmp_path / "w")
    shutil.copytree(tmp_path / "theirs", tmp_path / "copy")
    again = plan_of(recipe("  one: {use: copy, task: mnli}\n"), tmp_path / "w")
    assert again.steps[0].fingerprint == plan.by_id("one").fingerprint
    result = run(loaded, tmp_path / "w")
    assert not result.failed
    assert {step.status for step in plan_of(loaded, tmp_path / "w").steps} == {"done"}
    manifest = Store(tmp_path / "w" / STORE_FOLDER).get(plan.by_id("one").fingerprint)
    assert manifest is not None
    assert manifest.kind == "import"
    assert "imported (lora[r=4], training unknown) > pawsx" in describe(
        lineage_of(plan, "more", backbone)
    )


def test_a_damaged_artifact_stops_before_any_work(
    recipe: Recipe, pawsx: Path, tmp_path: Path
) -> None:
    with prepared(next(iter(sorted((pawsx / STORE_FOLDER).glob("[0-9a-f][0-9a-f]/*"))))) as (
        source,
        _,
    ):
        shutil.copytree(source.where, tmp_path / "bad")
    weights = tmp_path / "bad" / "adapter.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    loaded = recipe("  n: {train: pawsx, seed: 7}\n  x: {use: bad}\n")
    with pytest.raises(InvalidArtifactError, match=r"adapter\.safetensors"):
        run(loaded, tmp_path / "fresh")
    assert Store(tmp_path / "fresh" / STORE_FOLDER).entries() == []
    manifest = tmp_path / "bad" / MANIFEST_NAME
    document = json.loads(manifest.read_text())
    document["lineage"]["steps"][-1]["inputs"] = ["elsewhere"]
    manifest.write_text(json.dumps(document))
    assert "its lineage cannot be read" in problems(recipe, "  x: {use: bad}\n")


def test_another_training_of_a_stage_that_is_here_is_not_mistaken_for_it(
    recipe: Recipe, pawsx: Path, tmp_path: Path
) -> None:
    (entry,) = (
        path.parent
        for path in (pawsx / STORE_FOLDER).glob(f"[0-9a-f][0-9a-f]/*/{MANIFEST_NAME}")
        if json.loads(path.read_text())["title"] == "a"
    )
    shutil.copytree(entry, tmp_path / "theirs")
    manifest = tmp_path / "theirs" / MANIFEST_NAME
    document = json.loads(manifest.read_text())
    document["files"]["adapter.safetensors"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(document))
    with pytest.raises(InvalidArtifactError, match="another training of the same stage"):
        run(recipe("  x: {use: theirs}\n"), pawsx)


@pytest.mark.parametrize("write", [by_adapters, by_peft])
def test_a_folder_has_the_address_that_an_import_gives_it(
    write: Callable[..., object], recipe: Recipe, tmp_path: Path, backbone: Backbone
) -> None:
    if write is by_adapters:
        by_adapters(backbone.path, tmp_path / "theirs", "lora[r=4]")
    else:
        by_peft(backbone.path, tmp_path / "theirs")
    (tmp_path / "theirs" / "trainer_state.json").write_text("{}")  # is not read
    store = Store(tmp_path / "imported" / STORE_FOLDER)
    taken, _ = take_in_foreign(tmp_path / "theirs", store, backbone=str(backbone.path))
    planned = plan_of(recipe("  x: {use: theirs}\n"), tmp_path / "imported")
    assert [step.fingerprint for step in planned.steps] == [taken.manifest.fingerprint]
    assert planned.steps[0].status == "done"


def test_a_link_that_leads_out_is_not_followed(
    recipe: Recipe, stages: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(stages["nli"], tmp_path / "theirs")
    (tmp_path / "secret.json").write_bytes((tmp_path / "theirs" / SPEC_FILE).read_bytes())
    (tmp_path / "theirs" / SPEC_FILE).unlink()
    (tmp_path / "theirs" / SPEC_FILE).symlink_to(tmp_path / "secret.json")
    assert "is a link to a place outside the folder" in problems(recipe, "  x: {use: theirs}\n")


def test_a_missing_device_is_said_before_anything_is_taken_in(
    recipe: Recipe, stages: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = recipe(f"  x: {{use: {stages['nli']}}}\n")
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone, loaded.used)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(look, "take_in_used", lambda *_: pytest.fail("it was taken in"))
    with pytest.raises(MissingDeviceError, match="device `cuda` is not available"):
        run_recipe(loaded.recipe, workdir=tmp_path / "w", sources=sources, device="cuda")
