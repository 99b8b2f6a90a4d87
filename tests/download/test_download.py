"""epichat-download against a server that does what servers do: EPI_DOWNLOAD names the program."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from file_server import FileServer, Once  # noqa: E402

PROGRAM = os.environ["EPI_DOWNLOAD"]


def model(size: int, seed: int = 1) -> bytes:
    return b"GGUF" + random.Random(seed).randbytes(size - 4)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class DownloadTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="epichat-download-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name) / "models"
        self.server = FileServer()
        self.addCleanup(self.server.close)
        self.content = model(300_000)
        self.server.files["model.gguf"] = self.content

    def command(self, url: str, *arguments: str) -> list[str]:
        return [PROGRAM, url, "--to", str(self.folder), "--json-progress", *arguments]

    def fetch(self, *arguments: str, url: str = "", limit: int | None = None) -> tuple[int, dict]:
        """The exit code and the last line; the lines before it are in self.lines."""

        def before() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        done = subprocess.run(self.command(url or self.server.url("model.gguf"), *arguments), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, preexec_fn=before)
        self.assertEqual(done.stderr, "")
        self.lines = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, self.lines[-1]

    def error(self, *arguments: str, code: int, name: str, says: list[str], **options) -> str:
        exit_code, last = self.fetch(*arguments, **options)
        self.assertIn("error", last, last)
        message = last["error"]["message"]
        self.assertEqual((exit_code, last["error"]["code"]), (code, name), message)
        for text in says:
            self.assertIn(text, message)
        return message

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def assert_complete(self, content: bytes, name: str = "model.gguf") -> None:
        self.assertEqual(self.names(), [name])
        self.assertEqual((self.folder / name).read_bytes(), content)

    # A whole download

    def test_fetches_a_file(self) -> None:
        code, last = self.fetch("--sha256", sha256(self.content).upper())
        self.assertEqual(code, 0)
        self.assertEqual(last, {"done": {"file": str(self.folder / "model.gguf"), "bytes": len(self.content),
                                         "sha256": sha256(self.content), "resumed_from": 0}})
        self.assert_complete(self.content)
        self.assertEqual(self.server.requests[0].range, None)

    def test_tells_how_far_it_is(self) -> None:
        self.server.seconds_per_block = 0.07
        code, _ = self.fetch()
        self.assertEqual(code, 0)
        progress = [line["progress"] for line in self.lines[:-1]]
        self.assertGreater(len(progress), 3)
        self.assertLess(len(progress), 20)  # not more than five a second
        done = [step["done"] for step in progress]
        self.assertEqual(done, sorted(done))
        self.assertEqual(progress[-1]["done"], len(self.content))
        self.assertEqual(progress[-1]["total"], len(self.content))
        self.assertGreater(progress[-1]["per_second"], 0)

    def test_speaks_text_without_json(self) -> None:
        done = subprocess.run([PROGRAM, self.server.url("model.gguf"), "--to", str(self.folder)],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, f"{self.folder}/model.gguf\nSHA-256: {sha256(self.content)}\n")
        done = subprocess.run([PROGRAM, self.server.url("none.gguf"), "--to", str(self.folder)],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 3)
        self.assertIn("epichat-download: 127.0.0.1 answers with the status 404", done.stderr)

    def test_reads_the_address_from_its_input(self) -> None:
        done = subprocess.run([PROGRAM, "--to", str(self.folder), "-"], input=self.server.url("model.gguf") + "\n",
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_complete(self.content)

    # Resuming

    def cut(self, after: int) -> None:
        self.server.once = Once(cut_after=after)
        self.error(code=4, name="io", says=["127.0.0.1 was cut", "goes on from there"])
        self.assertEqual((self.folder / "model.gguf.part").stat().st_size, after)
        self.assertFalse((self.folder / "model.gguf").exists())

    def test_goes_on_after_a_cut(self) -> None:
        self.cut(200_000)
        code, last = self.fetch("--sha256", sha256(self.content))
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 200_000))
        self.assertEqual(last["done"]["sha256"], sha256(self.content))
        self.assertEqual(self.server.requests[1].range, "bytes=200000-")
        self.assertEqual(self.server.requests[1].if_range, self.server.etag_of("model.gguf"))
        self.assertEqual(self.server.requests[1].sent, 100_000)
        self.assert_complete(self.content)

    def test_goes_on_after_many_cuts(self) -> None:
        for after in (1_000, 50_000, 49_000):
            self.server.once = Once(cut_after=after)
            self.assertEqual(self.fetch()[0], 4)
        code, last = self.fetch()
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 100_000))
        self.assertEqual([request.sent for request in self.server.requests], [1_000, 50_000, 49_000, 200_000])
        self.assert_complete(self.content)

    def test_begins_anew_when_the_file_was_changed(self) -> None:
        self.cut(200_000)
        changed = model(250_000, seed=2)
        self.server.files["model.gguf"] = changed
        code, last = self.fetch("--sha256", sha256(changed))
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 0))
        self.assertEqual(self.server.requests[1].range, "bytes=200000-")
        self.assertIn("what was fetched before is not used", str(self.lines))
        self.assert_complete(changed)

    def test_begins_anew_when_the_file_became_shorter(self) -> None:
        """The server still says it is the same, and has no such bytes."""
        self.cut(200_000)
        self.server.etags["model.gguf"] = self.server.etag_of("model.gguf")
        shorter = model(100_000, seed=2)
        self.server.files["model.gguf"] = shorter
        code, last = self.fetch()
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 0))
        self.assertEqual([request.range for request in self.server.requests], [None, "bytes=200000-", None])
        self.assert_complete(shorter)

    def test_begins_anew_for_another_address(self) -> None:
        self.cut(200_000)
        code, last = self.fetch(url=self.server.url("model.gguf?another"))
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 0))
        self.assertEqual(self.server.requests[1].range, None)
        self.assert_complete(self.content)

    def test_begins_anew_when_the_server_cannot_tell(self) -> None:
        for etag in (None, 'W/"much the same"'):
            with self.subTest(etag=etag):
                self.server.etags["model.gguf"] = etag
                self.cut(200_000)
                self.server.requests.clear()
                code, last = self.fetch()
                self.assertEqual((code, last["done"]["resumed_from"]), (0, 0))
                self.assertEqual(self.server.requests[0].range, None)
                self.assert_complete(self.content)
                (self.folder / "model.gguf").unlink()

    def test_begins_anew_where_ranges_are_not_served(self) -> None:
        self.cut(200_000)
        self.server.once = Once(no_ranges=True)
        code, last = self.fetch()
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 0))
        self.assert_complete(self.content)

    def test_a_damaged_record_is_none(self) -> None:
        self.cut(200_000)
        (self.folder / "model.gguf.part.json").write_text('{"address": 7')
        code, last = self.fetch()
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 0))
        self.assert_complete(self.content)

    def test_gives_the_name_when_only_that_was_missing(self) -> None:
        self.cut(200_000)
        (self.folder / "model.gguf.part").write_bytes(self.content)
        self.server.requests.clear()
        code, last = self.fetch("--sha256", sha256(self.content))
        self.assertEqual((code, last["done"]["sha256"]), (0, sha256(self.content)))
        self.assertEqual(self.server.requests, [])
        self.assert_complete(self.content)

    def test_the_address_is_not_stored(self) -> None:
        self.server.once = Once(cut_after=1000)
        self.fetch(url=self.server.url("model.gguf?token=secret"))
        self.assertNotIn("secret", (self.folder / "model.gguf.part.json").read_text())

    # Stopping

    def test_stops_when_it_is_asked_to_and_goes_on(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                self.server.seconds_per_block = 0.05
                program = subprocess.Popen(self.command(self.server.url("model.gguf")), stdout=subprocess.PIPE, text=True)
                part = self.folder / "model.gguf.part"
                self.wait_for(lambda: part.exists() and part.stat().st_size > 30_000)
                asked = time.monotonic()
                program.send_signal(number)
                output, _ = program.communicate(timeout=20)
                self.assertLess(time.monotonic() - asked, 1.0)
                self.assertEqual(program.returncode, 130)
                self.assertEqual(json.loads(output.splitlines()[-1])["error"]["code"], "cancelled")
                there = part.stat().st_size
                self.assertLess(there, len(self.content))
                self.server.seconds_per_block = 0
                code, last = self.fetch()
                self.assertEqual((code, last["done"]["resumed_from"]), (0, there))
                self.assert_complete(self.content)
                (self.folder / "model.gguf").unlink()

    def test_goes_on_after_it_was_killed(self) -> None:
        self.server.seconds_per_block = 0.05
        program = subprocess.Popen(self.command(self.server.url("model.gguf")), stdout=subprocess.DEVNULL)
        part = self.folder / "model.gguf.part"
        self.wait_for(lambda: part.exists() and part.stat().st_size > 30_000)
        program.kill()
        program.wait()
        there = part.stat().st_size
        self.server.seconds_per_block = 0
        code, last = self.fetch("--sha256", sha256(self.content))
        self.assertEqual((code, last["done"]["resumed_from"]), (0, there))
        self.assert_complete(self.content)

    def test_gives_up_a_connection_that_brings_nothing(self) -> None:
        self.server.once = Once(stall_after=50_000)
        begun = time.monotonic()
        self.error("--stall-seconds", "2", code=4, name="io", says=["sends nothing any more"])
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual((self.folder / "model.gguf.part").stat().st_size, 50_000)

    # What is refused

    def test_a_wrong_checksum_leaves_nothing(self) -> None:
        self.error("--sha256", "0" * 64, code=2, name="corrupt_data", says=[sha256(self.content), "0" * 64, "removed"])
        self.assertEqual(self.names(), [])

    def test_the_checksum_is_of_the_whole_file(self) -> None:
        """Damage in the part from before is found."""
        self.cut(200_000)
        with open(self.folder / "model.gguf.part", "r+b") as part:
            part.seek(100_000)
            part.write(b"damage")
        self.error("--sha256", sha256(self.content), code=2, name="corrupt_data", says=["removed"])
        self.assertEqual(self.names(), [])

    def test_a_checksum_that_is_none(self) -> None:
        self.error("--sha256", "abc", code=2, name="invalid_argument", says=["64 hexadecimal digits", "3 characters"])
        self.assertEqual(self.server.requests, [])

    def test_nothing_is_replaced(self) -> None:
        self.folder.mkdir()
        (self.folder / "model.gguf").write_text("mine")
        self.error(code=2, name="invalid_argument", says=["is there already"])
        self.assertEqual((self.folder / "model.gguf").read_text(), "mine")
        self.assertEqual(self.server.requests, [])

    def test_nothing_is_replaced_that_came_meanwhile(self) -> None:
        self.server.seconds_per_block = 0.03
        timer = threading.Timer(0.2, lambda: (self.folder / "model.gguf").write_text("mine"))
        timer.start()
        self.error(code=2, name="invalid_argument", says=["is there already"])
        timer.join()
        self.assertEqual((self.folder / "model.gguf").read_text(), "mine")
        self.assertEqual((self.folder / "model.gguf.part").stat().st_size, len(self.content))

    def test_no_link_is_followed(self) -> None:
        self.folder.mkdir()
        victim = self.folder.parent / "victim"
        victim.write_text("mine")
        (self.folder / "model.gguf.part").symlink_to(victim)
        self.error(code=4, name="io", says=["model.gguf.part"])
        self.assertEqual(victim.read_text(), "mine")

    def test_one_file_is_fetched_once_at_a_time(self) -> None:
        self.server.seconds_per_block = 0.05
        first = subprocess.Popen(self.command(self.server.url("model.gguf")), stdout=subprocess.DEVNULL)
        part = self.folder / "model.gguf.part"
        self.wait_for(lambda: part.exists() and part.stat().st_size > 0)
        self.error(code=2, name="invalid_argument", says=["is being fetched already"])
        self.server.seconds_per_block = 0
        self.assertEqual(first.wait(timeout=60), 0)
        self.assert_complete(self.content)

    def test_hostile_names(self) -> None:
        for path, says in (("..%2f..%2fetc", "could lead to another folder"),
                           ("..%2F..%2Fmodel.gguf", "could lead to another folder"),
                           ("a%5Cmodel.gguf", "could lead to another folder"),
                           ("model.gguf%00.txt", "could lead to another folder"),
                           ("%2e%2e", "begins with '.'"),
                           (".model.gguf", "begins with '.'"),
                           ("-model.gguf", "begins with '-'"),
                           ("model.txt", "does not end in .gguf"),
                           ("folder/", "names no file"),
                           ("x" * 250 + ".gguf", "255 bytes")):
            with self.subTest(path=path):
                self.error(code=2, name="invalid_argument", says=[says], url=self.server.url(path))
        self.error("--name", "../up.gguf", code=2, name="invalid_argument", says=["could lead to another folder"])
        self.assertEqual(self.names(), [])
        self.assertEqual(self.server.requests, [])

    def test_a_name_is_made_harmless(self) -> None:
        self.server.files["m%20o%C3%A9del%0A.gguf"] = self.content
        code, _ = self.fetch(url=self.server.url("m%20o%C3%A9del%0A.gguf"))
        self.assertEqual(code, 0)
        self.assert_complete(self.content, "m_o__del_.gguf")

    def test_a_name_may_be_given(self) -> None:
        self.server.files["download"] = self.content
        code, _ = self.fetch("--name", "mine.gguf", url=self.server.url("download?file=1"))
        self.assertEqual(code, 0)
        self.assert_complete(self.content, "mine.gguf")

    def test_addresses_that_are_not_fetched(self) -> None:
        for url, says in (("http://example.org/model.gguf", "only https"),
                          ("http://127.example.org/model.gguf", "only https"),
                          ("http://10.0.0.1/model.gguf", "only https"),
                          ("ftp://example.org/model.gguf", "only https"),
                          ("file:///etc/model.gguf", "names no server"),
                          ("https://user:word@example.org/model.gguf", "user name"),
                          ("not an address", "is no address")):
            with self.subTest(url=url):
                self.error(code=2, name="invalid_argument", says=[says], url=url)
        self.assertEqual(self.names(), [])

    def test_answers_that_are_not_the_file(self) -> None:
        for status, code, name in ((404, 3, "not_found"), (410, 3, "not_found"), (500, 4, "io"), (503, 4, "io"),
                                   (403, 4, "io"), (429, 4, "io"), (206, 4, "io"), (416, 4, "io")):
            with self.subTest(status=status):
                self.server.once = Once(status=status)
                self.error(code=code, name=name, says=["127.0.0.1 answers with the status", str(status)])
                self.assertEqual(self.names(), [])

    def test_an_error_keeps_the_part(self) -> None:
        self.cut(200_000)
        self.server.once = Once(status=503)
        self.error(code=4, name="io", says=["503"])
        code, last = self.fetch()
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 200_000))

    def test_something_else_than_a_model(self) -> None:
        self.server.files["model.gguf"] = b"<!DOCTYPE html>" + bytes(100_000)
        self.error(code=2, name="unsupported", says=["no model file"])
        self.assertEqual(self.names(), [])
        self.server.files["model.gguf"] = b"GG"
        self.assertEqual(self.fetch()[0], 0)  # too short to be told; the window says what it is

    def test_an_unknown_length(self) -> None:
        self.server.once = Once(no_length=True)
        self.error(code=2, name="unsupported", says=["does not say how long"])
        self.assertEqual(self.names(), [])

    def test_too_much_and_too_little(self) -> None:
        self.server.once = Once(announced=1_000)
        code, last = self.fetch("--sha256", sha256(self.content))
        self.assertEqual((code, last["error"]["code"]), (2, "corrupt_data"))
        self.server.once = Once(announced=400_000)
        self.error(code=4, name="io", says=["was cut"])
        self.assertFalse((self.folder / "model.gguf").exists())

    def test_an_encoding_that_was_not_asked_for(self) -> None:
        self.server.once = Once(headers={"Content-Encoding": "gzip"})
        self.error(code=2, name="unsupported", says=["'gzip'"])

    def test_a_disk_that_is_too_small(self) -> None:
        self.server.once = Once(announced=4_000_000_000_000_000_000)
        self.error(code=4, name="io", says=["4,000,000,000,000,000,000 are needed", "bytes free", "make room"])
        self.assertEqual(self.names(), [])

    def test_a_disk_that_becomes_full(self) -> None:
        self.error(limit=100_000, code=4, name="io", says=["stopped after 100,000 bytes, which are kept"])
        code, last = self.fetch()
        self.assertEqual((code, last["done"]["resumed_from"]), (0, 100_000))
        self.assert_complete(self.content)

    def test_a_folder_that_cannot_be_made(self) -> None:
        self.folder.write_text("a file")
        self.error(code=4, name="io", says=["cannot make the folder"])

    # Redirects and certificates

    def test_follows_a_redirect(self) -> None:
        self.server.files["elsewhere/blob"] = self.content
        self.server.once = Once(location="/elsewhere/blob")
        code, _ = self.fetch()
        self.assertEqual(code, 0)
        self.assert_complete(self.content)  # the name is that of the address that was given

    def test_redirects_without_end(self) -> None:
        self.server.once = Once(location="/model.gguf", stays=True)
        self.error(code=4, name="io", says=["more than 5 times"])
        self.assertEqual(len(self.server.requests), 6)

    def test_redirects_to_forbidden_places(self) -> None:
        for target in ("http://example.org/model.gguf", "ftp://example.org/model.gguf", "file:///etc/passwd"):
            with self.subTest(target=target):
                self.server.once = Once(location=target)
                self.error(code=2, name="invalid_argument", says=["127.0.0.1 leads to"])
        self.assertEqual(self.names(), [])

    @unittest.skipUnless(shutil.which("openssl"), "no openssl to make a certificate with")
    def test_a_certificate_is_needed(self) -> None:
        certificate = self.folder.parent / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out", certificate],
                       check=True, capture_output=True)
        server = FileServer(str(certificate))
        self.addCleanup(server.close)
        server.files["model.gguf"] = self.content
        self.error(code=4, name="io", says=["cannot prove that it is 127.0.0.1"], url=server.url("model.gguf"))
        self.assertEqual(server.requests, [])
        code, _ = self.fetch("--ca-file", str(certificate), url=server.url("model.gguf"))
        self.assertEqual(code, 0)
        self.assert_complete(self.content)

    def test_a_server_that_is_not_there(self) -> None:
        self.server.close()
        self.error(code=4, name="io", says=["127.0.0.1 cannot be reached"])

    def wait_for(self, condition) -> None:
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, "waited too long")
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
