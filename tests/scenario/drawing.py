"""Hypothesis strategies for scenario values, made from the form of scenario files; well formed, not always sensible."""

from __future__ import annotations

import re
from typing import Any

import attrs
from hypothesis import strategies as st

from wkasim.explore.invariants import known_invariants
from wkasim.logs.catalogue import ENTRIES, placeholders
from wkasim.node.config import NodeConfig
from wkasim.scenario import form, form_claims, form_nodes, shapes
from wkasim.scenario.form_nodes import ADDED_NODE_FORM
from wkasim.scenario.form_steps import LINK_FORM
from wkasim.scenario.model import Anchor, Excerpt, LineClaim, NoLineClaim, Question, Scenario, WaitUntil
from wkasim.scenario.records import Converted, Record, Verbs
from wkasim.sim.faults import AddNode
from wkasim.sim.network import Link

letters = st.characters(codec="utf-8", exclude_categories=("Cs",))
texts = st.one_of(
    st.text("abc :#-'\"{}[]&*!|>%@`,?\\\n\t", min_size=1, max_size=20),
    st.text(letters, min_size=1, max_size=12),
    st.sampled_from(
        ["true", "null", "~", "1", "1.5", "0o7", "=", "<<", "2013-06-20", "yes", "- x", "a: b", "#", " x "]
    ),
)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,6}", fullmatch=True)
microseconds = st.one_of(st.integers(0, 10**7), st.integers(0, 10**5).map(lambda seconds: seconds * 10**6))
seconds = microseconds.map(lambda us: us / 1e6)
ranges = st.tuples(microseconds, microseconds).map(lambda pair: (min(pair) / 1000, max(pair) / 1000))
log_lines = st.lists(
    st.sampled_from(["INFO - A b", "WARN - X.Y z ", "...", "", "# why", "ERROR - C xxx.xxx.xxx.1:1(d)"]), max_size=4
).map(lambda lines: "\n".join([*lines, "INFO - TribesUtil No members in current cluster"]))


def values_of(shape: Any) -> st.SearchStrategy[Any]:
    """Values that the shape can write."""
    match shape:
        case shapes.Text():
            if shape.pattern is not None:
                return names if re.fullmatch(shape.pattern, "a") else st.from_regex(shape.pattern, fullmatch=True)
            return texts | st.just("") if shape.may_be_empty else texts
        case shapes.IPv4():
            return st.ip_addresses(v=4).map(str)
        case shapes.Whole():
            return st.integers(shape.least, shape.most)
        case shapes.Number():
            return st.floats(shape.least, shape.most).map(lambda value: round(value, 6))
        case shapes.Flag():
            return st.booleans()
        case shapes.Choice():
            return st.sampled_from(shape.words)
        case shapes.Duration():
            return seconds
        case shapes.Range():
            return ranges
        case shapes.OrNone():
            return st.none() | values_of(shape.item)
        case shapes.ListOf():
            return st.lists(values_of(shape.item), min_size=shape.least, max_size=min(shape.most, 3)).map(tuple)
        case shapes.OneOrMany():
            return st.lists(values_of(shape.item), min_size=shape.least, max_size=3).map(tuple)
        case shapes.MapOf():
            return st.dictionaries(texts, values_of(shape.item), max_size=3)
        case form_nodes.HostPort():
            hosts = st.sampled_from(["a", "elb.wso2.com", "127.1.0.1", "[", "x:y", "é"])
            return st.tuples(hosts, st.integers(1, 65535))
        case form_nodes.Nodes():
            nodes = st.lists(nodes_named(), min_size=1, max_size=3, unique_by=lambda node: node.name)
            return nodes.map(tuple)
        case form.Switches():
            return switches
        case form_claims.AnchorShape():
            return anchors
        case form_claims.InvariantName():
            return st.sampled_from([invariant.name for invariant in known_invariants()])
        case form_claims.Lines():
            return st.builds(Excerpt, log_lines)
        case Verbs():
            said = st.one_of([values_of(entry) for entry in shape.forms.values()])
            return records(shape.envelope, **{shape.fills: said})
        case Converted() if shape is LINK_FORM:
            return ranges.map(lambda pair: Link(round(pair[0] * 1000), round(pair[1] * 1000) - round(pair[0] * 1000)))
        case Converted():
            return nodes_named().map(lambda node: AddNode(config=node))
        case Record():
            return nodes_named() if shape is ADDED_NODE_FORM else records(shape)
    raise AssertionError(f"no strategy for {shape!r}")


def records(form_: Record[Any], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a record; each field that has a default is given or not."""
    attributes = {attribute.name: attribute for attribute in attrs.fields(form_.make)}  # type: ignore[arg-type]
    fixed, free = dict(given), {}
    for entry in form_.fields:
        if entry.written:
            needed = attributes[entry.attribute].default is attrs.NOTHING
            (fixed if needed else free)[entry.attribute] = values_of(entry.shape)
    made = st.fixed_dictionaries(fixed, optional=free).map(lambda values: form_.make(**values))
    if form_.make is WaitUntil:
        return st.sampled_from([WaitUntil(converged=True), WaitUntil(ready=("a", "b"), timeout_s=1.5)])
    if form_.make is Question:
        return made.map(lambda question: attrs.evolve(question, answer=question.choices[-1]))
    if form_.make in (LineClaim, NoLineClaim):
        return st.tuples(made, line_facts).map(lambda pair: attrs.evolve(pair[0], **pair[1]))
    return made


line_facts = st.one_of(
    texts.map(lambda text: {"event": None, "text": text, "values": {}}),
    st.sampled_from([entry for entry in ENTRIES.values() if placeholders(entry.template)]).flatmap(
        lambda entry: st.fixed_dictionaries(
            {
                "event": st.just(entry.event),
                "text": st.none(),
                "values": st.dictionaries(st.sampled_from(placeholders(entry.template)), texts, max_size=2),
            }
        )
    ),
)
anchors = st.one_of(
    st.just(Anchor()),
    st.builds(Anchor, st.sampled_from(["start", "restart", "stop"]), names),
    st.builds(Anchor, st.just("step"), names),
)
switches = st.fixed_dictionaries(
    {},
    optional={
        "coordinator": st.booleans(),
        "heartbeat_s": st.integers(0, 9) | st.floats(0, 9).map(lambda value: round(value, 3)),
        "connect_tries": st.integers(0, 9),
        "pace_log": st.just((1, 2.5)),
        "member_list_level": st.sampled_from(["info", "debug"]),
    },
)


def nodes_named() -> st.SearchStrategy[NodeConfig]:
    """Nodes whose ports are in range with their offset."""
    made = records(ADDED_NODE_FORM)
    return made.map(
        lambda node: attrs.evolve(
            node,
            http_port=node.http_port and min(node.http_port, 65535 - min(node.port_offset, 65534)),
            https_port=node.https_port and min(node.https_port, 65535 - min(node.port_offset, 65534)),
            port_offset=min(node.port_offset, 65534),
            port=node.port or (4000 if node.bind_port else None),
        )
    )


def scenarios() -> st.SearchStrategy[Scenario]:
    """Whole scenarios."""
    return records(form.SCENARIO_FORM)
