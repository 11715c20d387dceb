"""The Java side: finds a JDK and the Tribes library, compiles the program beside this file, runs it.

The library is Debian's ``libtomcat9-java``; with it and a JDK installed nothing else is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from attrs import define, field

SOURCES = Path(__file__).parent / "java"
JARS = [Path("/usr/share/java/tomcat9-tribes.jar"), Path("/usr/share/java/tomcat9-juli.jar")]
MAIN = "interop.Interop"
PATIENCE_S = 60


@define
class RealMember:
    """A member of a cluster as a Java process.

    What it tells is gathered by a thread, for whoever looks on may have a loop of its own to turn.
    """

    process: subprocess.Popen[str]
    address: str
    told: list[dict[str, str]] = field(factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(json.loads(line))

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def events(self, name: str) -> list[dict[str, str]]:
        return [event for event in self.told if event["event"] == name]


@define
class RealTribes:
    """The compiled program."""

    command: list[str]

    def lines(self, *arguments: str) -> list[dict[str, object]]:
        """Run it to its end; the JSON objects that it printed."""
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it with pipes to its standard input and output; what it logs is thrown away."""
        return subprocess.Popen(
            [*self.command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    @contextmanager
    def member(self, address: str, *options: str) -> Iterator[RealMember]:
        """A member of a cluster for as long as the block lasts; one that was not killed must end well."""
        host, _, port = address.rpartition(":")
        with self.start("member", host, port, *options, "--interval-ms", "300") as process:
            member = RealMember(process, address)
            listener = threading.Thread(target=member.listen)
            listener.start()
            try:
                yield member
                if process.poll() is None:
                    member.say("quit")
                    assert process.wait(timeout=PATIENCE_S) == 0
            finally:
                process.kill()
                listener.join(timeout=PATIENCE_S)


@define
class Echo:
    """The library as a partner that reads a frame, tells what it understood, and writes it anew."""

    process: subprocess.Popen[str]

    def __call__(self, frame: bytes) -> dict[str, object]:
        told = self._pipe(self.process.stdin)
        told.write(frame.hex() + "\n")
        told.flush()
        answer = self._pipe(self.process.stdout).readline()
        assert answer, f"the library could not read {frame.hex()}"
        facts = json.loads(answer)
        assert isinstance(facts, dict)
        return facts

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def missing() -> list[str]:
    """What has to be installed first, for people."""
    tools = [f"{tool} (apt-get install default-jdk-headless)" for tool in ("javac", "java") if not shutil.which(tool)]
    return tools + [f"{jar} (apt-get install libtomcat9-java)" for jar in JARS if not jar.exists()]


def compile_into(folder: Path) -> RealTribes:
    """Compile the program; skips the tests where a developer has no Java, and fails where CI has none."""
    if absent := missing():
        reason = f"no real Tribes to test against, missing: {', '.join(absent)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    class_path = ":".join(map(str, [folder, *JARS]))
    sources = sorted(str(path) for path in SOURCES.rglob("*.java"))
    done = subprocess.run(
        ["javac", "-encoding", "UTF-8", "-d", str(folder), "-cp", class_path, *sources],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Small heap and no optimising compiler: the program lives for seconds, beside others.
    return RealTribes(["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", class_path, MAIN])
