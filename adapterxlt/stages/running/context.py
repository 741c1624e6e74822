"""The context of the steps of a run: the plan, the store, the data, the progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.devices import AUTO, find_device, find_precision
from adapterxlt.models.shared_tokenizers import Shared
from adapterxlt.plan.expand import scene_of
from adapterxlt.plan.plan import Sources, recipe_id
from adapterxlt.plan.steps import Plan, PlannedStep
from adapterxlt.progress import Progress
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.steps import Step
from adapterxlt.stages.running.contamination import Hashes, read_seen
from adapterxlt.stages.running.swap import Swap, swap_for
from adapterxlt.stages.running.text_hashes import TextHashes
from adapterxlt.store.store import Store
from adapterxlt.trackers import FOLDER, Tracking

if TYPE_CHECKING:
    from adapterxlt.models.build import Built
    from adapterxlt.sharing.cache import RemoteCache
    from adapterxlt.sharing.exchange import Exchange
    from adapterxlt.stages.running.meter import Meter
    from adapterxlt.training.ranks import Ranks


@dataclass
class Context:
    """One run of one recipe.

    Args:
        recipe: the checked recipe.
        plan: its plan against `store`.
        sources: resolved backbone and data folders.
        progress: where long work reports.
        remotes: where trained stages may be pulled from.
        exchange: a remote that is to have every finished step.
        device: name of where models compute.
        meter: of the step that is being computed.
        log_to: a tracker that trainings are logged to, "" for none; see `trackers`.
        ranks: the processes that train the step of the moment together; None: it is alone.
        tokenizers: what its steps have read of them so far.
    """

    recipe: Recipe
    plan: Plan
    store: Store
    sources: Sources
    progress: Progress
    remotes: RemoteCache | None = None
    device: str = AUTO
    meter: Meter | None = None
    log_to: str = ""
    ranks: Ranks | None = None
    exchange: Exchange | None = None
    tokenizers: Shared = field(default_factory=dict)
    _loaded: dict[str, Built] = field(default_factory=dict)

    @property
    def backbone(self) -> Backbone:
        """The recipe's backbone."""
        return self.sources.backbone

    @cached_property
    def scene(self) -> Scene:
        """What the steps of its stages depend on."""
        sources = self.sources
        return scene_of(self.recipe, sources.backbone, sources.roots, sources.used)

    @cached_property
    def recipe_id(self) -> str:
        """Tells recipes of one name apart."""
        return recipe_id(self.recipe, self.plan, self.sources)

    @cached_property
    def texts(self) -> TextHashes:
        """Hashes of the texts of its data."""
        return TextHashes(self.sources)

    @property
    def encoded(self) -> Path:
        """Folder of encoded examples, which steps of all recipes of the work folder share."""
        return self.store.root / ".encoded"

    def tracking(self, planned: PlannedStep) -> Tracking | None:
        """How the training of a step is logged, if it is."""
        if not self.log_to:
            return None
        title = f"{self.recipe.name}.{planned.step.id}"
        folder = self.store.root.parent / FOLDER / f"{title}-{planned.fingerprint[:8]}"
        return Tracking(self.log_to, title, folder)

    def artifact(self, step_id: str) -> Path:
        """Folder of a finished step's output."""
        return self.store.path(self.plan.by_id(step_id).fingerprint)

    def model(self, planned: PlannedStep, language: str = "") -> Built:
        """Load the model that an evaluate or retrieve cell measures.

        With several heads, that of the cell is made active; of several languages' adapters, that of
        the language which is measured.
        """
        step, swap = planned.step, swap_for(planned.step, language)
        if swap is None:
            built = self.load(step.model)
        elif step.model is None:
            built = self.load(swap.language)
        else:
            built = self._speaking(step.model, swap)
        if "head" in planned.step.params:
            built.use_head(planned.step.text("head"))
        return self.computing(built, planned)

    def computing(self, built: Built, planned: PlannedStep) -> Built:
        """A loaded model, computing in the precision of a cell and measured by its clock."""
        built.precision = self.precision_of(planned.step) or "fp32"
        built.clock = self.meter.clock if self.meter else None
        return built

    def precision_of(self, step: Step) -> str | None:
        """What a cell is computed in, where it says anything of it: then the results do too."""
        if "precision" not in step.params:
            return None
        return find_precision(step.text("precision"), find_device(self.device))

    def load(self, step_id: str | None, beside: Iterable[str] = ()) -> Built:
        """Load the model that a step has made; None is the bare backbone.

        The last one stays loaded: consecutive cells often measure the same model.

        Args:
            beside: steps whose models stay loaded too: the members of an ensemble, which are run
                one after the other in each language. All of them are in memory at once, and
                nothing else.
        """
        from adapterxlt.models.build import load

        key = self.plan.by_id(step_id).fingerprint if step_id else ""
        wanted = {key, *(self.plan.by_id(name).fingerprint for name in beside)}
        for other in self._loaded.keys() - wanted:
            del self._loaded[other]
        if key not in self._loaded:
            built = load(self.backbone, self.artifact(step_id) if step_id else None)
            built.move(find_device(self.device))
            self._loaded[key] = built
        built = self._loaded[key]
        built.precision, built.clock = "fp32", None  # another cell may have had others
        return built

    def _speaking(self, step_id: str, swap: Swap) -> Built:
        """Load a model with another language's adapter than the one that it was trained with.

        The last one stays loaded.
        """
        from adapterxlt.models.speak import load_speaking

        steps = (step_id, swap.language, swap.source)
        key = " ".join(self.plan.by_id(name).fingerprint if name else "-" for name in steps)
        if key not in self._loaded:
            self._loaded.clear()  # first, as two of them may not fit into memory
            artifact, language, source = (self.artifact(name) if name else None for name in steps)
            assert artifact is not None
            built = load_speaking(self.backbone, artifact, language=language, source=source)
            built.move(find_device(self.device))
            self._loaded[key] = built
        return self._loaded[key]

    def move(self, built: Built) -> None:
        """Move a model that is to be trained to the run's device.

        On a GPU, the models that are loaded make room for it.

        Raises:
            AdapterXLTError: the device has too little memory for it.
        """
        device = find_device(self.device)
        if device.type == "cuda":
            self.forget()
        built.move(device)

    def forget(self) -> None:
        """Let go of the models in memory; for a step that has changed one of them."""
        self._loaded.clear()

    def seen_in(
        self, planned: PlannedStep, language: str, known: Mapping[str, Hashes]
    ) -> dict[str, Hashes]:
        """What the model of a cell has seen (`known`), and its adapter of a language."""
        found, swap = dict(known), swap_for(planned.step, language)
        if swap is not None and swap.language is not None:
            for name, hashes in read_seen(None, self.artifact(swap.language)).items():
                found[name] = np.union1d(found[name], hashes) if name in found else hashes
        return found

    def seen(self, artifact: Path | None) -> dict[str, Hashes]:
        """Hashes of the texts that a model has seen, by where: see `read_seen`.

        This includes the data that the makers of the backbone trained on, as far as they are here.
        """
        told = {
            f"pretraining ({task})": hashes
            for task in self.backbone.seen
            if (hashes := self.texts.pretrained(task)).size
        }
        return read_seen(self.backbone.path, artifact) | told
