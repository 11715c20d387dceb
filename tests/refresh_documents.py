"""Writes the outputs shown in README.md and docs/ anew: ``python -m tests.refresh_documents [FILE ...]``.

Where a shown output still matches, it stays as it is. Where it does not, the new output takes its place, and
where ``...`` left lines out, as many are shown as before. Read the difference before you commit it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.documents import Session, blocks, documents, renewed


def refresh(path: Path, folder: Path) -> int:
    """Renew one document; the number of outputs that changed."""
    session = Session(folder)
    changes = []
    for block in blocks(path):
        if "file" in block.comments:
            session.write(block)
        if not block.executed:
            continue
        for shown in block.shown():
            _, actual = session.run(shown.command)
            now = renewed(shown.output, actual)
            if now != shown.output:
                changes.append((shown, now))
                print(f"{path}:{shown.first}: {shown.command}")
    lines = path.read_text(encoding="utf-8").splitlines()
    for shown, now in reversed(changes):
        lines[shown.first : shown.last] = now
    if changes:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(changes)


def main() -> None:
    changed = 0
    for path in [Path(name).resolve() for name in sys.argv[1:]] or documents():
        with tempfile.TemporaryDirectory() as folder:
            changed += refresh(path, Path(folder))
    print(f"{changed} shown outputs renewed")


if __name__ == "__main__":
    main()
