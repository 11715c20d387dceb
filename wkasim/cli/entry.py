"""Where the script ``wkasim`` and ``python -m wkasim`` begin, so that Ctrl-C is quiet while modules are still read."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line; ends by SystemExit with the exit code."""
    try:
        from wkasim.cli.main import main as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()
