"""One line of a timeline: what it may say, and what is said about one that may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkasim.errors import InputError
from wkasim.node.config import Group, NodeConfig
from wkasim.replay.timeline import read_line

CLOCK = "12:00:01.500 t+   1.500"


def problems_of(action: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        read_line(f"{CLOCK} {action}")
    return raised.value.problems


def test_read_line_start_with_all_keys_gives_the_node() -> None:
    line = read_line(
        f"{CLOCK} START elb log=e.log domain=D host=127.1.0.206 port=4000 http=8290 https=8253 httpWhen=after"
        " gm=D,E/worker props=subDomain=mgt,a=b wka=127.1.0.206:4001,127.1.0.132:4000"
    )
    assert line.clock_us == (12 * 3600 + 1) * 1_000_000 + 500_000
    assert line.event is not None
    assert (line.event.kind, line.event.node, line.event.log, line.event.at_us) == ("start", "elb", "e.log", 1_500_000)
    assert line.event.config == NodeConfig(
        name="elb",
        role="elb",
        host="127.1.0.206",
        port=4000,
        domain="D",
        sub_domain="mgt",
        properties={"a": "b"},
        groups=(Group("D"), Group("E", "worker")),
        http_port=8290,
        https_port=8253,
        open_http="after",
        well_known_members=(("127.1.0.206", 4001), ("127.1.0.132", 4000)),
    )


@pytest.mark.parametrize(
    ("action", "kind", "node", "host"),
    [
        ("READY w1", "ready", "w1", ""),
        ("KILL-9 w1", "kill", "w1", ""),
        ("SIGTERM w1", "terminate", "w1", ""),
        ("SIGSTOP w1", "pause", "w1", ""),
        ("SIGCONT w1", "resume", "w1", ""),
        ("NETWORK CUT (packets between 127.1.0.132 and others silently lost)", "cut", "", "127.1.0.132"),
        ("NETWORK HEALED (127.1.0.132 <-> others)", "heal", "", "127.1.0.132"),
        ("DUMP (Driver STATE lines)", "dump", "", ""),
        ("END; killing all with SIGKILL", "end", "", ""),
    ],
)
def test_read_line_action_gives_its_event(action: str, kind: str, node: str, host: str) -> None:
    event = read_line(f"{CLOCK} {action}").event
    assert event is not None
    assert (event.kind, event.node, event.host) == (kind, node, host)


@pytest.mark.parametrize(
    "action", ["WAIT 4s gap", "NOTE a word", "NOT-READY w1", "EXITED w1", "=== BASE CLUSTER UP ==="]
)
def test_read_line_that_only_tells_gives_no_event(action: str) -> None:
    assert read_line(f"{CLOCK} {action}").event is None


def test_read_line_minus_one_is_no_port() -> None:
    event = read_line(f"{CLOCK} START a host=127.1.0.1 port=-1 http=-1 https=8443").event
    assert event is not None
    assert event.config is not None
    assert (event.config.port, event.config.http_port, event.config.https_port) == (None, None, 8443)


def test_read_line_note_of_an_ordinary_user_is_heeded() -> None:
    assert read_line(f"{CLOCK} NOTE nodes run as an unprivileged user").unprivileged
    assert not read_line(f"{CLOCK} NOTE nodes run").unprivileged


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (
            "EXPLODE w1",
            (
                "unknown action 'EXPLODE w1' (known: START, READY, KILL-9, SIGTERM, SIGSTOP, SIGCONT, NETWORK CUT, "
                "NETWORK HEALED, DUMP, WAIT, NOTE, NOT-READY, EXITED, ===, END)"
            ),
        ),
        ("START", "START names no node"),
        ("KILL-9", "KILL-9 names no node"),
        ("READY ../w1", "'../w1' is no name of a node; letters, digits, '.', '-' and '_' make one"),
        ("START w1", "START without host=; a node needs an address"),
        ("START w1 host=a", "host='a': not a dotted address such as 127.1.0.206"),
        ("START w1 host=127.1.0.1 port=70000", "port='70000': not a port between 1 and 65535"),
        ("START w1 host=127.1.0.1 wka=127.1.0.1", "wka='127.1.0.1': not a port between 1 and 65535"),
        ("START w1 host=127.1.0.1 wka=elb:4000", "wka='elb:4000': not a dotted address such as 127.1.0.206"),
        ("START w1 host=127.1.0.1 gm=D,D", "gm='D,D': one group stands twice"),
        ("START w1 host=127.1.0.1 props=a", "props='a': not NAME=VALUE,NAME=VALUE"),
        ("START w1 host=127.1.0.1 noopen=yes", "noopen='yes': neither true nor false"),
        ("START w1 host=127.1.0.1 httpWhen=never", "httpWhen='never': neither before nor after"),
        ("START w1 host=127.1.0.1 domain=d/e", "domain='d/e': not a domain of at most 200 plain characters"),
        (
            "START w1 host=127.1.0.1 log=../../etc/passwd",
            "log='../../etc/passwd' is no log in the recording's own folder; write NAME.log",
        ),
        ("NETWORK CUT (everything)", "a NETWORK line names no host; it needs a dotted address"),
    ],
)
def test_read_line_bad_action_says_what_would_be_right(action: str, problem: str) -> None:
    assert problems_of(action) == (problem,)


def test_read_line_start_with_several_faults_says_them_all() -> None:
    assert problems_of("START w1 host=h port=0 wka=x") == (
        "host='h': not a dotted address such as 127.1.0.206",
        "port='0': not a port between 1 and 65535",
        "wka='x': not a port between 1 and 65535",
    )
    known = "(known: log, domain, host, port, http, https, httpWhen, noopen, gm, props, wka)"
    assert problems_of("START w1 port=1 port=2 x=1 gm") == (
        "port= stands twice",
        f"unknown key 'x=1' {known}",
        f"unknown key 'gm' {known}",
    )


def test_read_line_time_beyond_a_day_is_refused() -> None:
    with pytest.raises(InputError) as raised:
        read_line("12:00:00.000 t+ 86400.001 END")
    assert str(raised.value) == "t+ 86400.001 is more than a day after the beginning; recordings last 86400 s"


ACTIONS = st.sampled_from(
    [
        "START",
        "READY",
        "KILL-9",
        "SIGTERM",
        "SIGSTOP",
        "SIGCONT",
        "NETWORK",
        "CUT",
        "DUMP",
        "END",
        "NOTE",
        "w1",
        "../w1",
    ]
)
KEYS = st.builds(
    "{}={}".format,
    st.sampled_from(["log", "domain", "host", "port", "http", "gm", "props", "wka", "x", ""]),
    st.one_of(
        st.sampled_from(["127.1.0.1", "127.1.0.1:4000", "4000", "../x.log", "a=b", "D/", "/D", ",", "٣", "1" * 400]),
        st.text(max_size=20),
    ),
)
LINES = st.one_of(
    st.text(max_size=200),
    st.builds(lambda words: f"{CLOCK} {' '.join(words)}", st.lists(ACTIONS | KEYS | st.text(max_size=8), max_size=8)),
    st.builds("{}:{}:{}.000 t+ {} END".format, *[st.integers(0, 10**12)] * 3, st.floats()),
)


def told_by(line: str) -> tuple[str, ...]:
    """The problems of a line; if it has none, what it says is checked."""
    try:
        read = read_line(line)
    except InputError as error:
        return error.problems
    assert read.event is None or 0 <= read.event.at_us <= 86_400_000_000
    return ()


@given(LINES)
def test_read_line_hostile_text_is_read_or_refused(line: str) -> None:
    assert all(problem.isprintable() and len(problem) < 500 for problem in told_by(line))
