"""`load`: finds a model by its name and makes it ready to predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from os import PathLike
from pathlib import Path

from adapterxlt.applying.model import Model
from adapterxlt.applying.source import entry_source, find_source
from adapterxlt.applying.spoken import Spoken
from adapterxlt.arguments import check_number, path_text, paths_in
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.devices import AUTO, check_device
from adapterxlt.errors import UsageError
from adapterxlt.progress import Progress, Silent
from adapterxlt.show import brief
from adapterxlt.tasks.catalogue import Catalogue
from adapterxlt.tasks.own import configured, own_catalogue


def load(
    model: str | PathLike[str],
    *,
    backbone: str | PathLike[str] | None = None,
    device: str = AUTO,
    tasks: Iterable[str | PathLike[str]] = (),
    language_adapters: Mapping[str, str | PathLike[str]] | None = None,
    token_budget: int = 8192,
    progress: Progress | None = None,
) -> Model:
    """Load a trained model, or a bare backbone, to predict or encode with it.

    The files are verified first. The weights are loaded when they are needed for the first time.

    Args:
        model: a stage of a work folder (`"runs:nli"`), the folder of an artifact, a packed file, a
            URL that `adapterxlt artifact pull` accepts, or a backbone: a name, a folder, or an id
            of the Hub. If several stages have the same name, use the first digits of a
            fingerprint; the error lists them.
        backbone: name or folder of the backbone, if it is not found under the name that the model
            records.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        tasks: entries of your own tasks (files, or folders of them), if the model was trained on
            such a task and its entry states more than the model, such as questions without answer.
        language_adapters: more language adapters for a model that stands on language adapters:
            for each language code, a model as for `model`.
        token_budget: maximum number of tokens, including padding, in one forward pass.
        progress: receives reports of long work, such as a download.

    Raises:
        UsageError: the model does not exist, the name fits several models, or the backbone is a
            decoder.
        InvalidArtifactError: the model is damaged, hostile, or belongs to another backbone.
        MissingBackboneError: the backbone is missing.

    Example:
        >>> model = xlt.load("artifacts/adapters/nli")
        >>> model.task, model.labels
        ('mnli', ('entailment', 'neutral', 'contradiction'))
        >>> model.lineage
        'mini > mnli (seq_bn)'
    """
    check_device(device)
    check_number(token_budget, "token_budget", least=1)
    progress = progress or Silent()
    name = path_text(model, "model")
    base = None if backbone is None else path_text(backbone, "backbone")
    known = own_catalogue([*paths_in(tasks, "tasks"), *configured()])
    if language_adapters is not None and not isinstance(language_adapters, Mapping):
        raise UsageError(
            "language_adapters: must be a mapping of language codes to models, "
            f"not {brief(repr(language_adapters))}"
        )
    with ExitStack() as stack:
        source = find_source(name, base, progress, stack)
        source.backbone.must_be_encoder("predicting and encoding")
        if language_adapters and len(source.members) != 1:
            raise UsageError(f"{source.name}: does not stand on language adapters")
        given = {}
        for code, place in (language_adapters or {}).items():
            adapter = path_text(place, f"language_adapters[{code!r}]")
            other = find_source(adapter, str(source.backbone.path), progress, stack)
            if len(other.members) != 1:
                raise UsageError(f"{other.name}: is not a single language adapter")
            given[code] = other.members[0][1]
        spoken = Spoken(source, known, given)
        return Model(source, known, spoken, device, token_budget, progress, stack.pop_all())


def loaded_entry(
    folder: Path,
    name: str,
    backbone: Backbone,
    tasks: Catalogue,
    *,
    device: str,
    token_budget: int,
) -> Model:
    """A model that is an entry of a store.

    Args:
        name: its name.
        backbone: the one that it was trained on.
        tasks: those of its recipe.
    """
    source = entry_source(folder, name, backbone)
    spoken = Spoken(source, tasks, {})
    return Model(source, tasks, spoken, device, token_budget, Silent(), ExitStack())
