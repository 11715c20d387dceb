"""What is rendered is read back the same: every entry of the catalogue, in every format."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wkasim.logs.catalogue import ENTRIES, Entry, placeholders
from wkasim.logs.formats import DEFAULT_START, FORMATS, LogFormat
from wkasim.logs.parser import parse_lines

words = st.text(alphabet="abcdefghijkl WXYZ0123456789.-_/$äß", max_size=20)
hosts = st.from_regex(r"[a-z0-9][a-z0-9.\-]{0,20}", fullmatch=True)
addresses = st.ip_addresses(v=4).map(str)
ports = st.integers(-1, 65535)
members = st.builds("{}:{}({})".format, addresses, ports, words)
braced = addresses.map(lambda text: "{" + text.replace(".", ", ") + "}")
destinations = st.builds("tcp://{}:{}".format, st.one_of(addresses, braced), ports)
lists = st.lists(destinations, max_size=3).map(lambda entries: "{" + ", ".join(entries) + "}")
axis2 = st.builds(
    "Host:{},{} Port: {}, HTTP:{}, HTTPS:{}, Domain: {}, Sub-domain:{}, Active:{}".format,
    addresses, st.sampled_from(["", " Remote Host:null,"]), ports, ports, ports, words, words,
    st.sampled_from(["true", "false"]),
)  # fmt: skip
tribes = st.builds(
    "org.apache.catalina.tribes.membership.MemberImpl[{}, alive={}, id={{0 0 }}, domain={{{}}}, ]".format,
    destinations, st.integers(0, 2**60), words,
)  # fmt: skip
VALUES: dict[str, st.SearchStrategy[str | int]] = {
    "member": members,
    "axis2": axis2,
    "tribes": tribes,
    "address": st.builds("{}/{}:{}".format, st.one_of(st.just(""), hosts), addresses, ports),
    "destination": destinations,
    "local": destinations,
    "coordinator": destinations,
    "view": lists,
    "suggested": lists,
    "members": lists,
    "host": hosts,
    "enabled": st.sampled_from(["enabled", "disabled"]),
    "answer": st.sampled_from(["true", "false"]),
    "command": st.sampled_from(["GetConfigurationCommand", "GetStateCommand"]),
    "name": st.from_regex(r"WSO2 [A-Za-z ]{0,30}", fullmatch=True),
    "version": st.from_regex(r"[0-9]\.[0-9.]{0,5}(-SNAPSHOT)?", fullmatch=True),
    "index": st.integers(1, 2000),
    "port": ports,
    "last": ports,
    "code": st.integers(0, 999_999),
    "seconds": st.integers(0, 10_000),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
@settings(max_examples=settings().max_examples // 5)  # of each entry
@given(data=st.data())
def test_round_trip_of_an_entry_in_every_format(entry: Entry, data: st.DataObject) -> None:
    params = {name: data.draw(VALUES.get(name, words), name) for name in placeholders(entry.template)}
    time_us = data.draw(st.integers(0, 10**12), "time_us")
    logger = data.draw(st.sampled_from([entry.logger, *entry.other_loggers]), "logger")
    component = logger.rpartition(".")[2]
    flat = tuple(item for pair in params.items() for item in pair)
    record = (time_us, "log", "elb", 1, entry.event, component, entry.level, flat)
    exact = DEFAULT_START + timedelta(microseconds=time_us)
    cut = exact.replace(microsecond=exact.microsecond // 1000 * 1000)
    for name in FORMATS:
        text = LogFormat(name).render(record)
        (line,) = parse_lines(text.split("\n"), "elb.log")
        assert (line.event, line.params, line.level, line.component) == (
            entry.event, params, entry.level, component,
        )  # fmt: skip
        assert line.time == {"tribes": None, "json": exact}.get(name, cut)
        assert line.logger == (logger if name in ("carbon", "json") else None)
        assert line.number == 1
