"""The stepper: a run in the terminal, forward and back, with other futures beside the one that happened."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static

from wkasim.errors import InputError
from wkasim.scenario.runner import RunResult
from wkasim.view.futures import Future, compared, fork, parse_action
from wkasim.view.played import run_of
from wkasim.view.terminal import TextView

__all__ = ["Stepper"]

_INTERRUPTED: Final = 130
"""What a program ends with that Ctrl-C has ended."""

_KINDS: Final = {
    "m": ("send", "drop"),
    "s": ("step",),
    "l": ("log",),
    "v": ("view", "group"),
    "t": ("state",),
}
"""To the next event of a kind: messages, steps and faults, log lines, member lists, states of nodes."""


_KEYS: Final = """\
right n space   next event            left p      the one before
down            ten events on         up          ten events back
home            to the beginning      end         to the end

To the next event of a kind; the capital letter goes to the one before:
  m message   s step of the scenario   l log line
  v change of a member list or of the routing   t state of a node

i      inject something at this moment, such as kill worker1 or pause elb:
       another future, and the past is kept; escape leaves that line
tab    the next future, at the same moment
c      compare this future with the first one
q ctrl+c        quit

Lanes: ┃ initialised  ╎ starting  ┊ waiting  ░ paused  · stopped  x failed
       ──▶ a message where it is sent, ──x one that gets lost
