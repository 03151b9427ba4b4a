#!/usr/bin/env python3
"""Holds answers of a running suppressd against the schemas that it serves under /openapi.json.

usage: openapi.py SUPPRESSD

Starts the server on a port of its own with an empty data directory, calls every operation that answers
JSON, in success and in failure, and validates answers, examples and request bodies with jsonschema. Ends
with 1 when an answer, an example or the coverage of operations is wrong.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import jsonschema


class Server:
    def __init__(self, program, folder):
        self.port_file = os.path.join(folder, "port")
        self.data = os.path.join(folder, "data")
        self.process = subprocess.Popen(
            [program, "--data-dir", self.data, "--listen", "127.0.0.1:0", "--port-file", self.port_file, "--log-level",
             "error"])
        self.wait(lambda: os.path.exists(self.port_file))
        self.base = "http://127.0.0.1:" + open(self.port_file).read().strip()
        self.key = None
        self.wait(lambda: self.call("GET", "/readyz")[0] == 200)
        self.key = open(os.path.join(self.data, "admin.key")).read().strip()

    def wait(self, condition):
        while not condition():
            if self.process.poll() is not None:
                sys.exit("the server ended early")
            time.sleep(0.01)

    def call(self, method, target, body=None, kind="application/json", key=None, accept=None):
        """Status, media type and body of the answer."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + target, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", kind)
        if accept:
            request.add_header("Accept", accept)
        if key or self.key:
            request.add_header("Authorization", "Bearer " + (key or self.key))
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, answer.headers.get_content_type(), answer.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Document:
    def __init__(self, document):
        self.document = document
        self.used = set()
        self.failures = []

    def validate(self, what, schema, value):
        # References point into the document, so the schema carries its components.
        whole = {**schema, "components": self.document["components"]}
        validator = jsonschema.Draft202012Validator(whole)
        for error in validator.iter_errors(value):
            self.failures.append("%s: %s at %s" % (what, error.message, list(error.absolute_path)))

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"][2:].split("/"):
                target = target[part]
            node = target
        return node

    def operations(self):
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    yield method.upper() + " " + path, operation

    def answer(self, name, status, kind, body):
        """An answer of the operation against what its status and media type promise."""
        operation = dict(self.operations())[name]
        responses = operation["responses"]
        described = self.resolve(responses.get(str(status), responses["default"]))
        what = "%s -> %d" % (name, status)
        if kind not in described.get("content", {}):
            self.failures.append("%s: %s is not described" % (what, kind))
            return
        if kind.endswith("json") and kind != "application/x-ndjson":
            self.validate(what, described["content"][kind]["schema"], json.loads(body))
        if status < 300:
            self.used.add(name)

    def examples(self):
        for name, operation in self.operations():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [self.resolve(r).get("content", {}) for r in operation["responses"].values()]
            for content in contents:
                for kind, media in content.items():
                    if "example" in media:
                        self.validate("%s example %s" % (name, kind), media["schema"], media["example"])


