"""SVG and ShiViz: the same run for documents and for another tool."""

from __future__ import annotations

import json
import math
import re

import pytest
from lxml import etree

from tests.view.runs import faulty_run, hostile_run, large_run, small_run
from wkasim.view.run import Run, ViewNode
from wkasim.view.shiviz import PARSER, shiviz_lines
from wkasim.view.svg import MOST_ROWS, svg_page

NAMESPACE = "{http://www.w3.org/2000/svg}"


def texts_of(svg: str) -> list[str]:
    root = etree.fromstring(svg.encode())
    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} <= {
        "svg", "title", "rect", "line", "path", "circle", "text",
    }  # fmt: skip
    return ["".join(element.itertext()) for element in root.iter(f"{NAMESPACE}text")]


def test_svg_of_a_run_names_nodes_messages_and_who_noticed() -> None:
    texts = texts_of(svg_page(small_run()))
    assert {"elb", "manager", "worker1", "worker2", "JOIN", "initialised"} <= set(texts)
    assert any(text.startswith("MEMBER_LIST: manager") for text in texts)
    assert any(text.startswith("− worker2 (first to notice") for text in texts)


def test_svg_of_a_long_run_says_what_it_leaves_out() -> None:
    texts = texts_of(svg_page(large_run(4, 6000)))
    left = [text for text in texts if "left out" in text]
    assert len(left) == 1
    assert re.search(rf"left out: \d+ later rows; {MOST_ROWS} fit on a sheet", left[0])


def test_svg_of_hostile_texts_stays_a_drawing() -> None:
    assert any("<img" in text for text in texts_of(svg_page(hostile_run())))


def test_svg_of_a_lost_message_ends_in_a_cross() -> None:
    root = etree.fromstring(svg_page(faulty_run()).encode())
    assert any("m0-10l-10 10" in path.get("d", "") for path in root.iter(f"{NAMESPACE}path"))


def test_svg_labels_lie_along_their_arrows_and_fit_between_the_lanes() -> None:
    root = etree.fromstring(svg_page(small_run()).encode())
    lines = [line for line in root.iter(f"{NAMESPACE}line") if line.get("stroke-width") == "1.8"]
    labels = [text for text in root.iter(f"{NAMESPACE}text") if text.get("text-anchor") == "middle"]
    assert len(lines) == len(labels) > 10
    for line, label in zip(lines, labels, strict=True):
        x1, y1, x2, y2 = (float(line.get(name)) for name in ("x1", "y1", "x2", "y2"))
        degrees = float(label.get("transform").removeprefix("rotate(").split(" ")[0])
        assert degrees == pytest.approx(math.degrees(math.atan((y2 - y1) / (x2 - x1))), abs=0.1)
        x, y = float(label.get("x")), float(label.get("y"))
        assert y < y1 + (y2 - y1) * (x - x1) / (x2 - x1) - 4
        assert len(label.text) * 7 <= abs(x2 - x1) - 20


def test_svg_groups_lanes_by_host() -> None:
    root = etree.fromstring(svg_page(small_run()).encode())
    at: dict[str, float] = {}
    for text in root.iter(f"{NAMESPACE}text"):  # the first of its words is the one in the head
        at.setdefault(text.text, float(text.get("x")))
    assert at["127.1.0.206"] == at["elb"] < at["manager"] < at["127.1.0.132"] == at["worker1"]


def test_svg_wraps_long_lines_and_cuts_only_what_is_longer_than_three() -> None:
    texts = texts_of(svg_page(small_run()))
    assert any(text.endswith(("joined application", "cluster")) for text in texts)
    assert not any("MemberImpl[" in text for text in texts)
    long = Run(
        title="",
        nodes=(ViewNode("a"), ViewNode("b")),
        records=[(0, "state", "b", 1, "failed", "word " * 200_000)],
    )
    lines = [text for text in texts_of(svg_page(long)) if "word" in text]
    assert len(lines) == 3
    assert lines[-1].endswith("…")


def test_shiviz_lines_carry_clocks_that_respect_messages() -> None:
    parser, blank, *lines = shiviz_lines(small_run())
    assert (parser, blank) == (PARSER, "")
    pattern = re.compile(PARSER.replace("(?<", "(?P<"))
    clocks: dict[str, dict[str, int]] = {}
    for line in lines:
        found = pattern.fullmatch(line)
        assert found is not None, line
        host, clock = found["host"], json.loads(found["clock"])
        before = clocks.get(host, {})
        assert clock[host] == before.get(host, 0) + 1
        assert all(clock.get(other, 0) >= count for other, count in before.items())
        assert all(count <= clocks[other][other] for other, count in clock.items() if other != host)
        clocks[host] = clock
    assert clocks["worker1"].keys() >= {"elb", "manager", "worker1"}


def test_shiviz_lines_of_hostile_names_still_parse() -> None:
    _, _, *lines = shiviz_lines(hostile_run())
    pattern = re.compile(PARSER.replace("(?<", "(?P<"))
    assert lines
    assert all(pattern.fullmatch(line) for line in lines)
