"""The score by which two runs are compared."""

import random

from wkasim.logs.alignment import common_length
from wkasim.logs.compare import comparable_lines, compare

LOG = """\
[2026-11-22 12:26:02,804]  INFO - TribesClusteringAgent Initializing cluster...
[2026-11-22 12:26:02,805] DEBUG - MembershipManager Is in my domain: true
[2026-11-22 12:26:03,002]  INFO - ReceiverBase Receiver Server Socket bound to:/127.1.0.132:4000
[2026-11-22 12:26:03,041]  INFO - NonBlockingCoordinator CoordinationEvent[type=12
\tLocal:tcp://127.1.0.132:4000
[2026-11-22 12:26:03,046]  INFO - TribesUtil Members of current cluster  {main}
INFO - TribesUtil Member1 127.1.0.206:4000(d)
[2026-11-22 12:26:05,000]  WARN - TcpFailureDetector Member added, even though we werent notified:\
org.apache.catalina.tribes.membership.MemberImpl[tcp://{127, 1, 0, 132}:4001, alive=1, ]
[2026-11-22 12:26:05,001]  INFO - Driver STATE local=x
java.net.SocketTimeoutException: Connect timed out
"""


def slow_common_length(first: list[int], second: list[int]) -> int:
    """The textbook's table, to compare with."""
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def test_comparable_lines_leave_out_what_is_hidden_and_what_differs_from_run_to_run() -> None:
    assert comparable_lines(LOG) == [
        "INFO TribesClusteringAgent Initializing cluster...",
        "INFO TribesUtil Members of current cluster",
        "INFO TribesUtil Member1 127.1.0.206:4000(d)",
        "WARN TcpFailureDetector Member added, even though we werent notified:<member>",
    ]


def test_compare_of_equal_runs_is_one() -> None:
    lines = {"elb": comparable_lines(LOG), "w1": []}
    comparison = compare(lines, lines)
    assert comparison.score == 1.0
    assert (comparison.nodes["w1"].score, comparison.nodes["elb"].missing) == (1.0, ())


def test_compare_counts_lines_in_order_and_lists_the_others_without_order() -> None:
    comparison = compare({"elb": ["a", "b", "c", "c"]}, {"elb": ["b", "a", "c", "d"]})
    node = comparison.nodes["elb"]
    assert node.score == 0.5
    assert (node.recorded, node.simulated) == (4, 4)
    assert (node.missing, node.extra) == (("c",), ("d",))


def test_compare_weighs_nodes_by_their_lines_and_rounds_each() -> None:
    comparison = compare({"elb": ["a", "b", "c"], "w1": ["x"]}, {"elb": ["a", "b", "d", "e"], "w2": ["x"]})
    assert {name: node.score for name, node in comparison.nodes.items()} == {
        "elb": 0.5714,
        "w1": 0.0,
        "w2": 0.0,
    }
    assert list(comparison.nodes) == ["elb", "w1", "w2"]
    assert comparison.score == round(0.5714 * 7 / 9, 4)


def test_compare_of_nothing_is_one() -> None:
    assert compare({}, {}).score == 1.0


def test_common_length_is_that_of_the_textbook() -> None:
    draw = random.Random(7)
    for _ in range(500):
        first, second = ([draw.randrange(4) for _ in range(draw.randrange(14))] for _ in range(2))
        assert common_length(first, second) == slow_common_length(first, second), (first, second)