def calls():
    """Name of the operation, target, body, media type: in an order in which each has something to show."""
    account = "/v1/accounts/{account}"
    entry = account + "/suppressions/{channel}/{address}"
    mine, one = "/v1/accounts/acme", "/v1/accounts/acme/suppressions/email/a%40example.com"
    platform = "/v1/platform/suppressions"
    text, rows = "text/plain", "application/x-ndjson"
    yield "POST /v1/accounts", "/v1/accounts", {"account": "acme", "name": "Acme Ltd", "default_region": "UA"}
    yield "POST /v1/accounts", "/v1/accounts", {"account": "acme"}
    yield "POST /v1/accounts", "/v1/accounts", {"account": "No!", "color": 1}
    yield "POST /v1/accounts", "/v1/accounts", "{"
    yield "GET /v1/accounts", "/v1/accounts?limit=1"
    yield "GET /v1/accounts", "/v1/accounts?limit=0"
    yield "GET " + account, mine
    yield "GET " + account, "/v1/accounts/nobody"
    yield "PATCH " + account, mine, {"default_region": None}
    yield "POST /v1/keys", "/v1/keys", {"role": "owner", "account": "acme", "name": "test"}
    yield "POST /v1/keys", "/v1/keys", {"role": "captain"}
    yield "GET /v1/keys", "/v1/keys"
    yield "DELETE /v1/keys/{id}", "/v1/keys/k_none"
    add = "POST " + account + "/suppressions"
    yield add, mine + "/suppressions", {"address": "a@example.com", "reason": "manual", "evidence": "asked"}
    yield add, mine + "/suppressions", {"suppressions": [{"address": "b@example.com", "reason": "unsubscribe"},
                                                         {"address": "nobody", "reason": "legal"}]}
    yield add, mine + "/suppressions", '{"address":"c@example.com","reason":"complaint"}\nnonsense\n', rows
    yield add, mine + "/suppressions?reason=hard_bounce", "d@example.com\n+380441234567\n", text
    yield add, mine + "/suppressions", "d@example.com\n", "image/png"
    yield "GET " + account + "/suppressions", mine + "/suppressions?limit=2"
    yield "GET " + account + "/suppressions", mine + "/suppressions?cursor=nonsense"
    yield "PUT " + entry + "/exemption", one + "/exemption", {"note": "The owner confirmed it."}
    yield "GET " + entry, one
    yield "GET " + entry, mine + "/suppressions/email/nobody%40example.com"
    yield "DELETE " + entry + "/exemption", one + "/exemption"
    yield "POST " + platform, platform, {"address": "dead@example.com", "reason": "hard_bounce"}
    yield "GET " + platform, platform
    yield "GET " + platform + "/{channel}/{address}", platform + "/email/dead%40example.com"
    check = "POST " + account + "/check"
    yield check, mine + "/check", {"addresses": ["a@example.com", "dead@example.com", "nobody", "x@example.com"]}
    yield check, mine + "/check?detail=full", {"emails": ["a@example.com"], "phones": ["+380441234567", "1"]}
    yield check, mine + "/check", '"a@example.com"\n', rows
    yield check, mine + "/check?column=email", "email\na@example.com\n", "text/csv"
    yield check, mine + "/check?purpose=none", "a@example.com\n", text
    yield check, mine + "/check", {"addresses": "a@example.com"}
    explain = "GET " + account + "/explain"
    for address in ("a@example.com", "dead@example.com", "nobody", "x@example.com"):
        yield explain, mine + "/explain?address=" + address
    yield explain, mine + "/explain"
    yield "DELETE " + entry, one
    yield "DELETE " + entry, one
    yield "DELETE " + platform + "/{channel}/{address}", platform + "/email/dead%40example.com"
    for feed in ("/v1/changes", mine + "/changes"):
        for query in ("", "?after=3&limit=2", "?after=999999", "?wait=61"):
            yield "GET " + feed.replace("acme", "{account}"), feed + query
    for path in ("/livez", "/readyz", "/metrics", "/version", "/openapi.json"):
        yield "GET " + path, path


