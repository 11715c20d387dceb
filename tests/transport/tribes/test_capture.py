"""Captures: connections put in order, frames out of them, and what damage does."""

from __future__ import annotations

import io
import sys
from collections import Counter
from random import Random

import pytest

from tests.transport.tribes.captured import CAPTURES, FRAMES
from tests.transport.tribes.captured import frames as frames_of
from tests.transport.tribes.packets import ACK, CLIENT, RST, SERVER, SYN, Talk, packet, pcap
from wkasim.errors import InputError
from wkasim.transport.tribes import capture
from wkasim.transport.tribes.capture import CapturedFrame, CaptureRecord, ConnectionEvent, Damage, read_capture
from wkasim.transport.tribes.frames import encode_frame
from wkasim.transport.tribes.message import Signal
from wkasim.transport.tribes.reassembly import LARGEST_GAP, Reassembly

PROBE, JOIN = FRAMES[0], FRAMES[1]


def records(data: bytes, limit: int = 1 << 20) -> list[CaptureRecord]:
    return list(read_capture(io.BytesIO(data), limit=limit))


def frames(found: list[CaptureRecord]) -> list[bytes]:
    return [encode_frame(record.frame.data) for record in found if isinstance(record, CapturedFrame)]


def events(found: list[CaptureRecord]) -> list[tuple[int, str, str]]:
    return [(record.connection, record.source, record.event) for record in found if isinstance(record, ConnectionEvent)]


def damage(found: list[CaptureRecord]) -> list[str]:
    return [f"{record.place}: {record.reason}" for record in found if isinstance(record, Damage)]


def test_captured_run_is_read_whole() -> None:
    with (CAPTURES / "join.pcap").open("rb") as file:
        found = list(read_capture(file))
    assert damage(found) == []
    kinds = Counter(type(record.message) for record in found if isinstance(record, CapturedFrame))
    assert (kinds[Signal], kinds[type(None)]) == (73, 8)
    told = [
        encode_frame(record.frame.data)
        for record in found
        if isinstance(record, CapturedFrame) and record.message is not Signal.PROBE
    ]
    assert told == [each for each in frames_of("join") if each[-71:-7] != PROBE[-71:-7]]
    assert Counter(event.split(",")[0] for _, _, event in events(found))["refused"] == 9


def test_captured_frames_are_in_the_order_of_time_with_their_connections() -> None:
    with (CAPTURES / "domain-mismatch.pcap").open("rb") as file:
        found = [record for record in read_capture(file) if isinstance(record, CapturedFrame)]
    join = found[3]
    assert (join.time_us, join.connection) == (1795353061065878, 3)
    assert (join.source, join.destination) == ("127.0.0.1:47466", "127.1.0.206:4000")
    # The coordination message of 897 bytes came before it on this connection.
    assert join.frame.offset == 897


def test_file_of_frames_is_read_with_offsets_in_the_file() -> None:
    found = records(PROBE + JOIN)
    assert frames(found) == [PROBE, JOIN]
    assert [(record.time_us, record.connection, record.source) for record in found] == [(None, 0, "")] * 2
    assert isinstance(found[1], CapturedFrame)
    assert found[1].frame.offset == len(PROBE)


def test_file_of_frames_that_is_damaged_says_where() -> None:
    assert damage(records(PROBE + JOIN[:-1])) == [
        f"offset {len(PROBE)}: the connection ends inside a frame, {len(JOIN) - 1} bytes of it have come"
    ]
    found = records(JOIN + PROBE.replace(b"TRIBES-B", b"TRIBES-X") + JOIN)
    assert frames(found) == [JOIN]
    assert damage(found) == [
        (
            f"offset {len(JOIN) + 47}: the beginning of a member should be 54 52 49 42 45 53 2d 42 01 00, "
            "found 54 52 49 42 45 53 2d 58 01 00"
        )
    ]


def test_file_that_is_neither_says_so() -> None:
    assert damage(records(b"hello, world")) == ["offset 0: neither a capture nor frames, it begins with b'hello, '"]
    assert damage(records(b"")) == ["offset 0: neither a capture nor frames, it is empty"]


def test_frame_beyond_the_limit_is_refused() -> None:
    assert damage(records(JOIN, limit=100)) == ["offset 7: a frame of 709 bytes; the limit is 100"]


