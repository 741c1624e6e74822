"""Makes the parts of the documentation that follow from the code. `tox -e docs` builds the site.

A page of `docs/` has the line `<!-- generated: NAME -->` where such a part goes; `parts.py` has
them by name, `hook.py` hands them to mkdocs. Nothing here imports torch.
"""