def moderation_calls():
    """Requests and their decisions, events, counts: after an account acme is there."""
    account, mine = "/v1/accounts/{account}", "/v1/accounts/acme"
    requests, one = account + "/requests", account + "/requests/{id}"
    ours = mine + "/requests"
    yield "POST " + requests, ours, {"kind": "blacklist", "addresses": ["r@example.com", "s@example.com"]}
    yield "POST " + requests, ours, {"kind": "reactivate", "addresses": ["r@example.com"], "statement": "It exists."}
    yield "POST " + requests, ours, {"kind": "reactivate", "addresses": ["nobody"], "color": 1}
    yield "POST " + requests, ours, {"kind": "blacklist", "contacts": ["c999"]}
    yield "POST " + requests, ours, {"kind": "blacklist", "segment": "s999"}
    yield "GET " + requests, ours + "?state=open&limit=1"
    yield "GET " + requests, ours + "?state=new"
    yield "GET /v1/requests", "/v1/requests?account=acme"
    yield "GET /v1/requests", "/v1/requests?kind=none"
    yield "GET " + one, ours + "/r1"
    yield "GET " + one, ours + "/r99"
    yield "POST " + one + "/approve", ours + "/r1/approve", {"only": [7]}
    yield "POST " + one + "/approve", ours + "/r1/approve", {"only": [0], "note": "One of two."}
    yield "POST " + one + "/approve", ours + "/r1/approve", {}
    yield "POST " + one + "/reject", ours + "/r2/reject", {}
    yield "POST " + one + "/reject", ours + "/r2/reject", {"note": "No."}
    yield "GET " + one, ours + "/r1?limit=1&offset=1"
    events = "POST " + account + "/events"
    yield events, mine + "/events", [{"type": "sent", "email": "e@example.com"}, {"type": "sent"}]
    yield events, mine + "/events", {"events": [{"type": "bounced", "bounce": "hard", "address": "e@example.com"}]}
    yield events, mine + "/events", '{"type":"opened","email":"e@example.com"}\nnonsense\n', "application/x-ndjson"
    yield events, mine + "/events", {"events": 1}
    yield events, mine + "/events", [{"type": "bounced", "email": "e@example.com", "code": 552, "text": "mailbox full", "event_id": "e1"}]
    policies = account + "/policies"
    yield "PATCH " + account, mine, {"policies": {"soft_bounces": {"limit": 3}, "expire_after_days": {"hard_bounce": 365}}}
    yield "PATCH " + account, mine, {"policies": {"expire_after_days": {"legal": 1}}}
    yield "GET " + account, mine
    yield "POST " + policies + "/simulate", mine + "/policies/simulate", {"policies": {"soft_bounces": {"limit": 1}}}
    yield "POST " + policies + "/simulate", mine + "/policies/simulate", {"days": 0}
    yield "POST " + policies + "/expire", mine + "/policies/expire"
    yield "POST /v1/classify", "/v1/classify", {"replies": [{"text": "550 5.1.1 no such user"}, {"code": 451}]}
    yield "POST /v1/classify", "/v1/classify", {"code": "55"}
    yield "GET " + account + "/counts", mine + "/counts"
    yield "GET " + account + "/counts", mine + "/counts?color=red"
    yield "GET " + account + "/analytics", mine + "/analytics?channel=email&inactive_days=30"
    yield "GET " + account + "/analytics", mine + "/analytics?inactive_days=0"
    for query in ("?by=reason", "?by=domain&sort=value", "?by=color", "?by=day&sort=value&cursor=nonsense"):
        yield "GET " + account + "/causes", mine + "/causes" + query


def contact_calls():
    """Contacts one by one; the account is there, and more is known of its addresses by now."""
    contacts = "/v1/accounts/acme/contacts"
    every, one = "/v1/accounts/{account}/contacts", "/v1/accounts/{account}/contacts/{id}"
    add, rows = "POST " + every, "application/x-ndjson"
    mine = {"email": "card@example.com", "phone": "0507654321", "fields": {"city": "Kyiv"}}
    yield "POST /v1/platform/suppressions", "/v1/platform/suppressions", {"address": "card@example.com", "reason": "hard_bounce"}
    yield add, contacts, mine
    yield add, contacts + "?source=import", {"contacts": [{"email": "x"}, mine, {"email": "list@example.com"}]}
    yield add, contacts, '{"email":"lines@example.com"}\nnonsense\n', rows
    yield add, contacts, "card@example.com", "text/plain"
    yield add, contacts + "?segment=s999999", mine
    for query in ("?prefix=card@", "?state=blacklisted&sort=time", "?channel=phone&limit=1", "?reason=nonsense", "?cursor=x"):
        yield "GET " + every, contacts + query
    yield "GET " + one, contacts + "/c1"
    yield "GET " + one, contacts + "/nonsense"
    yield "PATCH " + one, contacts + "/c1", {"fields": {"city": None}}
    yield "PATCH " + one, contacts + "/c1", {"email": 1}
    yield "DELETE " + one, contacts + "/c1?channel=email&reason=asked"
    yield "DELETE " + one, contacts + "/c1?channel=fax"
    yield "GET " + one, contacts + "/c1"
    yield "POST " + one + "/restore", contacts + "/c1/restore", {"channel": "email"}
    yield "POST " + one + "/restore", contacts + "/c999999/restore"
    yield "GET " + one + "/activity", contacts + "/c1/activity?limit=3"
    yield "GET " + one + "/activity", contacts + "/c999999/activity"
    for feed in ("/v1/changes", "/v1/accounts/acme/changes"):
        yield "GET " + feed.replace("acme", "{account}"), feed + "?limit=1000"


