from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.methods.parser import parse_method
from adapterxlt.models import tensors
from adapterxlt.models.build import Built, HeadSpec, build_fusion, build_train, load, save

PAIRS = HeadSpec(kind="pair_classification", labels=("yes", "no", "maybe"), task="pairs")
TAGS = HeadSpec(kind="tagging", labels=("X", "Y"), task="tags")
SPANS = HeadSpec(kind="span_qa", task="spans")
CHOICES = HeadSpec(kind="multiple_choice", task="choices")


Trained = Callable[[str, int], Path]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny tensors only lose by being shared among threads, and equal bits are compared."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def backbone(tiny_backbone: Path) -> Backbone:
    return inspect_backbone("tiny", tiny_backbone)


def disturb(built: Built, seed: int = 0) -> Built:
    """Move what would be trained away from its initial values, as training does."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in built.model.named_parameters():
            if parameter.requires_grad:
                noise = torch.randn(parameter.shape, generator=generator)
                if ".parametrizations." in name:  # a diagonal of signs, which training leaves
                    noise = noise.T.tril(-1).T
                parameter += 0.05 * noise
    built.model.eval()
    return built


def logits(built: Built, ids: Tensor) -> Tensor:
    """The head's output, start and end of spans side by side."""
    with torch.no_grad():
        output = built.model(input_ids=ids, attention_mask=torch.ones_like(ids))
    if "start_logits" in output:
        return torch.cat([output.start_logits, output.end_logits])
    return output.logits


@pytest.fixture(scope="session")
def ids() -> Tensor:
    return torch.randint(4, 300, (3, 9), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="session")
def artifacts(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Give the folder of a saved artifact by name; each is built once."""
    root = tmp_path_factory.mktemp("artifacts")

    def train(name: str, method: str, head: HeadSpec = PAIRS, seed: int = 1, **base: Path) -> Built:
        return build_train(backbone, method=method, name=name, head=head, seed=seed, **base)

    recipes: dict[str, Callable[[], Built]] = {
        "nli": lambda: train("nli", "seq_bn"),
        "para": lambda: train("para", "seq_bn", seed=2),
        "low_rank": lambda: train("low_rank", "lora[r=4]"),
        "whole": lambda: train("whole", "full"),
        "over": lambda: train("over", "lora[r=4]", TAGS, stack_on=get("nli")),
        "on_whole": lambda: train("on_whole", "seq_bn", TAGS, after=get("whole")),
        "both": lambda: build_fusion(
            backbone,
            members=[get("nli"), get("para")],
            fusion="dynamic",
            name="both",
            head=TAGS,
            seed=1,
        ),
    }

    def get(name: str) -> Path:
        folder = root / name
        if not folder.exists():
            save(disturb(recipes[name]()), folder)
        return folder

    return get


@pytest.fixture(scope="session")
def trained(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Give an artifact of a method by number; each is built once."""
    root = tmp_path_factory.mktemp("members")
    made: dict[tuple[str, int], Path] = {}

    def get(method: str, number: int) -> Path:
        key = method, number
        if key not in made:
            name = f"m{len(made)}"
            built = build_train(backbone, method=method, name=name, head=PAIRS, seed=1)
            save(disturb(built, seed=number), root / name)
            made[key] = root / name
        return made[key]

    return get


def updates(folder: Path, backbone: Backbone) -> dict[str, Tensor]:
    """What a LoRA adds to each matrix."""
    spec = load(backbone, folder).spec
    assert spec is not None
    values = parse_method(spec.adapters[0].method).parts[0].resolved
    found = tensors.read(folder / "adapter.safetensors")
    scale = values["alpha"] / values["r"]  # type: ignore[operator]
    return {
        key.partition(".loras.")[0]: scale
        * found[key.removesuffix("A") + "B"].double()
        @ found[key].double()
        for key in found
        if key.endswith("lora_A")
    }
