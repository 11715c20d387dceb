"""What nodes said to each other, out of a capture (pcap, pcapng) or a file of frames.

A capture is taken apart into connections, each direction of a connection into frames. Connections that are
not in Tribes' format (a node's HTTP ports, say) are named once and passed over; where a capture begins in the
middle of a connection, reading begins at the next frame. Damage ends the reading of its direction and of
nothing else. Memory is bounded by the number of connections that are open at a time, which is bounded too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, TypeAlias

from attrs import define, field, frozen

from wkasim.transport.tribes.channel_data import ChannelData, decode_channel_data
from wkasim.transport.tribes.cursor import WireFormatError
from wkasim.transport.tribes.frames import DEFAULT_FRAME_LIMIT, HEADER, Frame, FrameDecoder
from wkasim.transport.tribes.message import Message, decode_message
from wkasim.transport.tribes.pcap import Segment, is_capture, read_segments
from wkasim.transport.tribes.reassembly import Reassembly

__all__ = ["CaptureRecord", "CapturedFrame", "ConnectionEvent", "Damage", "read_capture"]

MOST_DIRECTIONS: Final = 16384
"""How many directions of connections are followed at a time; beyond, the oldest is let go."""

_CHUNK: Final = 1 << 16


@frozen(slots=True)
class CapturedFrame:
    """One frame. In a file of frames there is no time, connection, source or destination (None, 0, empty).

    ``time_us`` is since 1970; the frame's offset counts in its direction of the connection or in the file. An
    acknowledgement has neither ``data`` nor ``message``.
    """

    time_us: int | None
    connection: int
    source: str
    destination: str
    frame: Frame
    data: ChannelData | None
    message: Message | None


@frozen(slots=True)
class ConnectionEvent:
    """Something about a connection: opened, refused, reset, closed, or not Tribes."""

    time_us: int
    connection: int
    source: str
    destination: str
    event: str


@frozen(slots=True)
class Damage:
    """Where reading had to stop, and why; ``place`` names connection and offset."""

    place: str
    reason: str


CaptureRecord: TypeAlias = CapturedFrame | ConnectionEvent | Damage


def read_capture(file: BinaryIO, *, limit: int = DEFAULT_FRAME_LIMIT) -> Iterator[CaptureRecord]:
    """Everything in a seekable file, in its order; ``limit`` bounds the data of a frame in bytes.

    A file that is neither a capture nor frames gives one Damage. Raises InputError if dpkt is missing.
    """
    beginning = file.read(len(HEADER))
    file.seek(0)
    if is_capture(beginning):
        yield from _Connections(limit).read(file)
    elif beginning.startswith(HEADER):
        yield from _read_frames(file, limit)
    else:
        how = f"it begins with {beginning!r}" if beginning else "it is empty"
        yield Damage("offset 0", f"neither a capture nor frames, {how}")


def _read_frames(file: BinaryIO, limit: int) -> Iterator[CaptureRecord]:
    direction = _Direction(0, "", "", FrameDecoder(limit))
    while chunk := file.read(_CHUNK):
        yield from direction.frames(None, chunk)
    yield from direction.finish()


@define(slots=True)
class _Direction:
    """One direction of a connection, on its way from segments to messages."""

    connection: int
    source: str
    destination: str
    decoder: FrameDecoder
    reassembly: Reassembly | None = None
    from_start: bool = True
    alive: bool = True
    answered: bool = False
    begun: bool = False
    _head: bytes = field(init=False, default=b"")

    def segment(self, segment: Segment) -> Iterator[CaptureRecord]:
        if not self.alive or not segment.data:
            return
        if self.reassembly is None:
            self.reassembly = Reassembly(segment.sequence)
        try:
            data = self.reassembly.take(segment.sequence, segment.data)
        except WireFormatError as error:
            yield self.damage(error)
            return
        yield from self.frames(segment.time_us, data) if self.begun else self.begin(segment.time_us, data)

    def begin(self, time_us: int, data: bytes) -> Iterator[CaptureRecord]:
        """Find out whether this is Tribes; in a connection older than the capture, find its next frame."""
        assert self.reassembly is not None, "a segment was taken"
        if not self.from_start:
            data = self._head + data
            start = data.find(HEADER)
            self._head = data[-len(HEADER) + 1 :]
            if start >= 0:
                skipped = self.reassembly.delivered - len(data) + start
                self.decoder = FrameDecoder(self.decoder.limit, offset=skipped)
                self.begun = True
                yield from self.frames(time_us, data[start:])
        elif HEADER.startswith(data[: len(HEADER)]):
            self.begun = True
            yield from self.frames(time_us, data)
        elif data:
            self.alive = False
            event = f"not Tribes, begins with {data[:16]!r}"
            yield ConnectionEvent(time_us, self.connection, self.source, self.destination, event)

    def frames(self, time_us: int | None, data: bytes) -> Iterator[CaptureRecord]:
        if not self.alive:
            return
        try:
            self.decoder.receive(data)
            while (frame := self.decoder.next_frame()) is not None:
                yield self.captured(time_us, frame)
        except WireFormatError as error:
            yield self.damage(error)

    def captured(self, time_us: int | None, frame: Frame) -> CapturedFrame:
        channel_data, message = None, None
        if not frame.is_acknowledgement and not frame.is_negative_acknowledgement:
            channel_data = decode_channel_data(frame.data, base=frame.data_offset)
            end = frame.data_offset + len(frame.data)
            message = decode_message(channel_data, base=end - len(channel_data.message))
        return CapturedFrame(time_us, self.connection, self.source, self.destination, frame, channel_data, message)

    def finish(self) -> Iterator[CaptureRecord]:
        if not self.alive:
            return
        self.alive = False
        try:
            if self.reassembly is not None:
                self.reassembly.finish()
            self.decoder.finish()
        except WireFormatError as error:
            yield self.damage(error)

    def damage(self, error: WireFormatError) -> Damage:
        self.alive = False
        where = f"connection {self.connection}, {self.source} -> {self.destination}, " if self.source else ""
        return Damage(f"{where}offset {error.offset}", error.reason)


_Key: TypeAlias = tuple[str, str]


class _Connections:
    """The connections of a capture, numbered in the order in which they were opened."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0
        self.directions: dict[_Key, _Direction] = {}

    def read(self, file: BinaryIO) -> Iterator[CaptureRecord]:
        try:
            for segment in read_segments(file):
                yield from self.segment(segment)
        except WireFormatError as error:
            yield Damage(f"offset {error.offset}", error.reason)
        for direction in list(self.directions.values()):
            yield from direction.finish()

    def segment(self, segment: Segment) -> Iterator[CaptureRecord]:
        key = (segment.source, segment.destination)
        if segment.opens:
            yield from self.open(segment)
        if key not in self.directions:
            if not segment.data:
                return  # The farewell of a connection that is forgotten or was never seen.
            yield from self.make_room()
            self.add(key, from_start=False)
        direction, opposite = self.directions[key], self.directions[key[::-1]]
        if segment.accepts:
            direction.reassembly = Reassembly((segment.sequence + 1) % (1 << 32))
            direction.answered = opposite.answered = True
        yield from direction.segment(segment)
        if segment.resets:
            refused = direction.from_start and not direction.answered
            yield self.event(segment, direction, "refused" if refused else "reset")
            yield from self.forget(key)
        elif segment.ends:
            yield self.event(segment, direction, "closed")
            yield from direction.finish()
            if not opposite.alive:
                yield from self.forget(key)

    def open(self, segment: Segment) -> Iterator[CaptureRecord]:
        key = (segment.source, segment.destination)
        known = self.directions.get(key)
        first = (segment.sequence + 1) % (1 << 32)
        if known is not None and known.reassembly is not None and known.reassembly.sequence == first:
            return  # The opening segment, sent once more.
        yield from self.forget(key)
        yield from self.make_room()
        self.add(key, from_start=True)
        self.directions[key].reassembly = Reassembly(first)
        yield self.event(segment, self.directions[key], "opened")

    def make_room(self) -> Iterator[CaptureRecord]:
        while len(self.directions) >= MOST_DIRECTIONS:
            yield from self.forget(next(iter(self.directions)))

    def add(self, key: _Key, *, from_start: bool) -> None:
        self.count += 1
        for source, destination in (key, key[::-1]):
            self.directions[source, destination] = _Direction(
                self.count, source, destination, FrameDecoder(self.limit), from_start=from_start
            )

    def forget(self, key: _Key) -> Iterator[CaptureRecord]:
        for each in (key, key[::-1]):
            direction = self.directions.pop(each, None)
            if direction is not None:
                yield from direction.finish()

    def event(self, segment: Segment, direction: _Direction, event: str) -> ConnectionEvent:
        return ConnectionEvent(segment.time_us, direction.connection, segment.source, segment.destination, event)
