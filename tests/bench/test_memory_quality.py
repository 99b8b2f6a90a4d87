"""The statistics behind memory_quality.py, and the whole program over a stand-in for epichat-cli."""
import io
import json
import math
import pathlib
import random
import sys
import tempfile
import textwrap
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout

import memory_quality
from quality_statistics import Bootstrap, interval, percentile


class Percentiles(unittest.TestCase):
    def test_between_neighbours(self):
        self.assertEqual(percentile([1.0, 2.0, 4.0], 0.0), 1.0)
        self.assertEqual(percentile([1.0, 2.0, 4.0], 0.75), 3.0)
        self.assertEqual(percentile([1.0, 2.0, 4.0], 1.0), 4.0)
        self.assertEqual(percentile([5.0], 0.975), 5.0)

    def test_interval_leaves_the_ends_out(self):
        low, high = interval(list(range(1000, -1, -1)))
        self.assertAlmostEqual(low, 25.0)
        self.assertAlmostEqual(high, 975.0)


class Resampling(unittest.TestCase):
    def setUp(self):
        generator = random.Random(7)
        self.none = [generator.gauss(-4.0, 1.0) for _ in range(96)]
        self.full = [each + generator.gauss(1.2, 1.0) for each in self.none]
        self.bootstrap = Bootstrap(96, resamples=4000)

    def test_interval_of_a_mean_difference_is_the_normal_one(self):
        differences = [a - b for a, b in zip(self.full, self.none)]
        centre = sum(differences) / 96
        deviation = math.sqrt(sum((each - centre) ** 2 for each in differences) / 96)
        half = 1.96 * deviation / math.sqrt(96)
        value, low, high = self.bootstrap.difference(self.full, self.none)
        self.assertAlmostEqual(value, centre)
        self.assertAlmostEqual(low, centre - half, delta=0.1 * half)
        self.assertAlmostEqual(high, centre + half, delta=0.1 * half)

    def test_rows_are_paired(self):
        shifted = [each + 0.25 for each in self.full]
        for value in self.bootstrap.difference(shifted, self.full):
            self.assertAlmostEqual(value, 0.25)

    def test_recovered_share_of_what_is_known(self):
        for share in (0.0, 0.5, 1.0, 1.25):
            row = [zero + share * (one - zero) for zero, one in zip(self.none, self.full)]
            for value in self.bootstrap.recovered(row, self.none, self.full):
                self.assertAlmostEqual(value, share)

    def test_recovered_share_has_an_interval_of_its_own(self):
        generator = random.Random(3)
        row = [each + generator.gauss(0.6, 1.0) for each in self.none]
        share, low, high = self.bootstrap.recovered(row, self.none, self.full)
        means = [sum(values) / 96 for values in (row, self.none, self.full)]
        self.assertAlmostEqual(share, (means[0] - means[1]) / (means[2] - means[1]))
        self.assertLess(low, share - 0.05)
        self.assertGreater(high, share + 0.05)

    def test_a_share_of_nothing_is_not_defined(self):
        self.assertEqual(self.bootstrap.recovered(self.none, self.full, self.none), (None, None, None))
        noise = random.Random(5)
        barely = [each + 0.01 + noise.gauss(0.0, 1.0) for each in self.none]
        share, low, high = self.bootstrap.recovered(self.full, self.none, barely)
        self.assertIsNotNone(share)
        self.assertEqual((low, high), (None, None))

    def test_the_same_seed_gives_the_same_interval(self):
        rows = self.full, self.none
        again = Bootstrap(96, resamples=4000).difference(*rows)
        self.assertEqual(self.bootstrap.difference(*rows), again)
        self.assertNotEqual(Bootstrap(96, resamples=4000, seed=1).difference(*rows)[1:], again[1:])

    def test_a_row_of_other_questions_is_refused(self):
        with self.assertRaises(ValueError):
            self.bootstrap.means([0.0] * 95)


# Answers eval run as epichat-cli prints it: ln p by a rule, and a line per start in a log.
STAND_IN = '''\
    #!{python}
    import json, os, sys, time
    arguments = sys.argv[1:]
    if arguments[0] == "import":
        print("{{}}")
        sys.exit()
    if arguments[0] == "profile":
        print("{{}}")
        sys.exit()
    with open("{log}", "a") as log:
        log.write(arguments[arguments.index("--conversation") + 1] + "\\n")
    if os.path.exists("{slow}"):
        print("epichat-cli: run 7 done in 0.1 s", file=sys.stderr, flush=True)
        time.sleep(60)
    if os.path.exists("{broken}"):
        reason = open("{broken}").read()
        print(reason, file=sys.stdout if reason.startswith("{{") else sys.stderr)
        sys.exit(3)
    print("epichat-cli: run 1 done in 0.1 s", file=sys.stderr)
    with open(arguments[arguments.index("--memories") + 1]) as file:
        memories = json.load(file)
    def row(value, **more):
        answers = [{{"question": q, "likelihood": value - q / 10}} for q in (2, 1)]
        return {{**more, "answers": answers}}
    rows = [row(-4.0), row(-2.0), row(-1.0)]
    for memory in memories:
        rows.append(row(-4.0 + 4.0 * memory.get("share", 0.0) + memory["online"]["recallTokens"] / 1024))
    print(json.dumps({{"contexts": rows}}))
'''


