#!/usr/bin/env python3
"""How much of a long history each kind of memory recovers, as one table.

    tests/bench/memory_quality.py --cli build/ci/bin/epichat-cli --model FILE.gguf --embedder FOLDER \\
        --locomo locomo10.json --work FOLDER

Of each conversation the first 24 questions of categories 1 to 4 that have an answer are asked, the same behind
every memory. The measure is the mean ln p per token of the expected answer, after the cache and the question
(epichat-cli eval run --metric likelihood). Rows: nothing, the whole history, the sessions that hold the evidence,
next to nothing (the beginning and the last words, 128 entries: what quotations are worth alone), and each preset with
and without quotations, at 1/4, 1/8 and 1/16 of the history's tokens. Two axes: the active
cache has this size; or all caches of the memory together have (a preset with a cache per episode gets a budget of
the share divided by the episodes).

The recovered share of a row is (row - none) / (full - none); intervals are 95 % over 10,000 resamples of the
questions with a fixed seed, the same for all rows.

Stopped (Ctrl-C, --seconds), the same command goes on where it was: answers are in a database per conversation
below --work, and memories and embeddings there in a cache folder. Another build or model wants another --work.
Exit code 0: the tables are done (on standard output, in memory_quality.md and .json below --work); 3: stopped at
--seconds; 1: failed.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from quality_statistics import Bootstrap, mean

CONTEXTS = ("none", "full", "evidence")
PRESETS = ("epicache-released", "epicache", "keydiff", "kvzip", "epichat")
NEXT_TO_NOTHING = "streaming"  # of so many entries, chat prefix and sinks among them
FEWEST_ENTRIES = 128
PER_EPISODE = ("epicache-released", "epicache", "epicache-paper", "epicache-onepass")  # a cache for each episode
CATEGORIES = "1,2,3,4"
AXES = {"active": "the active cache", "bytes": "all caches together"}
STOPPED = 3


class Failure(Exception):
    pass


class Stopped(Exception):
    pass


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", type=pathlib.Path, required=True, help="the program epichat-cli")
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--embedder", required=True, help="folder of the sentence embedder")
    parser.add_argument("--locomo", required=True, help="locomo10.json")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for all that is written")
    parser.add_argument("--conversations", default="conv-26,conv-30,conv-41,conv-42")
    parser.add_argument("--questions", type=int, default=24, help="of each conversation")
    parser.add_argument("--shares", default="4,8,16", help="budgets: 8 for an eighth of the history")
    parser.add_argument("--presets", default=",".join(PRESETS))
    parser.add_argument("--recall", type=int, default=1024, help="tokens quoted in the rows with quotations")
    parser.add_argument("--episodes", type=int, default=4)
    parser.add_argument("--block", type=int, default=2048)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--profile-tokens", type=int, default=16384, help="for layer budgets by sensitivity")
    parser.add_argument("--jobs", type=int, default=1, help="conversations at a time, a process each")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args(arguments)
    options.conversations = options.conversations.split(",")
    options.shares = [int(each) for each in options.shares.split(",")]
    options.presets = options.presets.split(",")
    return options


def divisor_on(axis, preset, share, episodes):
    """The budget of a row is the history over this."""
    return share * episodes if axis == "bytes" and preset in PER_EPISODE else share


def planned(options):
    """(preset, divisor, quoted tokens) of every memory that is measured, each once. Quoting comes first: caches
    that have room for it serve without it, not the other way round."""
    memories = []
    for preset in options.presets:
        divisors = dict.fromkeys(
            divisor_on(axis, preset, share, options.episodes) for axis in AXES for share in options.shares
        )
        memories += [(preset, divisor, recall) for divisor in divisors for recall in (options.recall, 0)]
    return memories + [(NEXT_TO_NOTHING, None, recall) for recall in (options.recall, 0)]


def options_of(memory):
    preset, divisor, recall = memory
    budget = {"budget": FEWEST_ENTRIES} if divisor is None else {"share": 1 / divisor}
    return {"preset": preset, **budget, "online": {"recallTokens": recall}}


class Runner:
    """Starts epichat-cli until all is measured or time is up."""

    def __init__(self, options):
        self.options = options
        self.deadline = time.monotonic() + options.seconds if options.seconds else None
        self.work = options.work.resolve()
        self.environment = {
            **os.environ,
            "XDG_DATA_HOME": str(self.work / "data"),  # the layer profile
            "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "10000"),
        }
        if options.jobs > 1:
            threads = max(1, (os.cpu_count() or 1) // options.jobs)
            self.environment.setdefault("OMP_NUM_THREADS", str(threads))

    def start(self, folder, name, arguments):
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{name}.part", "wb") as out, open(folder / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                [str(self.options.cli), *arguments, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env={**self.environment, "XDG_CACHE_HOME": str(folder / "cache")},
            )

    def wait(self, processes):
        """Waits for {(folder, name): process}; a result has its name once it is whole."""
        left = dict(processes)
        try:
            while left:
                for (folder, name), process in list(left.items()):
                    if process.poll() is None:
                        continue
                    del left[folder, name]
                    if process.returncode != 0:
                        raise Failure(self.why(folder, name, process.returncode))
                    os.replace(folder / f"{name}.part", folder / name)
                if left and self.deadline and time.monotonic() > self.deadline:
                    raise Stopped("; ".join(self.progress(folder, name) for folder, name in left))
                time.sleep(0.05)
        finally:
            for process in left.values():
                process.send_signal(signal.SIGINT)
            for process in left.values():
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    @staticmethod
    def progress(folder, name):
        rows = set(re.findall(r"\brun (\d+) done", (folder / f"{name}.log").read_text(errors="replace")))
        return f"{folder.name}: {len(rows)} rows so far"

    @staticmethod
    def why(folder, name, code):
        """With --json the program says on standard output what went wrong, unless it was killed."""
        try:
            reason = json.loads((folder / f"{name}.part").read_text(errors="replace"))["error"]["message"]
        except (ValueError, KeyError, TypeError):
            reason = " | ".join((folder / f"{name}.log").read_text(errors="replace").splitlines()[-3:])
        return f"{folder.name}/{name} ended with {code}: {reason}"

    def run(self, folder, name, arguments):
        start = time.monotonic()
        self.wait({(folder, name): self.start(folder, name, arguments)})
        print(f"{folder.name}/{name}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)

    def profile(self):
        """Layers differ in what they can do without; the memories per episode share their budgets by it."""
        folder = self.work / "profile"
        if (folder / "profile.json").exists() or not set(self.options.presets) & set(PER_EPISODE):
            return
        options = self.options
        self.run(
            folder,
            "profile.json",
            ["profile", "-m", options.model, "--device", options.device, "--tokens", str(options.profile_tokens)],
        )

    def evaluation(self, folder, conversation):
        options = self.options
        memories = folder / "memories.json"
        memories.write_text(json.dumps([options_of(each) for each in planned(options)], indent=1))
        return [
            *("eval", "run", "--once", "--metric", "likelihood", "--contexts", ",".join([*CONTEXTS, "memory"])),
            *("--conversation", conversation, "--db", str(folder / "quality.db")),
            *("-m", options.model, "--embedder", options.embedder, "--device", options.device),
            *("--categories", CATEGORIES, "--limit", str(options.questions), "--block", str(options.block)),
            *("--episodes", str(options.episodes), "--memories", str(memories)),
        ]

    def measure(self):
        """{conversation: what eval run printed}."""
        self.work.mkdir(parents=True, exist_ok=True)
        self.profile()
        waiting, running, started = [], {}, {}
        for conversation in self.options.conversations:
            folder = self.work / conversation
            folder.mkdir(exist_ok=True)
            command = self.evaluation(folder, conversation)
            told = json.dumps([command, [list(each) for each in planned(self.options)]])
            asked = folder / "asked.json"
            if not ((folder / "answers.json").exists() and asked.exists() and asked.read_text() == told):
                (folder / "answers.json").unlink(missing_ok=True)
                asked.write_text(told)
                waiting.append((folder, command))
        for folder, _ in waiting:
            if not (folder / "import.json").exists():
                self.run(folder, "import.json", ["import", self.options.locomo, "--db", str(folder / "quality.db")])
        while waiting:
            now, waiting = waiting[: self.options.jobs], waiting[self.options.jobs :]
            start = time.monotonic()
            self.wait({(folder, "answers.json"): self.start(folder, "answers.json", command) for folder, command in now})
            names = ", ".join(folder.name for folder, _ in now)
            print(f"{names}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
        return {
            each: json.loads((self.work / each / "answers.json").read_text()) for each in self.options.conversations
        }


class Measured:
    """ln p of every question in every row; a row is a context, or (preset, divisor, quoted tokens)."""

    def __init__(self, printed, memories):
        self.questions = []  # (conversation, id)
        self.rows = {}
        for conversation, output in printed.items():
            names = [*CONTEXTS, *memories]
            contexts = output["contexts"]
            if len(contexts) != len(names):
                raise Failure(f"{conversation}: {len(contexts)} rows, {len(names)} were asked for")
            ids = sorted(answer["question"] for answer in contexts[0]["answers"])
            self.questions += [(conversation, each) for each in ids]
            for name, context in zip(names, contexts):
                by_id = {answer["question"]: answer["likelihood"] for answer in context["answers"]}
                if sorted(by_id) != ids or None in by_id.values():
                    raise Failure(f"{conversation}: row {name} lacks questions that row none has")
                self.rows.setdefault(name, []).extend(by_id[each] for each in ids)


def cell(value, low=None, high=None, signed=False):
    number = "{:+.3f}" if signed else "{:.2f}"
    if value is None:
        return "–"
    text = number.format(value)
    return text if low is None else f"{text} [{number.format(low)}, {number.format(high)}]"


class Tables:
    def __init__(self, options, measured):
        self.options = options
        self.measured = measured
        self.rows = measured.rows
        self.bootstrap = Bootstrap(len(measured.questions), options.resamples, options.seed)

    def figures(self, name):
        values = self.rows[name]
        none, full = self.rows["none"], self.rows["full"]
        return {
            "mean": mean(values),
            "recovered": self.bootstrap.recovered(values, none, full),
            "minus_full": self.bootstrap.difference(values, full),
        }

    def cells(self, name):
        row = self.figures(name)
        recovered, difference = cell(*row["recovered"]), cell(*row["minus_full"], signed=True)
        return f"{row['mean']:.3f} | {recovered} | {difference}"

    def contexts(self):
        lines = ["| in front of the question | ln p | recovered | minus full |", "|---|---|---|---|"]
        lines += [f"| {name} | {self.cells(name)} |" for name in CONTEXTS]
        for recall in (0, self.options.recall):
            quoted = f", {recall:,} quoted" if recall else ""
            cells = self.cells((NEXT_TO_NOTHING, None, recall))
            lines.append(f"| next to nothing, {FEWEST_ENTRIES} entries{quoted} | {cells} |")
        return lines

    def axis(self, axis):
        recall = f"{self.options.recall:,} quoted"
        lines = [
            f"| memory, share of the history in {AXES[axis]} | ln p | recovered | minus full | ln p, {recall} "
            f"| recovered, {recall} | minus full, {recall} |",
            "|---|---|---|---|---|---|---|",
        ]
        for preset in self.options.presets:
            for share in self.options.shares:
                divisor = divisor_on(axis, preset, share, self.options.episodes)
                alone, quoting = (self.cells((preset, divisor, each)) for each in (0, self.options.recall))
                lines.append(f"| {preset} 1/{share} | {alone} | {quoting} |")
        return lines

    def pairs(self):
        """(text, row, other row) of the differences that are asked about; at last what each memory adds to
        quotations."""
        options = self.options
        asked = [("kvzip", "epicache"), ("keydiff", "kvzip"), ("epicache", "epicache-released"), ("epichat", "kvzip")]
        asked.append(("epicache-onepass", "epicache"))
        for axis, words in AXES.items():
            for one, other in asked:
                if one not in options.presets or other not in options.presets:
                    continue
                if axis == "bytes" and one not in PER_EPISODE and other not in PER_EPISODE:
                    continue  # as on the other axis
                for share in options.shares:
                    for recall in (0, options.recall):
                        first, second = (
                            (each, divisor_on(axis, each, share, options.episodes), recall) for each in (one, other)
                        )
                        quoted = f", {recall:,} quoted" if recall else ""
                        yield f"{one} - {other}, 1/{share} in {words}{quoted}", first, second

        for preset in options.presets:
            for share in options.shares:
                text = f"{preset} 1/{share} - next to nothing, {options.recall:,} quoted"
                yield text, (preset, share, options.recall), (NEXT_TO_NOTHING, None, options.recall)

    def differences(self):
        lines = ["| paired difference | nats per token |", "|---|---|"]
        for text, first, second in self.pairs():
            difference = self.bootstrap.difference(self.rows[first], self.rows[second])
            lines.append(f"| {text} | {cell(*difference, signed=True)} |")
        return lines

    def markdown(self):
        options = self.options
        questions = len(self.measured.questions)
        parts = [
            [
                f"{pathlib.Path(options.model).name}; {', '.join(options.conversations)}, the first "
                f"{options.questions} questions with an answer of categories {CATEGORIES} each, {questions} in all; "
                f"blocks of {options.block:,} tokens, {options.episodes} episodes; intervals: 95 %, "
                f"{options.resamples:,} resamples of the questions, seed {options.seed}"
            ],
            self.contexts(),
            self.axis("active"),
            self.axis("bytes"),
            self.differences(),
        ]
        return "\n\n".join("\n".join(part) for part in parts) + "\n"

    def json(self):
        rows = []
        for name, values in self.rows.items():
            row = {"context": name} if name in CONTEXTS else dict(zip(("preset", "divisor", "recall"), name))
            rows.append({**row, **self.figures(name), "ln_p": values})
        return {
            "model": pathlib.Path(self.options.model).name,
            "questions": [{"conversation": where, "id": question} for where, question in self.measured.questions],
            "rows": rows,
            "pairs": [
                {"of": text, "difference": self.bootstrap.difference(self.rows[first], self.rows[second])}
                for text, first, second in self.pairs()
            ],
        }


def main(arguments):
    options = parse(arguments)
    try:
        printed = Runner(options).measure()
        tables = Tables(options, Measured(printed, planned(options)))
    except Stopped as stopped:
        print(f"{stopped}; the same command goes on", file=sys.stderr)
        return STOPPED
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    markdown = tables.markdown()
    (options.work / "memory_quality.md").write_text(markdown)
    (options.work / "memory_quality.json").write_text(json.dumps(tables.json(), indent=1))
    print(markdown, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
