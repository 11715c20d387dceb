"""What README.md and docs/ show is true: every command shown is run and its output compared."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from tests.documents import ROOT, SHELL_KINDS, Block, Session, blocks, documents, matches, renewed
from tests.refresh_documents import refresh
from wkasim.profile import Profile, differences

README = ROOT / "README.md"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def problems_of(path: Path, folder: Path) -> list[str]:
    """Run a document's commands; a sentence for each that does not do what is shown."""
    session = Session(folder)
    found = []
    for block in blocks(path):
        if "file" in block.comments:
            session.write(block)
        if not block.executed:
            continue
        commands = list(block.shown())
        for shown in commands:
            code, actual = session.run(shown.command)
            expected_code = int(block.comments.get("exits", 0)) if shown is commands[-1] else 0
            if code != expected_code:
                found.append(f"{block.place}: $ {shown.command}\nexit code {code}, not {expected_code}")
            if not matches(shown.output, actual):
                text = "\n".join(actual)
                found.append(f"{block.place}: $ {shown.command}\nnow prints something else:\n{text}")
    return found


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_document_commands_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    problems = problems_of(path, tmp_path)
    assert not problems, "\n\n".join([*problems, "refresh with: python -m tests.refresh_documents"])


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_document_shell_blocks_are_executed_or_say_why_not(path: Path) -> None:
    for block in blocks(path):
        if block.kind in SHELL_KINDS and not block.executed:
            reason = block.comments.get("not executed", "")
            assert len(reason) >= 10, f"{block.place}: run it (kind console) or give the reason why not"
        if block.kind not in SHELL_KINDS:
            hidden = [line for line in block.text if line.startswith(("$ ", "% ", "# wkasim", "wkasim "))]
            assert not hidden, f"{block.place}: commands stand in blocks of kind console: {hidden}"


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_document_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        assert place.exists(), f"{name_of(path)}: {target}"
        if heading:
            assert heading in headings_of(place), f"{name_of(path)}: {target}"


def headings_of(path: Path) -> set[str]:
    """The anchors of a Markdown file's headings, as GitHub and MyST make them."""
    texts = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in texts}


def set_up_lines() -> list[str]:
    """The README's lines that begin with nothing but Python, as they stand."""
    lines = [line for block in blocks(README) if block.kind in SHELL_KINDS for line in block.text]
    return [line.removeprefix("$ ") for line in lines if "-m venv" in line]


def test_readme_has_one_line_for_the_main_job_and_one_for_the_tests() -> None:
    main, tests = set_up_lines()
    assert main.endswith(".venv/bin/wkasim run scenarios/esb-cluster.yaml")
    assert ".venv/bin/pytest" in tests


def test_ci_run_does_exactly_the_readme_lines() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for line in set_up_lines():
        assert f'\nstep "{line}"\n' in script


def test_protocol_names_every_field_in_which_the_profiles_differ() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    table = text.partition("\n## Profiles\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| [^|]+ \| `(\w+)` \|", table, re.MULTILINE))
    assert {name for name, *_ in differences()} <= named
    assert named <= {field.name for field in attrs.fields(Profile)}


# The machinery itself: a test of documents that cannot fail would be worse than none.


def document(folder: Path, text: str) -> Path:
    path = folder / "document.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_problems_of_a_document_that_is_true_are_none(tmp_path: Path) -> None:
    text = "```console\n$ echo one; echo two\none\ntwo\n$ printf '%s\\n' \\\n    three\nthree\n```\n"
    assert problems_of(document(tmp_path, text), tmp_path) == []


def test_problems_of_a_document_with_another_output_show_what_is_printed_now(tmp_path: Path) -> None:
    path = document(tmp_path, "# Title\n\n```console\n$ echo one\ntwo\n```\n")
    assert problems_of(path, tmp_path) == [f"{path}:3: $ echo one\nnow prints something else:\none"]


def test_problems_of_a_document_with_another_exit_code_name_it(tmp_path: Path) -> None:
    path = document(tmp_path, "```console\n$ false\n```\n\n<!-- exits: 1 -->\n```console\n$ false\n```\n")
    assert problems_of(path, tmp_path) == [f"{path}:1: $ false\nexit code 1, not 0"]


def test_document_blocks_share_one_folder_with_files_and_scenarios(tmp_path: Path) -> None:
    text = "<!-- file: sub/a.yaml -->\n```yaml\nkey: 1\n```\n\n```console\n$ cat sub/a.yaml; ls -d *\nkey: 1\n"
    path = document(tmp_path, text + "scenarios\nsub\n```\n")
    assert problems_of(path, tmp_path) == []


def test_comments_of_a_block_end_with_the_next_text(tmp_path: Path) -> None:
    text = "<!-- not executed: only an example -->\n\n```console\n$ a\n```\ntext\n```console\n$ b\n```\n"
    first, second = blocks(document(tmp_path, text))
    assert (first.executed, second.executed) == (False, True)
    assert first.comments == {"not executed": "only an example"}


def test_a_console_block_without_command_names_the_way_out(tmp_path: Path) -> None:
    path = document(tmp_path, "```console\nwkasim run\n```\n")
    with pytest.raises(ValueError, match=r"document\.md:1: a console block begins with a command"):
        problems_of(path, tmp_path)


def test_matches_leaves_trailing_blanks_aside() -> None:
    assert matches(("a  ",), ("a",))
    assert matches(("a",), ("a  ",))
    assert not matches(("a",), (" a",))


@pytest.mark.parametrize(
    ("shown", "actual", "match"),
    [
        ("", "", True),
        ("a", "a", True),
        ("a", "", False),
        ("", "a", False),
        ("a b", "a b", True),
        ("a ...", "a", True),
        ("a ... d", "a b c d", True),
        ("a ... c", "a b c d", False),
        ("... c ... e", "a b c d e", True),
        ("... e ... c", "a b c d e", False),
    ],
)
def test_matches_treats_an_ellipsis_as_any_lines(shown: str, actual: str, match: bool) -> None:
    assert matches(tuple(shown.split()), tuple(actual.split())) is match


@pytest.mark.parametrize(
    ("shown", "actual", "now"),
    [
        ("a b", "a c", "a c"),
        ("a ... d", "a b c d", "a ... d"),
        ("a ... d", "x b c y", "x ... y"),
        ("a b ...", "x b c y", "x b ..."),
        ("... d", "x b c y", "... y"),
        ("a ... c", "x", "x ..."),
    ],
)
def test_renewed_leaves_out_what_was_left_out(shown: str, actual: str, now: str) -> None:
    assert renewed(tuple(shown.split()), tuple(actual.split())) == tuple(now.split())


def test_refresh_rewrites_what_changed_and_nothing_else(tmp_path: Path) -> None:
    path = document(
        tmp_path,
        "text\n\n```console\n$ echo one\nold\nolder\n$ echo two\ntwo\n```\n\nmore\n\n"
        "```console\n$ echo three\n```\n<!-- not executed: an example -->\n```console\n$ no\nkept\n```\n",
    )
    assert refresh(path, tmp_path) == 2
    assert path.read_text(encoding="utf-8") == (
        "text\n\n```console\n$ echo one\none\n$ echo two\ntwo\n```\n\nmore\n\n"
        "```console\n$ echo three\nthree\n```\n"
        "<!-- not executed: an example -->\n```console\n$ no\nkept\n```\n"
    )
    assert problems_of(path, tmp_path / "again") == []


def test_block_place_outside_the_checkout_is_the_whole_path(tmp_path: Path) -> None:
    assert Block(tmp_path / "x.md", 3, "", ()).place == f"{tmp_path / 'x.md'}:3"
