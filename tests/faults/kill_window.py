#!/usr/bin/env python3
"""Kills the window while a reply streams, many times, and looks at what is on disk.

    tests/faults/kill_window.py build/ci/app/epichat "build/ci/app/epichat-engine" --times 30

Each round starts the window (QT_QPA_PLATFORM=offscreen) on the same profile with a script that asks a question,
lets the reply stream for a random time, and kills window and engine with SIGKILL. Checked after every kill, in the
database: every question of every round is there once; the reply holds what was seen of it before the kill; the
database is sound. The reply must have grown within the last 1.5 seconds while it streamed, so that what is lost is
no older than a second. After the last start no earlier reply is left in the state "streaming".
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

NEWEST_GROWTH_SECONDS = 1.5


def rows(database, sql, values=()):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def question_of(round_number):
    return f"Round {round_number}: write a long story about a lighthouse."


def start(arguments, folder, round_number):
    script = os.path.join(folder, "script.json")
    with open(script, "w") as file:
        json.dump([{"do": "ready"}, {"do": "new"},
                   {"do": "ask", "text": question_of(round_number), "timeout": 600}], file)
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen", GOMP_SPINCOUNT="10000")
    command = [arguments.window, "--db", os.path.join(folder, "epichat.db"), "--script", script]
    if arguments.engine:
        command += ["--engine-command", arguments.engine]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)


def kill(window):
    os.killpg(window.pid, signal.SIGKILL)
    window.wait()


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(what)


def watch(read, seconds):
    """Follows the reply for so long; its last length, and how long before the end it last grew."""
    end = time.monotonic() + seconds
    length, state = read()
    grown_at = time.monotonic()
    while time.monotonic() < end:
        now, state = read()
        if now > length or state != "streaming":
            length, grown_at = now, time.monotonic()
        time.sleep(0.05)
    return length, state, time.monotonic() - grown_at


def one_round(arguments, folder, round_number):
    database = os.path.join(folder, "epichat.db")
    text = question_of(round_number)
    count = "SELECT count(*) FROM messages WHERE text = ?"

    def reply():
        found = rows(database, "SELECT length(text), state FROM messages WHERE parent_id = "
                     "(SELECT id FROM messages WHERE text = ?)", (text,))
        return found[0] if found else (0, "streaming")

    window = start(arguments, folder, round_number)
    try:
        wait_for(lambda: os.path.exists(database) and os.path.getsize(database) > 0
                 and rows(database, "PRAGMA user_version")[0][0] > 0
                 and rows(database, count, (text,))[0][0] == 1, 120, f"round {round_number}: no question on disk")
        wait_for(lambda: reply()[0] > 0, 180, f"round {round_number}: the reply did not begin")
        before, state, age = watch(reply, random.uniform(0.2, 3.0))
    finally:
        kill(window)
    if state == "streaming" and age > NEWEST_GROWTH_SECONDS:
        raise AssertionError(f"round {round_number}: nothing was stored for {age:.1f} s")
    if rows(database, "PRAGMA quick_check") != [("ok",)]:
        raise AssertionError(f"round {round_number}: the database is damaged")
    for earlier in range(round_number + 1):
        found = rows(database, count, (question_of(earlier),))[0][0]
        if found != 1:
            raise AssertionError(f"round {round_number}: question {earlier} is there {found} times")
    after, state = reply()
    if after < before:
        raise AssertionError(f"round {round_number}: the reply shrank from {before} to {after} characters")
    return after, state


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("window")
    parser.add_argument("engine", nargs="?", default="", help="the engine's command line")
    parser.add_argument("--times", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "epichat.db")
        for round_number in range(arguments.times):
            characters, state = one_round(arguments, folder, round_number)
            print(f"round {round_number + 1}: question kept, {characters} characters of the reply kept ({state})",
                  flush=True)
        window = start(arguments, folder, arguments.times)
        try:
            streaming = "SELECT count(*) FROM messages WHERE state = 'streaming'"
            wait_for(lambda: rows(database, streaming)[0][0] <= 1
                     and rows(database, "SELECT count(*) FROM messages WHERE state = 'cut_off'")[0][0] > 0,
                     60, "replies of killed windows are still marked as streaming")
        finally:
            kill(window)
    print(f"{arguments.times} kills, nothing lost")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"kill_window: {error}")