Lists: who lists whom at this moment; < marks the one just changed
Any key closes this."""


class Sheet(ModalScreen[None]):
    """A text over everything; arrow keys scroll it, any other key closes it."""

    CSS = """
    Sheet { align: center middle; }
    Sheet VerticalScroll { width: 78; max-width: 100%; height: auto; max-height: 100%; background: $surface;
                           border: solid $secondary; padding: 0 1; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        """The text, never read as markup."""
        with VerticalScroll():
            yield Static(self.text, id="sheet", markup=False)

    def on_key(self, event: Key) -> None:
        """Close, unless the key scrolls."""
        if event.key not in ("up", "down", "pageup", "pagedown"):
            event.stop()
            self.dismiss()


class Stepper(App[None]):
    """Shows one run at one moment; keys move the moment."""

    TITLE = "wkasim step"
    AUTO_FOCUS = None
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #head { height: 1; text-style: bold; }
    #body { height: 3fr; }
    #left { width: 2fr; }
    #lanes { height: 1fr; overflow: hidden; }
    #side { width: 1fr; border-left: solid $secondary; padding-left: 1; }
    #members { height: auto; }
    #now { height: auto; min-height: 3; text-style: bold; }
    #log { height: 1fr; border-top: solid $secondary; overflow: hidden; }
    #action { display: none; }
    #action.asked { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Keys"),
        Binding("right,n,space", "move(1)", "Next"),
        Binding("left,p", "move(-1)", "Back"),
        Binding("down", "move(10)", "+10", show=False),
        Binding("up", "move(-10)", "-10", show=False),
        Binding("home", "move(-1000000000)", "Begin", show=False),
        Binding("end", "move(1000000000)", "End", show=False),
        *(Binding(key, f"kind('{key}', 1)", kinds[0].title(), show=False) for key, kinds in _KINDS.items()),
        *(Binding(key.upper(), f"kind('{key}', -1)", "", show=False) for key in _KINDS),
        Binding("i", "inject", "Inject"),
        Binding("tab", "future", "Future", priority=True),
        Binding("c", "compare", "Compare"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("escape", "leave", "", show=False),
    ]

    def __init__(self, result: RunResult) -> None:
        super().__init__()
        self.futures = [Future("as it was", result)]
        self.views = [TextView(run_of(result))]
        self.shown = 0
        self.row = 0
        self.message = ""

    @property
    def view(self) -> TextView:
        """The future that is shown."""
        return self.views[self.shown]

    def compose(self) -> ComposeResult:
        """The parts of the screen; texts of a run are never read as markup."""
        yield Static(id="head", markup=False)
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Static(id="names", markup=False)
                yield Static(id="lanes", markup=False)
            with Vertical(id="side"):
                yield Static(id="now", markup=False)
                yield Static(id="members", markup=False)
        yield Static(id="log", markup=False)
        yield Input(
            placeholder="kill worker1, pause elb, partition [[elb], [worker1]], heal ...", id="action", disabled=True
        )
        yield Footer()

    def on_mount(self) -> None:
        """Show the first moment."""
        self.call_after_refresh(self.show)

    def on_resize(self) -> None:
        """Fill the new size."""
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Everything for the present moment."""
        view = self.view
        lanes, log, members = self._part("lanes"), self._part("log"), self._part("members")
        width, height = max(40, lanes.size.width), max(3, lanes.size.height)
        future = self.futures[self.shown]
        others = f"future {self.shown + 1} of {len(self.futures)}: {future.name}   " if len(self.futures) > 1 else ""
        self._put("head", f"{self.row + 1:,} of {len(view.rows):,}   {others}{view.run.title}")
        self._put("names", view.header(width))
        lanes.update("\n".join(view.lanes(self.row, height, width)))
        self._put("now", self.message or view.now(self.row))
        members.update("\n".join(view.members(self.row, max(20, members.size.width))))
        log.update("\n".join(view.log(self.row, max(1, log.size.height), max(40, log.size.width))))

    def _put(self, name: str, text: str) -> None:
        self._part(name).update(text)

    def _part(self, name: str) -> Static:
        # Of the lowest screen: a sheet may lie above it when the window changes its size.
        return self.screen_stack[0].query_one(f"#{name}", Static)

    def go_to(self, row: int) -> None:
        """Move the moment to a row, as near as there is one."""
        self.message = ""
        self.row = max(0, min(len(self.view.rows) - 1, row))
        self.show()

    def action_move(self, by: int) -> None:
        """So many rows on, or back."""
        self.go_to(self.row + by)

    def action_kind(self, key: str, step: int) -> None:
        """To the next or previous event of a kind."""
        self.go_to(self.view.next_of(self.row, _KINDS[key], step))

    def action_inject(self) -> None:
        """Ask for an action."""
        box = self.screen_stack[0].query_one("#action", Input)
        box.add_class("asked")
        box.disabled = False
        box.focus()

    def action_interrupt(self) -> None:
        """End as every other command ends at Ctrl-C."""
        self.exit(return_code=_INTERRUPTED)

    def action_leave(self) -> None:
        """Inject nothing after all."""
        self._close_box()

    def _close_box(self) -> None:
        box = self.screen_stack[0].query_one("#action", Input)
        box.remove_class("asked")
        box.disabled = True
        box.value = ""
        self.set_focus(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run another future with what was typed, and show it at the same moment."""
        typed = event.value.strip()
        self._close_box()
        if typed:
            self.message = f"running another future: {typed} ..."
            self.call_after_refresh(self._inject_and_show, typed)
        self.show()

    def _inject_and_show(self, text: str) -> None:
        self.inject(text)
        self.show()

    def inject(self, text: str) -> None:
        """Another future from this moment on; what cannot be done is said, and nothing changes."""
        time_us = self.view.run.records[self.view.rows[self.row]][0]
        try:
            result = fork(self.futures[self.shown].result, time_us, parse_action(text))
        except InputError as error:
            self.message = str(error)
            return
        self.futures.append(Future(f"{text} at {time_us / 1e6:.3f} s", result))
        self.views.append(TextView(run_of(result)))
        self.shown = len(self.futures) - 1
        self.go_to(self.view.row_at(time_us))

    def action_future(self) -> None:
        """The next future, at the same time."""
        if len(self.screen_stack) > 1:
            return
        time_us = self.view.run.records[self.view.rows[self.row]][0]
        self.shown = (self.shown + 1) % len(self.futures)
        self.go_to(self.view.row_at(time_us))

    def action_compare(self) -> None:
        """The shown future beside the first one."""
        if len(self.futures) == 1:
            self.message = "There is one future only; inject something with i."
        else:
            other = self.shown or len(self.futures) - 1
            self.push_screen(Sheet("\n".join(compared(self.futures[0], self.futures[other]))))
        self.show()

    def action_help(self) -> None:
        """All keys and signs."""
        self.push_screen(Sheet(_KEYS))