def test_connection_is_followed_from_opening_to_end() -> None:
    talk = Talk.opened()
    for start in range(0, len(JOIN), 100):
        talk.says(JOIN[start : start + 100])
    talk.ends()
    found = records(pcap(talk.packets))
    assert frames(found) == [JOIN]
    assert events(found) == [(1, CLIENT, "opened"), (1, CLIENT, "closed"), (1, SERVER, "closed")]
    assert damage(found) == []


def test_segments_out_of_order_doubled_and_overlapping_are_put_in_order() -> None:
    stream = PROBE + JOIN + PROBE
    for seed in range(20):
        rng = Random(seed)
        talk = Talk.opened()
        base = talk.sequence
        cuts = sorted(rng.sample(range(1, len(stream)), 8))
        pieces = list(zip([0, *cuts], [*cuts, len(stream)], strict=True))
        pieces += [(start, min(end + 30, len(stream))) for start, end in rng.sample(pieces, 4)]
        rng.shuffle(pieces)
        talk.packets += [packet(CLIENT, SERVER, base + start, stream[start:end]) for start, end in pieces]
        found = records(pcap(talk.packets))
        assert frames(found) == [PROBE, JOIN, PROBE], seed
        assert damage(found) == [], seed


def test_segment_that_is_missing_is_reported_with_its_place() -> None:
    talk = Talk.opened()
    talk.says(PROBE)
    talk.segment(JOIN[:50])
    talk.says(JOIN[50:])
    found = records(pcap(talk.packets))
    assert frames(found) == [PROBE]
    assert damage(found) == [
        f"connection 1, {CLIENT} -> {SERVER}, offset {len(PROBE)}: 50 bytes are missing in the capture"
    ]


def test_connection_that_ends_inside_a_frame_is_reported() -> None:
    talk = Talk.opened()
    talk.says(JOIN[:50])
    talk.ends()
    assert damage(records(pcap(talk.packets))) == [
        f"connection 1, {CLIENT} -> {SERVER}, offset 0: the connection ends inside a frame, 50 bytes of it have come"
    ]


def test_damage_ends_one_direction_and_no_other() -> None:
    talk = Talk.opened()
    talk.says(PROBE + b"garbage, and more of it")
    talk.says(JOIN)
    talk.packets.append(packet(SERVER, CLIENT, 8, encode_frame(b"\x06\x02\x03")))
    found = records(pcap(talk.packets))
    assert frames(found) == [PROBE, encode_frame(b"\x06\x02\x03")]
    assert damage(found) == [
        f"connection 1, {CLIENT} -> {SERVER}, offset {len(PROBE)}: a frame begins with b'FLT2002', found b'garbage'"
    ]


def test_connection_of_another_protocol_is_named_once() -> None:
    talk = Talk.opened()
    talk.says(b"GET / HTTP/1.1\r\n")
    talk.says(b"\r\n" + PROBE)
    found = records(pcap(talk.packets))
    assert events(found)[1:] == [(1, CLIENT, "not Tribes, begins with b'GET / HTTP/1.1\\r\\n'")]
    assert frames(found) == []
    assert damage(found) == []


def test_connection_older_than_the_capture_is_read_from_its_next_frame() -> None:
    talk = Talk([])
    talk.says(JOIN[300:] + PROBE[:3])
    talk.says(PROBE[3:])
    talk.ends()
    found = records(pcap(talk.packets))
    assert frames(found) == [PROBE]
    assert isinstance(found[0], CapturedFrame)
    assert found[0].frame.offset == len(JOIN) - 300
    assert damage(found) == []


def test_connection_refused_and_connection_reset_are_told_apart() -> None:
    refused = [packet(CLIENT, SERVER, 5, flags=SYN), packet(SERVER, CLIENT, 0, flags=RST | ACK)]
    talk = Talk.opened()
    talk.says(PROBE)
    talk.packets.append(packet(SERVER, CLIENT, 8, flags=RST))
    found = records(pcap(refused + talk.packets))
    assert events(found) == [(1, CLIENT, "opened"), (1, SERVER, "refused"), (2, CLIENT, "opened"), (2, SERVER, "reset")]


