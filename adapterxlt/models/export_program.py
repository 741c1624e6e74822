"""Writes the program that loads an export."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import BUNDLED
from adapterxlt.hub_cache import id_of, repository_of
from adapterxlt.models.parts import Built


@dataclass(frozen=True)
class Named:
    """The name by which another library loads a backbone.

    Args:
        load: an id of the Hub, or a folder on this machine.
        moved: what to do on another machine; "" for an id, which means the same anywhere.
    """

    load: str
    moved: str


def other_way(backbone: Backbone) -> str:
    """Say what to do with a model that neither PEFT nor transformers can hold."""
    if backbone.architecture.model:  # `adapters` lacks a model with heads for it
        return PACKED
    return "export it --to adapters"


PACKED = "use `artifact pack` to share all of it, for adapterxlt"


def backbone_of(backbone: Backbone) -> Named:
    """Return the Hub's id of a backbone in the Hub's cache, and the folder of any other."""
    if (repository := repository_of(backbone.path)) is not None:
        return Named(id_of(repository), "")
    if backbone.name in BUNDLED:
        what = f"`{backbone.name}`, which is part of adapterxlt"
    else:
        what = f"`{backbone.name}`, a folder on the machine where this was written"
    return Named(
        str(backbone.path),
        f"The backbone is {what} ({backbone.path}). On another machine, or if that folder moves, "
        "give its place: `python load.py FOLDER`.",
    )


def program(
    built: Built,
    library: str,
    imports: Sequence[str],
    body: Sequence[str],
    *,
    choices: bool = False,
) -> str:
    """Return a runnable module with a function `load` that returns the model.

    Args:
        built: the exported model.
        library: name of the other library.
        imports: the lines that import what `body` needs.
        body: the lines of `load`. They can use `backbone`, a folder or id, and `HERE`.
        choices: whether they can also use `choices`, a number.
    """
    spec = built.spec
    assert spec is not None
    named = backbone_of(built.backbone)
    bundled = built.backbone.name in BUNDLED
    # For the bundled backbone, the program asks for the folder when it runs.
    default = built.backbone.name if bundled else named.load
    lines = [
        f'"""Loads `{spec.name}` in {library}: `python load.py [BACKBONE]`."""',
        "",
        "import sys",
        "from pathlib import Path",
        "",
        *sorted(imports),
        "",
        "HERE = Path(__file__).resolve().parent",
        "# A folder or Hub id of the backbone it was trained on, of the content",
        f"# {built.backbone.hash[:32]}; no other gives the same outputs.",
        f"BACKBONE = {default!r}",
        "",
        "",
        f"def load(backbone=BACKBONE{', choices=2' if choices else ''}):",
        f'    """Give the model, ready to use{_CHOICES if choices else ""}."""',
        *(_BUNDLED if bundled else _FOLDER if named.moved else ()),
        *(f"    {line}" for line in body),
        "    model.eval()",
        "    return model",
        "",
        "",
        'if __name__ == "__main__":',
        "    print(load(*sys.argv[1:2]))",
    ]
    return "\n".join(lines) + "\n"


_CHOICES = "; `choices`: how many each input [batch, choices, length] has"
_BUNDLED = textwrap.indent(
    """\
if backbone == BACKBONE:
    try:
        from adapterxlt.backbones import resolve_backbone
    except ImportError:
        sys.exit(
            f"{BACKBONE} is part of adapterxlt, which is not installed here: "
            "give its folder, `python load.py FOLDER`"
        )
    backbone = str(resolve_backbone(BACKBONE, HERE).path)""",
    "    ",
).splitlines()
_FOLDER = textwrap.indent(
    """\
if backbone == BACKBONE and not Path(backbone).is_dir():
    sys.exit(f"{BACKBONE} is not here: give the backbone's folder, `python load.py FOLDER`")""",
    "    ",
).splitlines()