def bulk_calls():
    """Jobs, segments, exports, in an account of their own."""
    account, mine = "/v1/accounts/{account}", "/v1/accounts/bulk"
    yield "POST /v1/accounts", "/v1/accounts", {"account": "bulk"}
    yield "POST " + account + "/contacts", mine + "/contacts", {"contacts": [
        {"email": "bulk%d@example.com" % i, "phone": "+38044777000%d" % i, "fields": {"city": "Kyiv"}} for i in range(4)]}
    segments = account + "/segments"
    yield "POST " + segments, mine + "/segments", {"name": "winter"}
    yield "POST " + segments, mine + "/segments", {"name": "winter"}
    yield "POST " + segments, mine + "/segments", {"name": ""}
    yield "GET " + segments, mine + "/segments?limit=1"
    yield "GET " + segments + "/{id}", mine + "/segments/s1"
    yield "GET " + segments + "/{id}", mine + "/segments/s99"
    yield "PATCH " + segments + "/{id}", mine + "/segments/s1", {"name": "frost"}
    yield "POST " + segments + "/{id}/contacts", mine + "/segments/s1/contacts", {"ids": ["c1", "c2", "c99"]}
    yield "GET " + segments + "/{id}/contacts", mine + "/segments/s1/contacts"
    yield "DELETE " + segments + "/{id}/contacts", mine + "/segments/s1/contacts", {"ids": ["c1"]}
    yield "DELETE " + segments + "/{id}", mine + "/segments/s1?confirm=winter"
    yield "POST " + account + "/exports", mine + "/exports", {"filter": {"prefix": "bulk"}, "new_segment": "all"}
    yield "POST " + account + "/exports", mine + "/exports", {"filter": {"prefix": "zz"}, "new_segment": "none"}
    yield "GET " + account + "/exports", mine + "/exports?columns=all&for=spreadsheet"
    yield "GET " + account + "/exports", mine + "/exports?gzip=true"
    yield "GET " + account + "/exports", mine + "/exports?format=xml"
    yield "DELETE " + segments + "/{id}", mine + "/segments/s1?confirm=frost"
    delete, restore = "POST " + account + "/delete-contacts", "POST " + account + "/restore-contacts"
    yield delete, mine + "/delete-contacts", {"ids": ["c1", "c99"], "channel": "email", "reason": "test"}
    yield restore, mine + "/restore-contacts", {"ids": ["c1"]}
    yield delete, mine + "/delete-contacts", {"filter": {"prefix": "bulk"}, "shown_at": 1, "expected": 3}
    yield delete, mine + "/delete-contacts", {"ids": "c1"}
    yield restore, mine + "/restore-contacts", {"job": "j99"}
    yield "POST " + account + "/counts/recalculate", mine + "/counts/recalculate"
    yield "GET " + account + "/jobs", mine + "/jobs?limit=2"
    yield "GET " + account + "/jobs/{id}", mine + "/jobs/j1"
    yield "GET " + account + "/jobs/{id}", mine + "/jobs/j99"
    yield "POST " + account + "/contacts/{id}/erase", mine + "/contacts/c2/erase", {"confirm": "c1"}
    yield "POST " + account + "/contacts/{id}/erase", mine + "/contacts/c2/erase", {"confirm": "c2"}


