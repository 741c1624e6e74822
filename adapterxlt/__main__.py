"""`python -m adapterxlt`."""

from __future__ import annotations

from adapterxlt.cli.main import main

if __name__ == "__main__":
    main()
