"""Messages between web, the spawner and seats arrive whole, in order, and with their descriptors."""

import json
import os
import socket
from collections.abc import Iterator

import pytest

from survey_cli.web.seats.messages import (
    MOST_BYTES,
    MOST_WAITING,
    Channel,
    ChannelClosedError,
    ChannelMessage,
    LineReader,
    encode_line,
)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    first, second = (Channel(end) for end in socket.socketpair())
    yield first, second
    first.close()
    second.close()


def list_open() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_what_the_other_end_does_not_read_waits(ends: tuple[Channel, Channel]) -> None:
    sender, receiver = ends
    for number in range(40):
        with open(os.devnull, "rb") as file:
            # the caller closes its own at once
            sender.send({"number": number, "text": "é" * 20_000}, [file.fileno()])
    assert sender.has_waiting

    messages: list[ChannelMessage] = []
    while len(messages) < 40:
        messages += receiver.receive()
        sender.flush()
    assert [message.content["number"] for message in messages] == list(range(40))
    assert not sender.has_waiting
    for message in messages:
        (descriptor,) = message.descriptors
        assert os.readlink(f"/proc/self/fd/{descriptor}") == os.devnull
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)


def test_what_waits_is_bounded_and_closed(ends: tuple[Channel, Channel]) -> None:
    before = list_open()
    sender, _ = ends
    content = {"text": "x" * 10_000}
    while len(sender._outgoing) < MOST_WAITING:
        sender.send(content)
    with pytest.raises(ChannelClosedError, match="does not read"):
        sender.send(content)
    with open(os.devnull, "rb") as file:
        sender._outgoing.pop()
        sender.send({}, [file.fileno()])
    sender.close()
    assert list_open() < before


def test_the_end_comes_after_the_last_message(ends: tuple[Channel, Channel]) -> None:
    sender, receiver = ends
    sender.send({"last": True})
    sender.close()
    assert receiver.receive() == [ChannelMessage({"last": True})]
    with pytest.raises(ChannelClosedError):
        receiver.receive()


def test_lines_arrive_in_any_pieces() -> None:
    sent = [{"text": "a\nb"}, {"text": "ü"}, {}]
    data = b"".join(map(encode_line, sent))
    for size in (1, 2, 7, len(data)):
        reader = LineReader()
        received = []
        for at in range(0, len(data), size):
            received += reader.feed(data[at : at + size])
        assert received == sent


@pytest.mark.parametrize(
    "noise",
    [b"", b"{", b'half": 1}', b"[1]", b"1", b"\xff\xfe", b"[" * 100_000, b"x" * (MOST_BYTES + 1)],
)
def test_what_is_no_object_is_skipped(noise: bytes) -> None:
    reader = LineReader()
    data = encode_line({"a": 1}) + noise + b"\n" + encode_line({"b": 2})
    assert reader.feed(data) == [{"a": 1}, {"b": 2}]


def test_no_end_of_an_object_is_an_object() -> None:
    """So a web that takes over in the middle of a line takes nothing for a message that is none."""
    line = json.dumps(
        {"type": "entry", "text": '{"type": "entry"}', "more": {"list": [{}, "}", "{"]}}
    )
    for at in range(1, len(line)):
        assert LineReader().feed(line[at:].encode() + b"\n") == []