def import_calls(server):
    """Imports, in an account of their own; what follows on an import waits until it stands."""
    account, mine = "/v1/accounts/{account}/imports", "/v1/accounts/files/imports"
    one, text = account + "/{id}", "text/csv"

    def stands(number, *states):
        server.wait(lambda: json.loads(server.call("GET", "%s/j%d" % (mine, number))[2])["state"] in states)

    yield "POST /v1/accounts", "/v1/accounts", {"account": "files"}
    yield "POST " + account, mine, "email,city\na@example.com,Kyiv\nnobody,Lviv\na@example.com,Kyiv\n", text
    stands(1, "done")
    yield "POST " + account, mine + "?mode=dry_run", '{"email":"a@example.com"}\n', "application/x-ndjson"
    yield "POST " + account, mine + "?mode=none", "email\n", text
    yield "POST " + account, mine, "name\nAnn\n", text
    stands(2, "done")
    yield "GET " + account, mine + "?limit=2"
    yield "GET " + account, mine + "?limit=0"
    yield "GET " + one, mine + "/j1"
    yield "GET " + one, mine + "/j2"
    yield "GET " + one, mine + "/j3"
    yield "GET " + one, mine + "/j99"
    yield "GET " + one + "/progress", mine + "/j1/progress"
    yield "GET " + one + "/rows", mine + "/j1/rows?class=invalid"
    yield "GET " + one + "/rows", mine + "/j1/rows?class=none"
    yield "GET " + one + "/clean", mine + "/j1/clean"
    yield "POST " + one + "/cancel", mine + "/j1/cancel"
    yield "PATCH " + one + "/upload", mine + "/j1/upload", "email\n", text
    yield "POST " + account, mine + "?mode=suppress&reason=legal", "email\na@example.com\nb@example.com\n", text
    stands(4, "paused")
    yield "GET " + one, mine + "/j4"
    yield "POST " + one + "/confirm", mine + "/j4/confirm", {"rows": 1}
    yield "POST " + one + "/pause", mine + "/j4/pause"
    yield "POST " + one + "/resume", mine + "/j4/resume"
    stands(4, "paused")
    yield "POST " + one + "/confirm", mine + "/j4/confirm", {"rows": 2}
    stands(4, "done")
    yield "DELETE " + one, mine + "/j4"
    yield "DELETE " + one, mine + "/j4"


def upload_in_parts(server, document):
    """An upload whose end comes later, and one that is given up."""
    mine, account = "/v1/accounts/files/imports", "/v1/accounts/{account}/imports"

    def send(name, target, body, **fields):
        request = urllib.request.Request(server.base + target, data=body.encode(), method=name.split()[0])
        for field, value in {"Authorization": "Bearer " + server.key, "Content-Type": "text/csv", **fields}.items():
            request.add_header(field, value)
        answer = urllib.request.urlopen(request)
        content = answer.read()
        document.answer(name, answer.status, answer.headers.get_content_type(), content)
        return json.loads(content)["import"]["id"]

    for end in ("upload", "cancel"):
        made = send("POST " + account, mine, "email\n", **{"Upload-Complete": "?0"})
        if end == "upload":
            send("PATCH " + account + "/{id}/upload", mine + "/" + made + "/upload", "c@example.com\n", **{"Upload-Offset": "6"})
        else:
            send("POST " + account + "/{id}/cancel", mine + "/" + made + "/cancel", "")
    document.answer("GET " + account + "/{id}/progress",
                    *server.call("GET", mine + "/" + made + "/progress", accept="text/event-stream"))