class WholeProgram(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log, self.slow, self.broken = (self.folder / each for each in ("log", "slow", "broken"))
        self.cli = self.folder / "cli"
        paths = {"python": sys.executable, "log": self.log, "slow": self.slow, "broken": self.broken}
        self.cli.write_text(textwrap.dedent(STAND_IN).format(**paths))
        self.cli.chmod(0o755)

    def run_it(self, *more):
        arguments = ["--cli", self.cli, "--model", "some.gguf", "--embedder", "e", "--locomo", "l.json"]
        arguments += ["--work", self.folder / "work", "--resamples", 100, *more]
        out, self.errors = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(self.errors):
            code = memory_quality.main([str(each) for each in arguments])
        return code, out.getvalue()

    def starts(self):
        return sorted(self.log.read_text().split())

    def test_every_memory_is_planned_once(self):
        options = memory_quality.parse(["--cli", "c", "--model", "m", "--embedder", "e", "--locomo", "l", "--work", "w"])
        memories = memory_quality.planned(options)
        self.assertEqual(len(memories), len(set(memories)))
        # Five presets at three sizes; the two with a cache per episode at 1/32 and 1/64, too, where 1/16 of
        # their bytes axis is 1/4 of the other.
        self.assertEqual(len(memories), (5 * 3 + 2 * 2 + 1) * 2)
        self.assertIn(("epicache", 64, 0), memories)
        self.assertNotIn(("kvzip", 32, 0), memories)
        for quoting, alone in zip(memories[::2], memories[1::2]):
            self.assertEqual((*quoting[:2], 0), alone)

    def test_tables_say_what_was_measured(self):
        code, text = self.run_it()
        self.assertEqual(code, 0, self.errors.getvalue())
        self.assertEqual(self.starts(), ["conv-26", "conv-30", "conv-41", "conv-42"])
        lines = text.splitlines()
        self.assertIn("| none | -4.150 | 0.00 [0.00, 0.00] | -2.000 [-2.000, -2.000] |", lines)
        self.assertIn("| evidence | -1.150 | 1.50 [1.50, 1.50] | +1.000 [+1.000, +1.000] |", lines)
        kvzip = "| kvzip 1/8 | -3.650 | 0.25 [0.25, 0.25] | -1.500 [-1.500, -1.500] | -2.650 | 0.75 [0.75, 0.75] | "
        self.assertEqual(sum(line.startswith(kvzip) for line in lines), 2)  # the same on both axes
        self.assertIn("| next to nothing, 128 entries, 1,024 quoted | -3.150 | 0.50 [0.50, 0.50] | "
                      "-1.000 [-1.000, -1.000] |", lines)
        self.assertIn("| kvzip 1/4 - next to nothing, 1,024 quoted | +1.000 [+1.000, +1.000] |", lines)
        epicache = [line for line in lines if line.startswith("| epicache 1/8 |")]
        self.assertIn("| -3.650 | 0.25 ", epicache[0])
        self.assertIn("| -4.025 | 0.06 ", epicache[1])  # four caches of 1/32
        self.assertIn("| kvzip - epicache, 1/8 in the active cache | +0.000 [+0.000, +0.000] |", lines)
        self.assertIn("| kvzip - epicache, 1/8 in all caches together | +0.375 [+0.375, +0.375] |", lines)
        written = json.loads((self.folder / "work" / "memory_quality.json").read_text())
        self.assertEqual(len(written["rows"]), 3 + 40)
        self.assertEqual(written["questions"][0], {"conversation": "conv-26", "id": 1})
        self.assertEqual(written["rows"][0]["ln_p"][:2], [-4.1, -4.2])

    def test_what_is_done_is_not_started_again(self):
        self.assertEqual(self.run_it("--conversations", "conv-26,conv-30", "--jobs", "2")[0], 0)
        self.assertEqual(self.run_it("--conversations", "conv-26,conv-41")[0], 0)
        self.assertEqual(self.starts(), ["conv-26", "conv-30", "conv-41"])
        self.assertEqual(self.run_it("--conversations", "conv-26", "--questions", "3")[0], 0)
        self.assertEqual(self.starts(), ["conv-26", "conv-26", "conv-30", "conv-41"])

    def test_it_stops_in_time_and_goes_on(self):
        self.slow.touch()
        start = time.monotonic()
        self.assertEqual(self.run_it("--conversations", "conv-26", "--seconds", "1")[0], memory_quality.STOPPED)
        self.assertLess(time.monotonic() - start, 20)
        self.assertIn("conv-26: 1 rows so far", self.errors.getvalue())
        self.slow.unlink()
        code, text = self.run_it("--conversations", "conv-26")
        self.assertEqual(code, 0)
        self.assertIn("| full | -2.150 |", text)

    def test_a_failure_is_told_with_its_reason(self):
        for written, told in (
            ('{"error": {"message": "no such model"}}', "ended with 3: no such model"),
            ("out of memory", "ended with 3: out of memory"),
        ):
            self.broken.write_text(written)
            code, text = self.run_it()
            self.assertEqual((code, text), (1, ""))
            self.assertIn(told, self.errors.getvalue())
            (self.folder / "work" / "conv-26" / "answers.json.log").unlink()


if __name__ == "__main__":
    unittest.main()
