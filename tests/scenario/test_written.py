"""YAML text becomes a tree with lines, or a list of problems; nothing in a text can do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkasim.errors import InputError
from wkasim.scenario import written
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.written import Problems, Written, nearest, parse_yaml


def tree(text: str) -> Written:
    problems = Problems("f.yaml")
    found = parse_yaml(text, problems)
    assert found is not None
    assert not problems.found
    return found


def problems_of(text: str) -> list[str]:
    problems = Problems("f.yaml")
    parse_yaml(text, problems)
    return list(problems.sentences())


def test_parse_yaml_values_know_their_lines_and_keys_theirs() -> None:
    found = tree("a: 1\n\nb:\n  - x\n  - c: true\n")
    assert isinstance(found.value, dict)
    assert dict(found.key_lines) == {"a": 1, "b": 3}
    items = found.value["b"].value
    assert isinstance(items, list)
    assert [item.line for item in items] == [4, 5]
    assert items[0].value == "x"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ('"7"', "7"),
        ("2013-06-20", "2013-06-20"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("99999999999999999999999", "99999999999999999999999"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
    ],
)
def test_parse_yaml_scalars_become_plain_values(text: str, value: object) -> None:
    mapping = tree(f"a: {text}\n").value
    assert isinstance(mapping, dict)
    assert mapping["a"].value == value
    assert type(mapping["a"].value) is type(value)


def test_parse_yaml_block_text_knows_where_its_content_begins() -> None:
    mapping = tree("a: |\n  one\n  two\nb: >-\n  three\n  four\n").value
    assert isinstance(mapping, dict)
    assert (mapping["a"].value, mapping["a"].text_line) == ("one\ntwo\n", 2)
    assert mapping["b"].value == "three four"


def test_parse_yaml_aliases_are_written_out() -> None:
    mapping = tree("a: &x {k: 1}\nb: *x\n").value
    assert isinstance(mapping, dict)
    assert mapping["a"] == mapping["b"]


def test_parse_yaml_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert problems_of("\n".join(lines)) == ["f.yaml:1: the file has more than 200000 values, aliases counted in full"]


def test_parse_yaml_alias_that_holds_itself_is_refused() -> None:
    [problem] = problems_of("a: &a [*a]\n")
    assert problem.startswith("f.yaml:1: ")


@pytest.mark.parametrize("text", ["a: !!python/object:os.system x", "a: !mine x", "a: !!binary aGk=", "a: !!set {x}"])
def test_parse_yaml_tags_are_refused(text: str) -> None:
    [problem] = problems_of(text)
    assert problem.startswith("f.yaml:1: the tag ")
    assert problem.endswith("is not allowed here; write a plain value")


def test_parse_yaml_duplicate_keys_name_both_lines() -> None:
    assert problems_of("a: 1\nb: 2\na: 3\n") == [
        'f.yaml:3: "a" stands here a second time (the first is in line 1); names must differ'
    ]


def test_parse_yaml_merge_keys_and_odd_keys_are_refused() -> None:
    sentence = "a key is a plain word; merge keys (<<) are not supported, write the keys out"
    assert problems_of("b: &b {x: 1}\na:\n  <<: *b\n  ? [p, q]\n  : 2\n") == [
        f"f.yaml:3: {sentence}",
        f"f.yaml:4: {sentence}",
    ]


def test_parse_yaml_deep_nesting_is_refused() -> None:
    assert problems_of("[" * 60 + "]" * 60) == [
        "f.yaml:1: values are nested more than 40 deep, or an alias holds itself"
    ]
    [problem] = problems_of("[" * 100_000)
    assert problem == "f.yaml:1: values are nested more than 40 deep"


def test_parse_yaml_large_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "MAX_CHARACTERS", 10)
    assert problems_of("a: 123456789") == ["f.yaml:1: the file has more than 10 characters; this is no scenario"]


def test_parse_yaml_empty_file_says_how_to_begin() -> None:
    for text in ("", "\n\n", "# only a comment\n"):
        assert problems_of(text) == ['f.yaml:1: the file is empty; a scenario begins with "nodes:"']


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\n b: 2\n", "f.yaml:2: this is no YAML: mapping values are not allowed here"),
        ("a: [1\nb: 2\n", "f.yaml:2: this is no YAML: did not find expected ',' or ']' while parsing a flow sequence"),
        ("a: *b\n", "f.yaml:1: this is no YAML: found undefined alias 'b'"),
        (
            "a: 1\n---\nb: 2\n",
            "f.yaml:2: this is no YAML: but found another document expected a single document in the stream",
        ),
    ],
)
def test_parse_yaml_broken_text_names_the_line(text: str, problem: str) -> None:
    [found] = problems_of(text)
    assert found.split(": this is no YAML: ")[0] == problem.split(": this is no YAML: ", maxsplit=1)[0]
    assert ": this is no YAML: " in found


def test_nearest_suggests_or_lists() -> None:
    assert nearest("hots", ["hosts", "nodes"]) == '; did you mean "hosts"?'
    assert nearest("zzz", ["hosts", "nodes"]) == " (known: hosts, nodes)"


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_parse_scenario_of_any_text_gives_nothing_but_input_errors(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario(text, "f.yaml")
    assert all(problem.startswith("f.yaml:") for problem in caught.value.problems)


YAMLISH = st.lists(
    st.sampled_from(
        ["nodes:", "steps:", "expect:", "  elb:", "    role: elb", "- start: elb", "  - wait: 5s", "  - ", "? ", ": ",
         "{", "}", "[", "]", "&a ", "*a", "!!int ", "|", ">", "# x", "'", '"', "\t", "hosts: {a: 1.2.3.4}", "seed: -1",
         "expect:\n  - line: {on: elb, event: no_members}\n", "nodes: {elb: {role: elb}}\n"]
    ),
    max_size=12,
).map("\n".join)  # fmt: skip


@given(YAMLISH)
def test_parse_scenario_of_scrambled_yaml_gives_a_scenario_or_problems(text: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        parse_scenario(text, "f.yaml")
    except InputError as error:
        problems = error.problems
    assert all(problem.startswith("f.yaml:") for problem in problems)