def call_webhooks(server, document):
    """Settings of webhooks, a delivery whose sender is proven by a token, and a one-click unsubscribe."""
    mine, account = "/v1/accounts/acme/webhooks", "/v1/accounts/{account}"
    one, secret = account + "/webhooks/{provider}", "a secret for the test"

    def call(name, target, *body, **more):
        answer = server.call(name.split()[0], target, *body, **more)
        document.answer(name, *answer)
        return answer[2]

    call("PUT " + one, mine + "/postmark", {"secret": secret, "feeds_platform": False})
    call("PUT " + one, mine + "/dsn", {"user": "postfix"})
    call("PUT " + one, mine + "/ses", {"topics": ["arn:aws:sns:eu-west-1:123456789012:bounces"]})
    call("GET " + one, mine + "/postmark")
    call("GET " + one, mine + "/ses")
    call("GET " + one, mine + "/arf")
    call("GET " + account + "/webhooks", mine)
    bounce = {"RecordType": "Bounce", "ID": 1, "TypeCode": 1, "Email": "dead@example.com", "BouncedAt": "2026-03-01T09:30:00Z"}
    call("POST " + one, mine + "/postmark", bounce, key=secret)
    call("POST " + one, mine + "/postmark", bounce, key="another secret for it")
    call("POST " + one, mine + "/sendgrid", [])
    call("DELETE " + one, mine + "/postmark")
    call("DELETE " + one, mine + "/postmark")
    mint = "POST " + account + "/unsubscribe-tokens"
    made = json.loads(call(mint, "/v1/accounts/acme/unsubscribe-tokens", {"addresses": ["a@example.com", "b"], "list": "news"}))
    call(mint, "/v1/accounts/acme/unsubscribe-tokens", {})
    path = made["tokens"][0]["path"]
    call("GET /u/{token}", path)
    call("GET /u/{token}", "/u/none")
    form = "application/x-www-form-urlencoded"
    call("POST /u/{token}", path, "List-Unsubscribe=One-Click", form)
    call("POST /u/{token}", path, "List-Unsubscribe=One-Click", form, accept="text/html")
    call("POST /u/{token}", path, "Nonsense", form)
    changes = "GET /v1/accounts/{account}/changes"
    call(changes, "/v1/accounts/acme/changes?after=0&limit=1000")


def control_jobs(server, document):
    """Pausing, resuming and cancelling: as long as a job is under way, so one is made for each try."""
    mine, job = "/v1/accounts/bulk", "/v1/accounts/{account}/jobs/{id}/"
    for verbs in (("pause", "resume"), ("pause", "cancel")):
        answered = False
        while not answered:
            made = json.loads(server.call("POST", mine + "/counts/recalculate")[2])["job"]["id"]
            for verb in verbs:
                status, kind, body = server.call("POST", "%s/jobs/%s/%s" % (mine, made, verb))
                document.answer("POST " + job + verb, status, kind, body)
                answered = status == 200
                if not answered:
                    break


def main():
    with tempfile.TemporaryDirectory(prefix="suppressd-openapi-") as folder:
        server = Server(sys.argv[1], folder)
        try:
            document = Document(json.loads(server.call("GET", "/openapi.json")[2]))
            document.examples()
            for name, target, *body in itertools.chain(calls(), moderation_calls(), contact_calls(), bulk_calls(),
                                                       import_calls(server)):
                document.answer(name, *server.call(name.split()[0], target, *body))
            control_jobs(server, document)
            upload_in_parts(server, document)
            call_webhooks(server, document)
            for accept in ("application/x-ndjson", "text/plain", "application/octet-stream"):
                document.answer("POST /v1/accounts/{account}/check", *server.call(
                    "POST", "/v1/accounts/acme/check", {"addresses": ["a@example.com"]}, accept=accept))
            status, kind, body = server.call("POST", "/v1/keys", {"role": "support"})
            document.answer("POST /v1/keys", status, kind, body)
            made = json.loads(body)
            document.answer("DELETE /v1/keys/{id}", *server.call("DELETE", "/v1/keys/" + made["id"]))
            document.answer("GET /v1/keys", *server.call("GET", "/v1/keys", key=made["key"]))
            document.answer("GET /v1/accounts", *server.call("GET", "/v1/accounts", key="sup_none"))
        finally:
            server.stop()
    for name, _ in document.operations():
        if name not in document.used:
            document.failures.append(name + ": never answered in success")
    for failure in document.failures:
        print(failure)
    print("%d operations, %d failures" % (len(document.used), len(document.failures)))
    sys.exit(1 if document.failures or not document.used else 0)


main()
