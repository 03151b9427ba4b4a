#!/usr/bin/env python3
"""Runs the walk "The life of a contact" of a README against a suppressd of its own, and holds what its commands
print against what the README shows.

usage: readme_walk.py SUPPRESSD README

The section's ```sh blocks run in order, in one shell, where `var` is the server's data directory. A block that
follows one shows its answer: ```json as documents, anything else as text. In what is shown `…` stands for
anything: a whole value, the rest of a text, the other members of an object.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

TITLE = "## The life of a contact"
SHOWN_SERVER = "http://127.0.0.1:8080"
ANYTHING = "…"
PATIENCE_SECONDS = 60


class Step:
    def __init__(self, commands):
        self.commands = commands
        self.kind = None  # of the block that shows its answer
        self.shown = None


def steps_of(readme):
    """The walk's commands, each block with what is shown of its answer."""
    section = readme.split(TITLE + "\n", 1)[1].split("\n## ", 1)[0]
    steps = []
    for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        if kind == "sh":
            steps.append(Step(text))
        else:
            steps[-1].kind, steps[-1].shown = kind, text
    return steps


def documents(text):
    """JSON documents that follow each other."""
    decoder = json.JSONDecoder()
    found = []
    text = text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def pattern_documents(text):
    """The same with … where JSON has no place for it."""
    text = re.sub(r"([:\[]\s*)…", r'\1"…"', text)
    return documents(re.sub(r"([,{]\s*)…(\s*})", r'\1"…":"…"\2', text))


def text_fits(shown, real):
    return re.fullmatch(".*".join(map(re.escape, shown.split(ANYTHING))), real, re.DOTALL) is not None


def difference(shown, real, where="answer"):
    """Where the two are not alike, or None."""
    if isinstance(shown, str) and ANYTHING in shown:
        real_text = real if isinstance(real, str) else json.dumps(real)
        return None if text_fits(shown, real_text) else "%s is %s" % (where, real_text)
    if isinstance(shown, dict) and isinstance(real, dict):
        missing = shown.keys() - real.keys() - {ANYTHING}
        more = real.keys() - shown.keys() if ANYTHING not in shown else set()
        if missing or more:
            return "%s: members %s" % (where, sorted(missing | more))
        pairs = [(key, value, real[key]) for key, value in shown.items() if key != ANYTHING]
    elif isinstance(shown, list) and isinstance(real, list):
        if shown == [ANYTHING]:
            return None
        if len(shown) != len(real):
            return "%s has %d elements" % (where, len(real))
        pairs = [(index, value, real[index]) for index, value in enumerate(shown)]
    else:
        return None if type(shown) is type(real) and shown == real else "%s is %s" % (where, json.dumps(real))
    found = (difference(value, other, "%s.%s" % (where, key)) for key, value, other in pairs)
    return next((text for text in found if text), None)


def check(step, printed):
    """What is wrong with the answer, or None."""
    if printed is None:
        return "never run"
    if step.kind == "json":
        try:
            return difference(pattern_documents(step.shown), documents(printed))
        except json.JSONDecodeError:
            return "not JSON"
    if step.shown is not None:
        return None if text_fits(step.shown, printed.replace("\r\n", "\n")) else "another text"
    return "a problem" if "/problems/" in printed else None


class Server:
    def __init__(self, program, folder):
        self.folder = folder
        port_file = os.path.join(folder, "port")
        self.process = subprocess.Popen(
            [program, "--data-dir", os.path.join(folder, "var"), "--listen", "127.0.0.1:0", "--port-file", port_file,
             "--log-level", "error"])
        self.wait(lambda: os.path.exists(port_file) and os.path.getsize(port_file) > 0)
        self.url = "http://127.0.0.1:" + open(port_file).read().strip()
        ready = ["curl", "-fsS", self.url + "/readyz"]
        self.wait(lambda: subprocess.run(ready, capture_output=True).returncode == 0)

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the server ended early, or never was ready")
            time.sleep(0.01)

    def run(self, steps):
        """What each step printed, None of those that were not come to; and whether all went through."""
        parts = ["{\n%s\n} >out.%d\n" % (step.commands.replace(SHOWN_SERVER, self.url), number)
                 for number, step in enumerate(steps)]
        shell = subprocess.Popen(["bash", "-eu", "-o", "pipefail", "-c", "".join(parts)], cwd=self.folder)
        try:
            whole = shell.wait(timeout=PATIENCE_SECONDS) == 0
        except subprocess.TimeoutExpired:
            shell.kill()
            shell.wait()
            whole = False
        return [self.output(number) for number in range(len(steps))], whole

    def output(self, number):
        path = os.path.join(self.folder, "out.%d" % number)
        return open(path, encoding="utf-8", newline="").read() if os.path.exists(path) else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main():
    program, readme = sys.argv[1:]
    steps = steps_of(open(readme, encoding="utf-8").read())
    if not any(step.shown for step in steps):
        sys.exit("no walk in " + readme)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(os.path.abspath(program), folder)
        try:
            printed, whole = server.run(steps)
        finally:
            server.stop()
    failures = 0 if whole else 1
    for step, text in zip(steps, printed):
        wrong = check(step, text)
        if wrong:
            failures += 1
            print("%s\nprinted\n%s\nnot what the README shows: %s\n" % (step.commands, text, wrong))
    print("%d steps, %d failures" % (len(steps), failures))
    sys.exit(1 if failures else 0)


main()
