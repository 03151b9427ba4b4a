#!/usr/bin/env python3
"""A campaign from its recipients' file to the second account that brings the same addresses, against a suppressd of
its own, held at each step against a model that knows nothing of the server.

usage: campaign_story.py SUPPRESSD [ROWS [SEED]]

1. The platform and the account acme suppress some addresses: 3 in 100 of the file's.
2. acme imports the file. Its report, its clean file and the account's counts must be the model's.
3. acme sends two messages to the clean file's recipients, batch by batch, each batch checked right before it is
   sent. What the receivers answer comes back while the next batch goes out: the second message of the same campaign
   must leave out whoever bounced hard, complained or left meanwhile, and nobody else. Some answers are sent twice.
4. The account globex imports the same file, and finds suppressed what acme's mail found dead, but not who
   complained about acme or left it.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE_SECONDS = 120
BATCHES = 100  # of the first message
DOMAINS = ["example.com", "example.org", "example.net"] + ["mail%d.example.com" % i for i in range(40)]


class Server:
    def __init__(self, program, folder):
        self.data = os.path.join(folder, "var")
        port_file = os.path.join(folder, "port")
        self.process = subprocess.Popen(
            [program, "--data-dir", self.data, "--listen", "127.0.0.1:0", "--port-file", port_file,
             "--log-level", "error"])
        self.wait(lambda: os.path.exists(port_file) and os.path.getsize(port_file) > 0)
        self.connection = http.client.HTTPConnection("127.0.0.1", int(open(port_file).read()), timeout=600)
        self.wait(lambda: self.send("GET", "/readyz")[0] == 200)
        self.key = open(os.path.join(self.data, "admin.key")).read().strip()

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the server ended early, or never was ready")
            time.sleep(0.01)

    key = None

    def send(self, method, path, body=None, media=None, accept=None):
        fields = {"Authorization": "Bearer " + self.key} if self.key else {}
        if media:
            fields["Content-Type"] = media
        if accept:
            fields["Accept"] = accept
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def ask(self, method, path, body=None, media="application/json"):
        if media == "application/json" and body is not None:
            body = json.dumps(body)
        status, text = self.send(method, path, body, media if body is not None else None)
        if status >= 300:
            sys.exit("%s %s: %d %s" % (method, path, status, text.decode()))
        return json.loads(text)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def equal(what, real, expected):
    if real != expected:
        sys.exit("%s: the server says %s, the model %s" % (what, real, expected))


class Recipients:
    """The file, and what the model knows of its rows."""

    def __init__(self, rows, seed):
        chance = random.Random(seed)
        self.lines, self.addresses = [], []
        self.repeated, self.invalid = [], 0
        for i in range(rows):
            kind = chance.random()
            name = "person.%d" % i
            if kind < 0.005:
                self.invalid += 1
                self.lines.append("%s.example.com,%s\n" % (name, name))
            elif kind < 0.02 and self.addresses:
                self.repeated.append(chance.choice(self.addresses))
                # In another spelling.
                self.lines.append('"%s",%s\n' % (self.repeated[-1].upper(), name))
            else:
                address = "%s@%s" % (name, chance.choice(DOMAINS))
                self.addresses.append(address)
                self.lines.append("%s,%s\n" % (address, name))
        drawn = chance.sample(self.addresses, len(self.addresses) * 3 // 100)
        half = len(drawn) // 2
        self.dead = set(drawn[:half])  # on the platform, hard bounces
        self.complained = set(drawn[half:half + half // 2])  # in acme
        self.left = set(drawn[half + half // 2:])  # in acme

    def text(self):
        return "email,name\n" + "".join(self.lines)


def suppress(server, path, addresses, reason):
    if addresses:
        added = server.ask("POST", "%s/suppressions?reason=%s&channel=email" % (path, reason),
                           "\n".join(sorted(addresses)), "text/plain")
        equal("suppressed", added["added"], len(addresses))


def import_file(server, account, recipients):
    """The ended import."""
    path = "/v1/accounts/%s/imports" % account
    begin = time.monotonic()
    made = server.ask("POST", path + "?mode=contacts", recipients.text(), "text/csv")
    job = path + "/" + made["import"]["id"]
    server.wait(lambda: server.ask("GET", job)["state"] not in ("running", "uploading"))
    report = server.ask("GET", job)
    equal("import's state", report["state"], "done")
    print("%-8s imported %d rows, %.0f a second" % (account, report["rows"],
                                                   report["rows"] / (time.monotonic() - begin)))
    return job, report


def check_report(server, job, report, recipients, suppressed_by):
    """`suppressed_by`: what suppresses for this account: (scope, reason) to addresses."""
    suppressed = set().union(*suppressed_by.values())

    def rows_of(addresses):
        return len(addresses) + sum(address in addresses for address in recipients.repeated)

    equal("rows", report["rows"], len(recipients.lines))
    equal("new", report["new"], len(recipients.addresses))
    equal("duplicate", report["duplicate"], len(recipients.repeated))
    equal("invalid", report["invalid"], {"rows": recipients.invalid, "errors": {"no_at_sign": recipients.invalid}}
          if recipients.invalid else {"rows": 0, "errors": {}})
    equal("suppressed", report["suppressed"]["rows"], rows_of(suppressed))
    equal("suppressed by", {(one["scope"], one["reason"]): one["rows"] for one in report["suppressed"]["by"]},
          {name: rows_of(addresses) for name, addresses in suppressed_by.items() if addresses})
    equal("clear", report["clear"], len(recipients.addresses) - len(suppressed))
    status, clean = server.send("GET", job + "/clean")
    equal("clean file's status", status, 200)
    known, expected = set(recipients.addresses) - suppressed, ["email,name\n"]
    for line in recipients.lines:
        address = line.split(",")[0]
        if address in known:
            expected.append(line)
    equal("clean file", clean.decode() == "".join(expected), True)


def check_counts(server, account, recipients, suppressed, left, soft):
    counts = server.ask("GET", "/v1/accounts/%s/counts" % account)["email"]
    equal(account + "'s counts",
          {name: counts[name] for name in ("all", "active", "soft_bounced", "unsubscribed", "blacklisted", "deleted")},
          {"all": len(recipients.addresses), "active": len(recipients.addresses) - len(suppressed),
           "soft_bounced": len(soft), "unsubscribed": len(left), "blacklisted": len(suppressed) - len(left),
           "deleted": 0})


class Campaign:
    """What acme's campaign does, and what the receivers answer."""
    CAMPAIGN = "spring"
    path = "/v1/accounts/acme"

    def __init__(self, server, recipients, seed):
        self.server = server
        self.chance = random.Random(seed + 1)
        self.suppressed = recipients.dead | recipients.complained | recipients.left
        self.died, self.complained, self.left, self.soft = set(), set(), set(), set()
        self.checked = self.sent = self.told = self.left_out = 0
        self.check_seconds = self.event_seconds = 0.0

    def send(self, message, batch):
        """Checks and sends a batch; what comes back of it."""
        begin = time.monotonic()
        status, text = self.server.send("POST", self.path + "/check", "\n".join(batch), "text/plain", "text/plain")
        self.check_seconds += time.monotonic() - begin
        equal("check's status", status, 200)
        clear = text.decode().split()
        equal("recipients", clear, [address for address in batch if address not in self.suppressed])
        self.checked += len(batch)
        self.sent += len(clear)
        self.left_out += len(batch) - len(clear)
        return [self.answer(message, address) for address in clear]

    def answer(self, message, address):
        kind = self.chance.random()
        event = {"type": "bounced", "email": address, "campaign": self.CAMPAIGN,
                 "event_id": "%s/%s" % (message, address)}
        if kind < 0.01:
            return dict(event, code="550", enhanced="5.1.1", text="550 5.1.1 user unknown")
        if kind < 0.03:
            return dict(event, code="452", enhanced="4.2.2", text="452 4.2.2 mailbox full")
        if kind < 0.035:
            return dict(event, code="550", enhanced="5.7.1", text="550 5.7.1 message rejected as spam")
        return dict(event, type="complained" if kind < 0.037 else "unsubscribed" if kind < 0.04 else "delivered")

    def tell(self, events):
        """Posts what came back, one in ten batches twice, and lets the model know."""
        body = "".join(json.dumps(event) + "\n" for event in events)
        for repeated in range(2 if self.chance.random() < 0.1 else 1):
            begin = time.monotonic()
            answer = self.server.ask("POST", self.path + "/events", body, "application/x-ndjson")
            self.event_seconds += time.monotonic() - begin
            self.told += len(events)
            equal("duplicates", answer["duplicates"], len(events) if repeated else 0)
            equal("invalid events", answer["invalid"], 0)
        for event in events:
            self.learn(event)

    def learn(self, event):
        address = event["email"]
        if event["type"] == "bounced" and event["code"] == "452":
            self.soft.add(address)
            return
        if event["type"] == "delivered":
            self.soft.discard(address)
            return
        if event["type"] == "bounced" and event["enhanced"] == "5.7.1":
            return
        {"bounced": self.died, "complained": self.complained, "unsubscribed": self.left}[event["type"]].add(address)
        self.soft.discard(address)
        self.suppressed.add(address)

    def run(self, addresses):
        size = max(1, min(10_000, len(addresses) // BATCHES))
        batches = [addresses[i:i + size] for i in range(0, len(addresses), size)]
        waiting = []  # came back, and is told while the next batch goes out
        for number in range(len(batches) + 1):
            answers = []
            if number < len(batches):
                answers += self.send("first", batches[number])
            if waiting:
                self.tell(waiting)
            if number > 0:
                answers += self.send("second", batches[number - 1])
            waiting = answers
        self.tell(waiting)


def main():
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    print("rows %d, seed %d" % (rows, seed))
    recipients = Recipients(rows, seed)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(os.path.abspath(sys.argv[1]), folder)
        try:
            tell_story(server, recipients, seed)
        finally:
            server.stop()


def tell_story(server, recipients, seed):
    for account in ("acme", "globex"):
        server.ask("POST", "/v1/accounts", {"account": account, "name": account})
    # acme's own mail system is trusted to know who is dead.
    server.ask("PATCH", "/v1/accounts/acme", {"policies": {"trusted_bounces": True}})
    suppress(server, "/v1/platform", recipients.dead, "hard_bounce")
    suppress(server, "/v1/accounts/acme", recipients.complained, "complaint")
    suppress(server, "/v1/accounts/acme", recipients.left, "unsubscribe")

    job, report = import_file(server, "acme", recipients)
    check_report(server, job, report, recipients,
                 {("platform", "hard_bounce"): recipients.dead, ("account", "complaint"): recipients.complained,
                  ("account", "unsubscribe"): recipients.left})
    campaign = Campaign(server, recipients, seed)
    check_counts(server, "acme", recipients, campaign.suppressed, recipients.left, set())

    clean = [address for address in recipients.addresses if address not in campaign.suppressed]
    campaign.run(clean)
    check_counts(server, "acme", recipients, campaign.suppressed, recipients.left | campaign.left, campaign.soft)
    print("acme     checked %d, %.0f a second; sent %d, left out %d; %d events, %.0f a second"
          % (campaign.checked, campaign.checked / campaign.check_seconds, campaign.sent, campaign.left_out,
             campaign.told, campaign.told / campaign.event_seconds))
    print("         of them died %d, complained %d, left %d; %d bounced softly"
          % (len(campaign.died), len(campaign.complained), len(campaign.left), len(campaign.soft)))

    job, report = import_file(server, "globex", recipients)
    dead = recipients.dead | campaign.died
    check_report(server, job, report, recipients, {("platform", "hard_bounce"): dead})
    check_counts(server, "globex", recipients, dead, set(), set())
    print("all as the model says")


main()