def test_opening_segment_sent_twice_is_one_connection_and_a_new_one_is_another() -> None:
    talk = Talk.opened()
    talk.packets.insert(1, talk.packets[0])
    talk.says(PROBE)
    again = Talk.opened()
    again.packets[0] = packet(CLIENT, SERVER, 99, flags=SYN)
    again.sequence = 100
    again.says(JOIN)
    found = records(pcap(talk.packets + again.packets))
    assert events(found) == [(1, CLIENT, "opened"), (2, CLIENT, "opened")]
    assert frames(found) == [PROBE, JOIN]


def test_open_connections_beyond_the_bound_let_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MOST_DIRECTIONS", 4)
    clients = [f"127.0.0.1:{port}" for port in (1, 2, 3)]
    packets = [packet(client, SERVER, 0, flags=SYN) for client in clients]
    packets += [packet(client, SERVER, 1, PROBE[:20]) for client in clients]
    found = records(pcap(packets))
    # The first two are let go one after the other: the first for the third, the second when the first speaks again.
    assert [(each.connection, each.event) for each in found if isinstance(each, ConnectionEvent)] == [
        (1, "opened"),
        (2, "opened"),
        (3, "opened"),
    ]
    assert [place.split(" -> ")[0] for place in damage(found)] == [
        "connection 4, 127.0.0.1:1",
        "connection 5, 127.0.0.1:2",
        "connection 6, 127.0.0.1:3",
    ]


def test_packets_that_are_not_tcp_or_not_whole_are_passed_over() -> None:
    whole = packet(CLIENT, SERVER, 5, PROBE)
    udp = whole[:23] + b"\x11" + whole[24:]
    other = packet("127.0.0.1:9", SERVER, 5, PROBE)
    lies = other[:46] + b"\xf0" + other[47:]
    found = records(pcap([b"", whole[:10], whole[:30], udp, lies, bytes(60), whole]))
    assert frames(found) == [PROBE]


def test_capture_of_raw_ip_packets_is_read() -> None:
    assert frames(records(pcap([packet(CLIENT, SERVER, 5, PROBE)[14:]], link=101))) == [PROBE]


def test_capture_of_an_unknown_link_type_is_refused() -> None:
    assert damage(records(pcap([], link=147))) == [
        (
            "offset 0: the capture is damaged: its packets are of link type 147; "
            "known are 0, 1, 12, 101, 108, 113, 228, 229, 276"
        )
    ]


def test_capture_that_is_cut_off_says_where_and_gives_what_came_before() -> None:
    whole = pcap([packet(CLIENT, SERVER, 5, PROBE), packet(CLIENT, SERVER, 5 + len(PROBE), JOIN)])
    found = records(whole[:-1])
    assert frames(found) == [PROBE]
    start = 24 + 16 + 54 + len(PROBE) + 16
    assert damage(found) == [
        f"offset {start}: the capture is damaged: a record of {54 + len(JOIN)} bytes, {53 + len(JOIN)} are left"
    ]


def test_capture_that_promises_a_huge_record_is_refused_without_reading_it() -> None:
    data = pcap([packet(CLIENT, SERVER, 5, PROBE)])
    found = records(data[:32] + b"\xff\xff\xff\x7f" + data[36:])
    assert damage(found) == ["offset 40: the capture is damaged: a record of 2147483647 bytes"]


def test_capture_with_damage_anywhere_raises_nothing() -> None:
    talk = Talk.opened()
    talk.says(PROBE + JOIN)
    talk.ends()
    data = pcap(talk.packets)
    rng = Random(7)
    outcomes = Counter()
    for _ in range(1500):
        mutated = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        found = records(bytes(mutated))
        outcomes["damaged" if damage(found) else "whole"] += 1
    assert outcomes["damaged"] > 100
    assert outcomes["whole"] > 100


def test_capture_without_dpkt_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dpkt", None)
    with pytest.raises(InputError) as caught:
        records(pcap([]))
    assert str(caught.value) == "reading a capture needs dpkt, which is not installed: pip install 'wkasim[tcp]'"
    assert frames(records(PROBE)) == [PROBE]


def test_reassembly_holds_no_more_than_its_bound() -> None:
    reassembly = Reassembly(0)
    for index in range(LARGEST_GAP // 1000):
        assert reassembly.take(1 + index * 1000, bytes(1000)) == b""
    with pytest.raises(Exception, match=r"^offset 0: 1 bytes are missing in the capture$"):
        reassembly.take(LARGEST_GAP, bytes(1000))
