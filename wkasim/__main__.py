"""``python -m wkasim``: the command line, as the ``wkasim`` script starts it."""

from __future__ import annotations

from wkasim.cli.entry import main

if __name__ == "__main__":
    main()
