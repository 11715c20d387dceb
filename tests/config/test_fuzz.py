"""Whatever bytes the files hold, the readers answer with problems and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.variants import GUIDE
from wkasim.config.axis2 import read_axis2
from wkasim.config.balancer import read_balancer
from wkasim.config.carbon import read_carbon
from wkasim.config.cluster import read_cluster
from wkasim.config.datasources import read_datasources
from wkasim.config.directory import KINDS
from wkasim.config.hosts import read_hosts
from wkasim.config.rules.check import find_faults
from wkasim.config.startscript import read_start_script
from wkasim.config.verdict import simulate
from wkasim.profile import profile_named

READERS = {
    "axis2": read_axis2,
    "carbon": read_carbon,
    "balancer": read_balancer,
    "datasources": read_datasources,
    "hosts": read_hosts,
    "script": read_start_script,
}
CONF = "repository/conf"
SAMPLES = {
    "axis2": GUIDE / f"worker1/{CONF}/axis2/axis2.xml",
    "carbon": GUIDE / f"worker1/{CONF}/carbon.xml",
    "balancer": GUIDE / f"elb/{CONF}/loadbalancer.conf",
    "datasources": GUIDE / f"worker1/{CONF}/datasources/master-datasources.xml",
    "hosts": GUIDE / "hosts",
    "script": GUIDE / "worker1/bin/start.sh",
}
PIECES = st.sampled_from(
    (
        *(
            "<clustering>",
            "</clustering>",
            "<parameter",
            'name="',
            '">',
            "<members>",
            "<member>",
            "<port>",
            "4000",
            "-1",
        ),
        *(
            "99999999999",
            "${x}",
            "${",
            "}",
            "{{x}}",
            "<%=",
            "%>",
            "{%",
            "%}",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "&amp;",
        ),
        *("&x;", "<!DOCTYPE", "ENTITY", "<?xml", "?>", ";", "{", "}", "#", ":", "services", "domains", "hosts", "\x00"),
        *("\ufeff", "é", "²", "\r\n", "127.0.0.1", "-DworkerNode=true", "-DportOffset=²", "::1", 'enable="true"'),
    )
)


def test_readers_cover_every_kind_of_file() -> None:
    assert set(READERS) == set(KINDS)


@pytest.mark.parametrize("kind", list(READERS))
@given(
    data=st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=40).map(lambda parts: " ".join(parts).encode()))
)
def test_reader_of_any_bytes_returns(tmp_path_factory: pytest.TempPathFactory, kind: str, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / f"any-{kind}"
    path.write_bytes(data)
    READERS[kind](path)


@pytest.mark.parametrize("kind", list(READERS))
@given(seed=st.integers(0, 2**32))
def test_reader_of_mutated_file_returns(tmp_path_factory: pytest.TempPathFactory, kind: str, seed: int) -> None:
    path = tmp_path_factory.getbasetemp() / f"mutated-{kind}"
    path.write_bytes(mutated(SAMPLES[kind].read_bytes(), random.Random(seed)))
    READERS[kind](path)


@pytest.mark.parametrize("seed", range(40))
def test_doctor_of_mutated_cluster_finds_and_simulates(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    for sample in SAMPLES.values():
        for name in ("elb", "worker1"):
            target = tmp_path / name / sample.name
            target.parent.mkdir(exist_ok=True)
            data = sample.read_bytes()
            target.write_bytes(mutated(data, source) if source.random() < 0.5 else data)
    cluster = read_cluster([tmp_path])
    profile = profile_named("documented")
    find_faults(cluster, profile)
    if cluster.active():
        simulate(cluster, profile, failures=False)


def mutated(data: bytes, source: random.Random) -> bytes:
    """Some bytes changed, removed, doubled or moved."""
    body = bytearray(data)
    for _ in range(source.randint(1, 8)):
        at, length = source.randrange(len(body)), source.randint(1, 40)
        match source.randrange(4):
            case 0:
                body[at] = source.randrange(256)
            case 1 if len(body) > 100:
                del body[at : at + length]
            case 2:
                body[at:at] = body[at : at + length]
            case _:
                body[at:at] = source.choice(
                    [b"<", b">", b"&", b"${", b"}", b"{{", b"-->", b"\xff\xfe", b"\x00", b"99999999"]
                )
    return bytes(body)
