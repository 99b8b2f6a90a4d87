#!/usr/bin/python3
"""Walks the window as a screen reader does: over AT-SPI, from outside the process.

Starts the window (with an engine of scripted answers, a new profile, an X server and a session bus of its own), checks that
what can be reached has a name and a role, then writes a chat with nothing but what AT-SPI offers.

  tests/ui/accessibility_walk.py BUILD_FOLDER [--tree]     --tree: print all that is found
Exit codes: 0 passed, 1 failed, 77 skipped: a program or a binding that it needs is not there.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
NEEDED = ["dbus-run-session", "xvfb-run"]
WAIT_SECONDS = 60
# Roles of things that somebody acts upon: each needs a name.
ACTED_UPON = {"push button", "toggle button", "check box", "radio button", "combo box", "spin button", "text", "entry", "slider",
              "menu item", "check menu item", "radio menu item", "list", "table", "tree", "tab", "page tab"}
# The window's main controls: a role, and the begin of a name.
CONTROLS = [
    ("frame", "EpiChat"), ("frame", "Memory"), ("menu bar", ""), ("status bar", ""),
    ("menu item", "File"), ("menu item", "Chat"), ("menu item", "Message"), ("menu item", "View"), ("menu item", "Memory"),
    ("menu item", "Model"), ("menu item", "Help"), ("menu item", "New chat"), ("menu item", "Import…"),
    ("menu item", "Settings…"), ("menu item", "Regenerate the reply"), ("menu item", "Build memory…"),
    ("menu item", "Evaluation…"), ("menu item", "Models…"), ("menu item", "Keyboard shortcuts…"),
    ("list", "Conversations"), ("list", "Search results"), ("text", "Search chats and messages"), ("push button", "New chat"),
    ("list", "Messages"), ("text", "Message"), ("push button", "Send"), ("push button", "Import…"), ("push button", "Models…"),
    ("page tab", "Episodes"), ("page tab", "Layers"), ("list", "Episodes"), ("label", "Engine: "), ("label", "Model: "),
]


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIPPED)


def start_again_with_a_bus_and_a_screen():
    """The walk itself needs a session bus and an X server; both end with it."""
    for program in NEEDED:
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    environment = dict(os.environ, EPICHAT_WALK_INSIDE="1", QT_LINUX_ACCESSIBILITY_ALWAYS_ON="1", QT_QPA_PLATFORM="xcb",
                       NO_AT_BRIDGE="0")
    os.execvpe("dbus-run-session", ["dbus-run-session", "--", "xvfb-run", "-a", "-s", "-screen 0 1360x860x24",
                                    sys.executable, *sys.argv], environment)


def gi_error():
    from gi.repository import GLib
    return GLib.Error


class Walk:
    def __init__(self, atspi, application):
        self.atspi = atspi
        self.application = application

    def everything(self, node=None, depth=0):
        """Every node below one, with its depth, as far as it is shown."""
        node = node or self.application
        yield node, depth
        for index in range(node.get_child_count()):
            child = node.get_child_at_index(index)
            if child is not None:
                yield from self.everything(child, depth + 1)

    def find(self, role, name):
        for node, _ in self.everything():
            if node.get_role_name() == role and (node.get_name() or "").startswith(name):
                return node
        return None

    def wait(self, what, look):
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            try:
                if found := look():
                    return found
            except gi_error():  # a node went while it was looked at
                pass
            time.sleep(0.1)
        raise AssertionError(f"{what} did not come within {WAIT_SECONDS} s")

    def is_shown(self, node):
        states = node.get_state_set()
        return states.contains(self.atspi.StateType.SHOWING) and states.contains(self.atspi.StateType.VISIBLE)

    def press(self, node):
        action = node.get_action_iface()
        assert action is not None and action.get_n_actions() > 0, f"{node.get_name()} has no action"
        names = [action.get_action_name(index) for index in range(action.get_n_actions())]
        assert action.do_action(names.index("Press") if "Press" in names else 0), f"{node.get_name()} cannot be pressed"


def check(walk):
    walk.wait("the message field", lambda: walk.find("text", "Message"))
    missing = [control for control in CONTROLS if walk.find(*control) is None]
    assert not missing, f"not found: {missing}"

    nameless = [node.get_role_name() for node, _ in walk.everything()
                if node.get_role_name() in ACTED_UPON and walk.is_shown(node) and not node.get_name()]
    assert not nameless, f"without a name: {nameless}"

    field = walk.find("text", "Message")
    assert field.get_editable_text_iface().insert_text(0, "What is the answer?", 19), "the message field takes no text"
    send = walk.wait("Send", lambda: walk.find("push button", "Send"))
    walk.press(send)
    messages = walk.find("list", "Messages")

    def spoken():
        children = [messages.get_child_at_index(index) for index in range(messages.get_child_count())]
        return [child.get_name() for child in children if child.get_role_name() == "list item"]

    walk.wait("the question and its reply", lambda: len(spoken()) == 2 and spoken()[1].endswith("forty-two."))
    assert spoken() == ["You: What is the answer?", "Assistant: The answer is forty-two."], f"messages read as {spoken()}"
    walk.wait("an empty field", lambda: field.get_text_iface().get_character_count() == 0)
    chats = walk.find("list", "Conversations")
    walk.wait("the chat in the list", lambda: chats.get_child_count() > 0)


def walk_inside(build):
    try:
        import gi
        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi
    except (ImportError, ValueError) as error:
        skip(f"the AT-SPI bindings are not installed ({error})")
    with tempfile.TemporaryDirectory() as folder:
        home = {"XDG_DATA_HOME": f"{folder}/data", "XDG_CONFIG_HOME": f"{folder}/config", "XDG_CACHE_HOME": f"{folder}/cache",
                "XDG_RUNTIME_DIR": folder}
        os.chmod(folder, 0o700)
        window = subprocess.Popen([build / "bin" / "epichat", "--db", f"{folder}/epichat.db", "--engine-command",
                                   build / "tests" / "played_engine"], env=dict(os.environ, **home))
        try:
            def find_application():
                desktop = Atspi.get_desktop(0)
                for index in range(desktop.get_child_count()):
                    child = desktop.get_child_at_index(index)
                    if child is not None and child.get_process_id() == window.pid:
                        return child
                assert window.poll() is None, f"the window ended with {window.returncode}"
                return None
            walk = Walk(Atspi, Walk(Atspi, None).wait("the window", find_application))
            try:
                check(walk)
            finally:
                if "--tree" in sys.argv:
                    for node, depth in walk.everything():
                        shown = "" if walk.is_shown(node) else "  (hidden)"
                        print("  " * depth + f"{node.get_role_name()}: {node.get_name()!r}{shown}")
        finally:
            window.send_signal(signal.SIGTERM)
            try:
                window.wait(20)
            except subprocess.TimeoutExpired:
                window.kill()
    print("passed")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if "EPICHAT_WALK_INSIDE" not in os.environ:
        start_again_with_a_bus_and_a_screen()
    walk_inside(pathlib.Path(sys.argv[1]).resolve())
