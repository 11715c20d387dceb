"""Values of the wire format as Hypothesis makes them up."""

from __future__ import annotations

from hypothesis import strategies as st

from wkasim.members import Address, Member
from wkasim.transport.tribes.channel_data import ChannelData
from wkasim.transport.tribes.commands import (
    GetConfigurationCommand,
    GetConfigurationResponseCommand,
    GetStateCommand,
    GetStateResponseCommand,
    JoinGroupCommand,
    MemberJoinedCommand,
    MemberListCommand,
)
from wkasim.transport.tribes.coordination import CoordinationMessage, CoordinationType
from wkasim.transport.tribes.descriptor import MemberDescriptor
from wkasim.transport.tribes.java_values import (
    BlockData,
    ClassDescription,
    EnumConstant,
    FieldDescription,
    JavaArray,
    JavaObject,
    Part,
)
from wkasim.transport.tribes.message import ByteMessage, Signal
from wkasim.transport.tribes.rpc import NoRpcChannelReply, RpcMessage

int32s = st.integers(-(2**31), 2**31 - 1)
int64s = st.integers(-(2**63), 2**63 - 1)
ids = st.binary(min_size=16, max_size=16)
# Java's strings may hold lone surrogates, and so may ours; a pair of them is one character.
java_text = st.text(st.characters(), max_size=20) | st.text(st.sampled_from("\0\ud800\udc00\U0001f600aé"), max_size=8)
strings = java_text.map(lambda text: text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass"))

addresses = st.builds(
    Address, st.tuples(*[st.integers(0, 255)] * 4).map(lambda octets: ".".join(map(str, octets))), st.integers(0, 65535)
)
properties = st.dictionaries(strings, strings, max_size=4)
members = st.builds(
    Member,
    address=addresses,
    domain=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    properties=st.none() | properties,
    alive_ms=int64s,
)
descriptors = st.builds(
    MemberDescriptor,
    host=st.binary(min_size=4, max_size=4) | st.binary(max_size=127),
    port=int32s,
    alive_ms=int64s,
    secure_port=int32s,
    udp_port=int32s,
    command=st.binary(max_size=20),
    domain=st.binary(max_size=40),
    unique_id=ids,
    payload=st.just(b"ping") | st.binary(max_size=80) | st.binary(min_size=1000, max_size=1100),
    is_static=st.booleans(),
)
bare_descriptors = descriptors.map(lambda each: MemberDescriptor(each.host, each.port, payload=each.payload))
"""Descriptors as they stand outside object streams, where nothing says whether a member is static."""

names = st.none() | st.lists(strings, max_size=3).map(tuple)
payloads = st.one_of(
    st.none(),
    strings,
    st.builds(JoinGroupCommand, st.booleans()),
    st.builds(MemberListCommand, st.lists(descriptors, max_size=4).map(tuple)),
    st.builds(MemberJoinedCommand, descriptors),
    st.builds(GetConfigurationCommand, names),
    st.builds(GetConfigurationResponseCommand, names),
    st.just(GetStateCommand()),
    st.builds(GetStateResponseCommand, st.none() | st.just(())),
)
rpc_messages = st.builds(
    RpcMessage, reply=st.booleans(), id=st.binary(max_size=20), channel=st.binary(max_size=300), payload=payloads
)
coordination_messages = st.builds(
    CoordinationMessage,
    leader=bare_descriptors,
    source=bare_descriptors,
    members=st.lists(bare_descriptors, max_size=4).map(tuple),
    view_id=ids,
    type=st.sampled_from(CoordinationType),
)
messages = st.one_of(
    st.sampled_from(Signal),
    coordination_messages,
    rpc_messages,
    st.builds(NoRpcChannelReply, id=ids, channel=st.binary(max_size=40)),
    # Bytes that begin as a signal or a coordination message would be one.
    st.builds(ByteMessage, st.binary(max_size=60).map(lambda data: b"bytes" + data)),
)
channel_data = st.builds(
    ChannelData,
    options=st.integers(0, 2**32 - 1),
    timestamp_ms=int64s,
    unique_id=ids,
    sender=bare_descriptors,
    message=st.binary(max_size=100),
)

_type_codes = st.sampled_from("BCFIJSZL[")


def _of_type(code: str, contents: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A value that a field of this type can hold; doubles are left out, for NaN is not equal to itself."""
    return {
        "B": st.integers(-128, 127),
        "C": st.integers(0, 65535),
        "F": st.integers(-1000, 1000).map(float),
        "I": int32s,
        "J": int64s,
        "S": st.integers(-(2**15), 2**15 - 1),
        "Z": st.booleans(),
    }.get(code, contents)


@st.composite
def class_descriptions(draw: st.DrawFn, flags: int) -> ClassDescription:
    description = None
    for _ in range(draw(st.integers(1, 3))):
        codes = draw(st.lists(_type_codes, max_size=3))
        fields = tuple(FieldDescription(code, draw(strings), "Lx;" if code in "L[" else None) for code in codes)
        description = ClassDescription(draw(strings), draw(int64s), flags, fields, description)
    assert description is not None
    return description


@st.composite
def java_objects(draw: st.DrawFn, contents: st.SearchStrategy[object]) -> JavaObject:
    written = contents | st.builds(BlockData, st.binary(min_size=1, max_size=2100))
    flags = draw(st.sampled_from((0x02, 0x03, 0x0C)))
    description = draw(class_descriptions(flags))
    if flags == 0x0C:
        return JavaObject(description, external=_without_neighbours(draw(st.lists(written, max_size=3))))
    parts = []
    for each in description.lineage():
        values = tuple(draw(_of_type(field.type_code, contents)) for field in each.fields)
        annotations = _without_neighbours(draw(st.lists(written, max_size=2))) if flags == 0x03 else ()
        parts.append(Part(values, annotations))
    return JavaObject(description, tuple(parts))


def _without_neighbours(contents: list[object]) -> tuple[object, ...]:
    """Two blocks side by side would be read as one."""
    return tuple(
        each
        for index, each in enumerate(contents)
        if not (isinstance(each, BlockData) and index and isinstance(contents[index - 1], BlockData))
    )


@st.composite
def java_arrays(draw: st.DrawFn, contents: st.SearchStrategy[object]) -> JavaArray:
    code = draw(_type_codes)
    description = ClassDescription(f"[{code}", draw(int64s), 0x02)
    if code == "B":
        return JavaArray(description, draw(st.binary(max_size=20)))
    return JavaArray(description, tuple(draw(st.lists(_of_type(code, contents), max_size=3))))


java_contents = st.recursive(
    st.none() | strings,
    lambda contents: (
        java_objects(contents) | java_arrays(contents) | st.builds(EnumConstant, class_descriptions(0x12), strings)
    ),
    max_leaves=6,
)
