"""How steps are written in a scenario file: one form for every action and every kind of waiting."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from attrs import frozen

from wkasim.node.config import NodeConfig
from wkasim.scenario.form_nodes import ADDED_NODE_FORM, HOST, NODE, PLACE, PORT
from wkasim.scenario.model import Question, Step, Wait, WaitUntil
from wkasim.scenario.records import Converted, Field, Form, Record, Verbs
from wkasim.scenario.shapes import (
    Choice,
    Duration,
    Flag,
    IPv4,
    ListOf,
    Number,
    OneOrMany,
    Range,
    Text,
    Whole,
)
from wkasim.scenario.written import Problems, Written
from wkasim.sim import faults
from wkasim.sim.network import Link

__all__ = ["ACTION_FORMS", "DATABASE_STATE", "LINK_FORM", "SET_LINK_FORM", "STEP_FORM", "meaning_of"]

T = TypeVar("T")

HOST_HEADER: Final = Text("a host name, with :PORT or without", r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}(:[0-9]{1,5})?")

MESSAGES: Final = (
    "JOIN",
    "MEMBER_LIST",
    "MEMBER_JOINED",
    "GET_CONFIGURATION",
    "GET_CONFIGURATION_RESPONSE",
    "GET_STATE",
    "GET_STATE_RESPONSE",
    "TEXT",
    "EMPTY",
    "NO_RPC_CHANNEL",
    "COORDINATION_REQUEST",
    "COORDINATION_CONFIRMED",
    "HTTP",
)
"""The kinds of messages; a reply is of the kind of what it carries. HTTP is requests and answers of clients."""


def meaning_of(value: type) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())


def _form(
    make: type[T],
    *fields: Field,
    short: str | None = None,
    check: Callable[[T, Written, Problems], None] | None = None,
) -> tuple[str, Form[Any]]:
    verb: str = getattr(make, "verb")  # noqa: B009 - mypy knows no attributes of a type variable
    return verb, Record(make, f"the step {verb}", fields, short=short, meaning=meaning_of(make), check=check)


# Links


@frozen(kw_only=True)
class _LinkFacts:
    latency_ms: tuple[float, float] = (0.1, 0.3)
    loss: float = 0.0


def _link(facts: _LinkFacts) -> Link:
    least_us, most_us = (round(ms * 1000) for ms in facts.latency_ms)
    return Link(least_us, most_us - least_us, facts.loss)


def _link_facts(link: Link) -> _LinkFacts:
    return _LinkFacts(latency_ms=(link.latency_us / 1000, (link.latency_us + link.jitter_us) / 1000), loss=link.loss)


_LATENCY: Final = Field("latency", Range(), "One way: one time, or [least, most].", "latency_ms")
_LOSS: Final = Field("loss", Number(0, 0.99), "How likely a packet is lost; TCP sends it again, so loss is delay.")

LINK_FORM: Final = Converted(Record(_LinkFacts, "a link", (_LATENCY, _LOSS), short="latency"), _link, _link_facts)
"""Latency and loss of the links of which nothing else is said."""

_BETWEEN_TWO: Final = Field("between", ListOf(PLACE, 2, 2), "Two nodes or hosts.")
_ONE_WAY: Final = Field("one_way", Flag(), "Only from the first to the second.")

SET_LINK_FORM: Final = Record(faults.SetLink, "a link", (_BETWEEN_TWO, _LATENCY, _LOSS, _ONE_WAY))
"""The same between two places."""

# Actions


def _check_wait_until(wait: WaitUntil, written: Written, problems: Problems) -> None:
    if [bool(wait.ready), wait.converged, bool(wait.answered)].count(True) != 1:
        ways = '"ready: NODE", "converged: true" or "answered: STEP"'
        raise problems.refuse(written.line, f"wait_until needs {ways}, one of them")


def _add_node(config: NodeConfig) -> faults.AddNode:
    return faults.AddNode(config=config)


def _added_node(action: faults.AddNode) -> NodeConfig:
    return action.config


DATABASE_STATE: Final = Choice(("up", "down", "denied"), "state of the database")

_NODE: Final = Field("node", NODE, "Which node.")
_HOST: Final = Field("host", HOST, "Which host.")
_PORT: Final = Field("port", PORT, "Which port.")
_MESSAGE: Final = Field("message", Choice(MESSAGES, "message"), "Messages of this kind; all if left out.")
_HOW: Final = Field("how", Choice(("silent", "refused", "unreachable")), "What a sender meets.")
_BETWEEN: Final = Field("between", ListOf(PLACE, 2, 2), "Two nodes or hosts; everything if left out.")

ACTION_FORMS: Final[Mapping[str, Form[Any]]] = dict(
    (
        _form(Wait, Field("for", Duration(), "How long.", "for_s"), short="for"),
        _form(
            WaitUntil,
            Field("ready", OneOrMany(NODE), "Nodes whose start must be over."),
            Field("converged", Flag(), "true: until the cluster has converged."),
            Field(
                "answered", OneOrMany(Text("the name of a step", refers="step")), "Steps whose requests are answered."
            ),
            Field("timeout", Duration(), "How long at most; too late fails the run.", "timeout_s"),
            check=_check_wait_until,
        ),
        _form(
            faults.Start,
            Field("nodes", OneOrMany(NODE), "Which nodes."),
            Field("spread", Duration(), "Each starts at a random moment within this time.", "spread_s"),
            short="nodes",
        ),
        _form(faults.Terminate, _NODE, short="node"),
        _form(faults.Kill, _NODE, short="node"),
        _form(
            faults.Restart,
            _NODE,
            Field("after", Duration(), "How long it is away.", "after_s"),
            Field("graceful", Flag(), "true: terminate it instead of killing it."),
            short="node",
        ),
        _form(faults.Pause, _NODE, short="node"),
        _form(faults.Resume, _NODE, short="node"),
        _form(
            faults.Partition,
            Field("sides", ListOf(OneOrMany(PLACE), 2), "The sides, each a node or host or a list of them."),
            _HOW,
            short="sides",
        ),
        _form(
            faults.Cut,
            Field("from", PLACE, "Whose packets do not pass.", "sender"),
            Field("to", PLACE, "On their way to whom.", "receiver"),
            _HOW,
        ),
        _form(faults.Heal, _BETWEEN, short="between"),
        _form(faults.HostDown, _HOST, short="host"),
        _form(faults.HostUp, _HOST, short="host"),
        _form(faults.SetLink, _BETWEEN_TWO, _LATENCY, _LOSS, _ONE_WAY),
        _form(
            faults.MessageRule,
            Field("do", Choice(("drop", "delay", "duplicate", "hold")), "What happens to the messages."),
            _MESSAGE,
            Field("from", NODE, "Sent by this node; by any if left out.", "sender"),
            Field("to", NODE, "Sent to this node; to any if left out.", "receiver"),
            Field("count", Whole(1, 1_000_000, "a count"), "Only the first so many; all if left out."),
            Field("by", Duration(), "How long they are delayed.", "by_s"),
        ),
        _form(faults.Release, _MESSAGE, short="message"),
        _form(faults.ClearRules),
        _form(faults.OccupyPort, _HOST, _PORT),
        _form(faults.FreePort, _HOST, _PORT),
        _form(faults.OpenHttp, _NODE, short="node"),
        _form(faults.CloseHttp, _NODE, short="node"),
        _form(faults.ChangeDatabase, Field("state", DATABASE_STATE, "What it does from now on."), short="state"),
        _form(
            faults.MapHost,
            Field("name", Text("a host name"), "The name."),
            Field("address", IPv4(), "Its address."),
        ),
        _form(faults.UnmapHost, Field("name", Text("a host name"), "The name."), short="name"),
        _form(
            faults.Request,
            Field("to", NODE, "Which node is asked: a load balancer, or any other node itself."),
            Field("host", HOST_HEADER, "The Host header; the node's own host if left out."),
            Field(
                "path",
                Text("a path that begins with a slash", r"/[!-~]{0,2000}"),
                "The path, with the query if there is one.",
            ),
            Field("method", Choice(("GET", "HEAD", "POST", "PUT", "DELETE"), "method"), "The method."),
            Field("count", Whole(1, 1_000_000, "a count"), "How many requests."),
            Field("every", Duration(), "From one to the next, answered or not.", "every_s"),
            Field("session", Text("a name"), "Requests under one name share their cookies, and so their session."),
            Field("https", Flag(), "true: to the HTTPS port."),
            Field("timeout", Duration(), "How long a client waits for each answer.", "timeout_s"),
        ),
        (faults.AddNode.verb, Converted(ADDED_NODE_FORM, _add_node, _added_node, meaning_of(faults.AddNode))),
    )
)
"""How each step is written, by its verb."""


def _check_question(question: Question, written: Written, problems: Problems) -> None:
    if question.answer not in question.choices:
        choices = ", ".join(f'"{choice}"' for choice in question.choices)
        raise problems.refuse(written.line, f'the answer "{question.answer}" is none of the choices {choices}')


QUESTION_FORM: Final = Record(
    Question,
    "a question",
    (
        Field("text", Text("a text"), "What is asked."),
        Field("choices", ListOf(Text("a choice", numbers=True), 2, 9), "Possible answers, in the order shown."),
        Field("answer", Text("a choice", numbers=True), "The right one of them, word for word."),
        Field("because", Text("a text"), "What is said after the answer."),
    ),
    check=_check_question,
)
"""What a watcher is asked before a step."""

STEP_FORM: Final = Verbs(
    Record(
        Step,
        "a step",
        (
            Field("at", Duration(), "Not before this time of the run.", "at_s"),
            Field("name", Text("a name"), "What expectations call this step."),
            Field("explain", Text("a text"), "A sentence for whoever watches."),
            Field("question", QUESTION_FORM, "What a watcher is asked before this step."),
        ),
        with_line="line",
    ),
    ACTION_FORMS,
    "action",
    "step",
    {
        **{
            do: f"messages: {{do: {do}, message: ..., from: ..., to: ...}}"
            for do in ("drop", "delay", "duplicate", "hold")
        },
        **dict.fromkeys(("stop", "crash"), "terminate or kill"),
        **dict.fromkeys(("sleep", "run"), "wait"),
    },
)
"""A step."""
