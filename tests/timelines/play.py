#!/usr/bin/python3
"""Plays a table of situations on the real programs, and prints it again with
what came of each in the place of what the table expects.

usage: play.py TABLE	(in a site of its own, $SITE and $OMNI_CONF)

The head of a table has the lines

	# whatever explains it
	| a line of the configuration
	begin Mon 23 Nov 2026 09:00		when the calendar is first read
	outage Mon 23 Nov 19:00 to Tue 24 Nov 11:00	cron does not run
	option SECTION.KEY=VALUE		of omni-run
	holiday 12-25 Navidad

and then for each situation

	== its name
	   given TYPE DAY TIME; option; option ...
	   DAY TIME  > what somebody does
	   DAY TIME  what omni does

An option of a given is "no email", "no phone", "own whatsapp", "contact NAME",
"pet NAME", "zone ZONE", "known DAY TIME" (when it is first in the calendar) or
"set KEY=VALUE ..." of omni-contact.  Of two givens the second has a pet of its
own, and what concerns it ends in "[PET]".  Without a zone times are those of
the site; with one they have its abbreviation, as clocks show them there.

What somebody does, the pet before it if it is not the first:

	sms TEXT, whatsapp TEXT, mail TEXT	they write
	taps confirm r2		the button below a WhatsApp of that revision
	moved to DAY TIME, cancelled, confirmed, done	in the calendar
	refuses CHANNEL, takes CHANNEL	what its provider says from now on
	told CHANNEL delivered|read|failed	of the last message there
	presses KEY		in the last call
	opt-out SCOPE, opt-in SCOPE	by staff
	set KEY=VALUE ...	of the contact
	merged into NAME, forgotten
	held, released		what is queued, by staff

What omni does is taken from the ledger after each run: messages with what
became of them, steps that were left out, flags, and how the reminder ended.
Cron runs whenever the ledger has something to do, and a minute later if it has
not done all.
"""
import datetime
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import zoneinfo

SITE_ZONE = "America/Mexico_City"
UTC = datetime.timezone.utc
DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d [A-Z][a-z][a-z]"
TIME = DAY + r" \d\d:\d\d(?: [A-Z]{3,4})?"
# What a provider says of such a recipient, at once.
REFUSALS = {"email": 550, "sms": 21211, "whatsapp": 131008, "voice": 21211}


def fail(text):
    sys.exit("play.py: " + text)


class Clock:
    """Times as the table writes them: the year is that of its beginning."""

    def __init__(self, begin):
        found = re.fullmatch(r"\w+ \d+ \w+ (\d{4}) \d\d:\d\d", begin)
        self.year = int(found.group(1))
        self.start = None
        self.start = self.parse(begin.replace(" %d" % self.year, ""), None)

    def local(self, text):
        """Without a zone: the day and the hour of a clock on the wall."""
        words = text.split()
        for year in (self.year, self.year + 1):
            t = datetime.datetime.strptime(
                "%s %s %d %s" % (words[1], words[2], year, words[3]),
                "%d %b %Y %H:%M")
            if t.strftime("%a") == words[0]:
                return t
        fail("%s: not a %s" % (text, words[0]))

    def parse(self, text, zone):
        words = text.split()
        wall = self.local(text)
        for fold in (0, 1):
            t = wall.replace(tzinfo=zoneinfo.ZoneInfo(zone or SITE_ZONE),
                             fold=fold)
            if len(words) < 5 or t.strftime("%Z") == words[4]:
                return t.astimezone(UTC)
        fail("%s: no such time in %s" % (text, zone))

    def show(self, t, zone):
        return t.astimezone(zoneinfo.ZoneInfo(zone or SITE_ZONE)).strftime(
            "%a %d %b %H:%M" + (" %Z" if zone else ""))


class Given:
    def __init__(self, situation, text):
        first, *options = [part.strip() for part in text.split(";")]
        self.type, self.event = first.split(" ", 1)
        self.number = len(situation.givens)
        self.id = "s%02d%s" % (situation.number, "abc"[self.number])
        self.contact, self.pet, self.zone = "s%02d" % situation.number, \
            "Luna", None
        self.known, self.settings, self.without = None, None, []
        for option in options:
            self.take(option)
        if situation.givens and self.pet == "Luna":
            fail("%s: the second given has no pet" % situation.name)

    def take(self, option):
        word, rest = option.split(" ", 1)
        if word in ("no", "own"):
            self.without.append(option)
        elif word == "contact":
            self.contact += "-" + rest
        elif word == "set":
            self.settings = rest.split()
        elif word in ("pet", "zone", "known"):
            setattr(self, word, rest)
        else:
            fail("given: %s?" % option)


class Situation:
    def __init__(self, number, name):
        self.number, self.name = number, name
        self.givens, self.acts, self.out = [], [], []

    @property
    def zone(self):
        return self.givens[0].zone

    def say(self, clock, now, text, given=None):
        pet = "  [%s]" % given.pet if given is not None and \
            len(self.givens) > 1 else ""
        self.out.append("   %s  %s%s" % (clock.show(now, self.zone), text,
                                         pet))


class Table:
    def __init__(self, path):
        self.head, self.settings, self.outages = [], [], []
        self.options, self.holidays = [], []
        self.situations, self.clock = [], None
        for line in open(path, encoding="utf-8"):
            self.take(line.rstrip("\n"))
        for s in self.situations:
            if not s.givens:
                fail("%s: nothing given" % s.name)
            s.acts = [(self.clock.parse(when, s.zone), text)
                      for when, text in s.acts]

    def take(self, line):
        if line.startswith("== "):
            self.situations.append(Situation(len(self.situations) + 1,
                                             line[3:]))
        elif self.situations:
            self.take_line(self.situations[-1], line.strip())
        else:
            self.take_head(line)

    def take_head(self, line):
        self.head.append(line)
        if line.startswith("|"):
            self.settings.append(line[2:])
        elif line.startswith("begin "):
            self.clock = Clock(line[6:])
        elif line.startswith("outage "):
            self.outages.append([self.clock.parse(t, None)
                                 for t in line[7:].split(" to ")])
        elif line.startswith("option "):
            self.options += ["-o", line[7:]]
        elif line.startswith("holiday "):
            self.holidays.append(line[8:])
        elif line and not line.startswith("#"):
            fail("head: %s?" % line)

    def take_line(self, situation, line):
        if line.startswith("given "):
            situation.givens.append(Given(situation, line[6:]))
            situation.out.append("   " + line)
        elif line.startswith("#"):
            situation.out.append("   " + line)
        elif line:
            found = re.fullmatch("(%s)  (.*)" % TIME, line)
            if not found:
                fail("%s: %s?" % (situation.name, line))
            if found.group(2).startswith("> "):
                situation.acts.append((found.group(1), found.group(2)[2:]))

    def print(self):
        print("\n".join(self.head).rstrip("\n"))
        for s in self.situations:
            print("\n== %s\n%s" % (s.name, "\n".join(s.out)))


class World:
    """A site, its ledger and the simulator."""

    def __init__(self, table):
        self.table, self.site = table, os.environ["SITE"]
        self.inbound = self.site + "/spool/inbound/new"
        self.ids = self.count = 0
        os.makedirs(self.inbound, exist_ok=True)
        env = dict(os.environ)
        env.pop("OMNI_NOW", None)
        self.simulator = subprocess.Popen(
            ["omni-simulator", "--callbacks", "off"], env=env,
            stdout=subprocess.PIPE, text=True)
        where = json.loads(self.simulator.stdout.readline())
        self.url, port = where["http"], where["smtp"].split(":")[1]
        self.configure(port)
        self.now = table.clock.start
        self.run("omni-ledger", "init")
        self.ledger = sqlite3.connect(
            "file:%s/spool/ledger.db?mode=ro" % self.site, uri=True,
            timeout=20)
        self.seen = {}

    def configure(self, port):
        path = os.environ["OMNI_CONF"]
        text = open(path, encoding="utf-8").read()
        for channel, name in (("email", "relay"), ("sms", "twilio"),
                              ("whatsapp", "meta")):
            text = re.sub(r"(\[channel %s\]\n(?:.+\n)*?provider = ).*" %
                          channel, r"\g<1>" + name, text)
        text = text.replace("auth_token =", "base_url = %s\nauth_token =" %
                            self.url)
        text += """
[provider relay]
kind = smtp
host = 127.0.0.1
port = %s
tls = none

[provider meta]
kind = whatsapp
phone_number_id = 106540352242922
access_token = env:TWILIO_AUTH_TOKEN
app_secret = env:TWILIO_AUTH_TOKEN
base_url = %s

%s
""" % (port, self.url, "\n".join(self.table.settings))
        if self.table.holidays:
            text = text.replace("[paths]\n", "[paths]\nholidays = holidays\n")
            with open(self.site + "/etc/holidays", "w",
                      encoding="utf-8") as f:
                f.write("\n".join(self.table.holidays) + "\n")
        open(path, "w", encoding="utf-8").write(text)

    def run(self, *command, feed=None, fine=(0,)):
        env = dict(os.environ, OMNI_NOW=self.now.strftime(
            "%Y-%m-%dT%H:%M:%SZ"))
        done = subprocess.run(command, input=feed, env=env, text=True,
                              capture_output=True)
        if done.returncode not in fine:
            fail("%s: %s: status %d\n%s" % (self.now, " ".join(command),
                                            done.returncode, done.stderr))
        return done.stdout

    def ask(self, query, *values):
        return self.ledger.execute(query, values).fetchall()

    # ------------------------------------------------ what somebody does

    def number(self, situation, which="34"):
        return "+5255551%s%02d" % ("2" + which, situation.number)

    def contact(self, situation, given):
        name = given.contact
        c = {"id": name, "name": "Ana"}
        if "no email" not in given.without:
            c["email"] = name + "@x.example"
        if "no phone" not in given.without:
            c["phone"] = self.number(situation, "34" if "-" not in name
                                     else "36")
        if "own whatsapp" in given.without:
            c["whatsapp"] = self.number(situation, "35")
        return c

    def export(self, situation, given, **more):
        row = {"id": given.id, "type": given.type,
               "at": self.table.clock.local(given.event).strftime(
                   "%Y-%m-%dT%H:%M"),
               "contact": self.contact(situation, given),
               "vars": {"owner_name": "Ana", "pet_name": given.pet,
                        "subject": "Cita", "body": "Le esperamos."}, **more}
        if given.zone:
            row["timezone"] = given.zone
            row["contact"]["timezone"] = given.zone
        self.run("omni-schedule", "-q", feed=json.dumps(row) + "\n")

    def enter(self, situation, given):
        self.export(situation, given)
        if given.settings:
            self.run("omni-contact", "-q", "set", given.contact,
                     *given.settings)

    def came_in(self, hook, body, query="", head=None):
        self.count += 1
        received = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        text = "Hook: %s\nReceived: %s\n" % (hook, received)
        text += head or "Content-Type: x\nQuery: %s\nToken: \n" % query
        with open("%s/%06d" % (self.inbound, self.count), "w",
                  encoding="utf-8") as f:
            f.write(text + "\n" + body)

    def sms(self, situation, given, text):
        self.came_in("twilio/sms", "MessageSid=SM%032d&From=%s&To=%s&Body=%s"
                     % (self.count, "%2B" + self.number(situation)[1:],
                        "%2B525587654321", text.replace(" ", "+")))

    def whatsapp(self, situation, given, text, **message):
        which = "35" if "own whatsapp" in given.without else "34"
        if text:
            message = {"type": "text", "text": {"body": text}}
        self.came_in("whatsapp", json.dumps({
            "object": "whatsapp_business_account", "entry": [{
                "id": "1", "changes": [{"field": "messages", "value": {
                    "metadata": {"phone_number_id": "106540352242922"},
                    "messages": [{
                        "id": "wamid.in%d" % self.count,
                        "from": self.number(situation, which)[1:],
                        "timestamp": "%d" % self.now.timestamp(),
                        **message}]}}]}]}))

    def taps(self, situation, given, rest):
        answer, revision = rest.split()
        self.whatsapp(situation, given, None, type="button", button={
            "payload": "%s:%s.%s" % (answer, given.id, revision),
            "text": "Sí" if answer == "confirm" else "No"})

    def mail(self, situation, given, text):
        sender = given.contact + "@x.example"
        self.came_in("mail", "From: %s\r\nTo: citas@clinic.example\r\n"
                     "Subject: Re: Recordatorio\r\nMessage-ID: <%d@x>\r\n"
                     "\r\n%s\r\n" % (sender, self.count, text),
                     head="Sender: %s\nRecipient: citas@clinic.example\n" %
                     sender)

    def moved(self, situation, given, rest):
        given.event = rest.split(" ", 1)[1]
        self.export(situation, given)

    def cancelled(self, situation, given, rest):
        self.export(situation, given, status="cancelled")

    def confirmed(self, situation, given, rest):
        self.export(situation, given, status="confirmed")

    def done(self, situation, given, rest):
        self.export(situation, given, status="done")

    def refuses(self, situation, given, channel, code=None):
        to = given.contact + "@x.example" if channel == "email" else \
            self.number(situation, "35" if channel == "whatsapp" and
                        "own whatsapp" in given.without else "34")
        answer = code or {to: REFUSALS[channel]}
        subprocess.run(["curl", "-sS", "-o", "/dev/null", "-d", json.dumps(
            {"answers": answer}), self.url + "/_control"], check=True)

    def takes(self, situation, given, channel):
        self.refuses(situation, given, channel, {
            self.number(situation): None, given.contact + "@x.example": None})

    def told(self, situation, given, rest):
        channel, status = rest.split()
        (message, number), = self.ask(
            "SELECT id, attempts FROM message WHERE reminder = ? AND "
            "channel_type = ? AND direction = 'outbound' ORDER BY rowid DESC "
            "LIMIT 1", given.id, channel)
        reference = "%s.%d" % (message, number)
        (sid,), = self.ask("SELECT provider_id FROM attempt WHERE "
                           "reference = ?", reference)
        if channel == "whatsapp":
            receipt = {"id": sid, "status": status,
                       "timestamp": "%d" % self.now.timestamp(),
                       "recipient_id": self.number(situation)[1:],
                       "biz_opaque_callback_data": reference}
            if status == "failed":
                receipt["errors"] = [{"code": 131026}]
            self.came_in("whatsapp", json.dumps({
                "object": "whatsapp_business_account", "entry": [{
                    "id": "1", "changes": [{"field": "messages", "value": {
                        "statuses": [receipt]}}]}]}))
            return
        status = {"failed": "undelivered&ErrorCode=30005"}.get(status, status)
        self.came_in("twilio/status", "MessageSid=%s&MessageStatus=%s" %
                     (sid, status), "ref=" + reference.replace("/", "%2F"))

    def presses(self, situation, given, key):
        (reference, sid), = self.ask(
            "SELECT a.reference, a.provider_id FROM attempt a JOIN message m "
            "ON m.id = a.message WHERE m.reminder = ? AND m.channel_type = "
            "'voice' ORDER BY a.rowid DESC LIMIT 1", given.id)
        self.came_in("twilio/voice", "CallSid=%s&CallStatus=in-progress&"
                     "To=%s&From=%s&Digits=%s" % (
                         sid, "%2B" + self.number(situation)[1:],
                         "%2B525587654321", key),
                     "ref=" + reference.replace("/", "%2F"))

    def consent(self, command, given, scope):
        # 1: it is refused, as only the person lifts what the person said.
        self.run("omni-contact", "-q", command, "--by", "Eva", "--how",
                 "called", "--scope", scope, given.contact, fine=(0, 1))

    def opt_out(self, situation, given, scope):
        self.consent("opt-out", given, scope)

    def opt_in(self, situation, given, scope):
        self.consent("opt-in", given, scope)

    def set(self, situation, given, rest):
        self.run("omni-contact", "-q", "set", given.contact, *rest.split())

    def merged(self, situation, given, rest):
        self.run("omni-contact", "-q", "merge", given.contact,
                 "s%02d-%s" % (situation.number, rest.split()[1]))

    def forgotten(self, situation, given, rest):
        self.run("omni-contact", "-q", "forget", given.contact)

    def held(self, situation, given, rest, command="hold", state="queued"):
        for one, in self.ask("SELECT id FROM message WHERE reminder = ? AND "
                             "state = ?", given.id, state):
            self.run("omni-queue", command, one)

    def released(self, situation, given, rest):
        self.held(situation, given, rest, "release", "held")

    def act(self, situation, text):
        given, words = situation.givens[0], text
        for g in situation.givens:
            if words.startswith(g.pet + " "):
                given, words = g, words[len(g.pet) + 1:]
        verb, _, rest = words.partition(" ")
        does = getattr(self, verb.replace("-", "_"), None)
        if does is None:
            fail("%s: %s?" % (situation.name, text))
        situation.say(self.table.clock, self.now, "> " + text)
        does(situation, given, rest)

    # ------------------------------------------------------- what omni does

    def news(self, key, text):
        """True when this is not as it was the last time."""
        if self.seen.get(key) == text:
            return False
        self.seen[key] = text
        return True

    def show_reminder(self, s, given):
        for state, in self.ask("SELECT state FROM reminder WHERE id = ?",
                               given.id):
            first = ("reminder", given.id) not in self.seen
            if self.news(("reminder", given.id), state) and not (
                    first and state == "open"):
                s.say(self.table.clock, self.now, "= " + state, given)

    def show_messages(self, s, given):
        now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        for one, channel, template, state, reason, due, late in self.ask(
                "SELECT id, coalesce(channel_type, '?'), template, state, "
                "reason, due_at, due_at > ? FROM message WHERE reminder = ? "
                "AND direction = 'outbound' ORDER BY rowid", now, given.id):
            if state == "queued":
                due = datetime.datetime.fromisoformat(due[:-1] + "+00:00")
                state = "waits until " + self.table.clock.show(due, s.zone) \
                    if late else "queued"
            if reason and state not in ("sent", "expired"):
                state += " (%s)" % reason
            if self.news(("message", one), state):
                s.say(self.table.clock, self.now, "%-8s  %s  %s" % (
                    channel, template, state), given)

    def show_steps(self, s, given):
        for revision, step, reason in self.ask(
                "SELECT revision, step, reason FROM reminder_step WHERE "
                "reminder = ? AND state = 'skipped' ORDER BY revision, step",
                given.id):
            if self.news(("step", given.id, revision, step), reason):
                s.say(self.table.clock, self.now, "-         step %d  "
                      "skipped (%s)" % (step, reason), given)

    def show_flags(self, s, given):
        for number, kind, end in self.ask(
                "SELECT id, kind, resolved_by FROM flag WHERE reminder = ?1 "
                "OR reminder IS NULL AND contact = ?2 AND ?3 ORDER BY id",
                given.id, given.contact, given.number == 0):
            if self.news(("flag", number), kind + str(end)):
                s.say(self.table.clock, self.now, "staff     %s%s" % (
                    kind, "  resolved (%s)" % end if end else ""), given)

    def show(self):
        for s in self.table.situations:
            for given in s.givens:
                self.show_reminder(s, given)
                self.show_messages(s, given)
                self.show_steps(s, given)
                self.show_flags(s, given)

    # ------------------------------------------------------------- the time

    def next_time(self):
        now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.ask("SELECT 1 FROM reminder WHERE next_due_at <= ? LIMIT 1",
                    now) and not self.in_outage(self.now):
            return self.now + datetime.timedelta(minutes=1)
        (text,), = self.ask("""SELECT min(t) FROM (
            SELECT next_due_at AS t FROM reminder
            UNION ALL SELECT due_at FROM message WHERE state = 'queued'
            UNION ALL SELECT expires_at FROM message
            WHERE state IN ('queued', 'held')) WHERE t > ?""", now)
        times = [t for s in self.table.situations for t, _ in s.acts]
        times += [self.known(s, g) for s in self.table.situations
                  for g in s.givens]
        if text is not None:
            due = datetime.datetime.fromisoformat(text[:-1] + "+00:00")
            for start, end in self.table.outages:
                due = end if start <= due < end else due
            times.append(due)
        times += [end for _, end in self.table.outages]
        return min((t for t in times if t > self.now), default=None)

    def known(self, situation, given):
        return self.table.clock.parse(given.known, situation.zone) \
            if given.known else self.table.clock.start

    def in_outage(self, t):
        return any(start <= t < end for start, end in self.table.outages)

    def tick(self):
        for s in self.table.situations:
            for g in s.givens:
                if self.known(s, g) == self.now:
                    self.enter(s, g)
        for s in self.table.situations:
            for t, text in s.acts:
                if t == self.now:
                    self.act(s, text)
        if self.in_outage(self.now):
            return
        self.run("omni-run", *self.table.options, fine=(0, 1))
        self.show()

    def play(self):
        for _ in range(2000):
            self.tick()
            then = self.next_time()
            if then is None:
                return
            self.now = then
        fail("it does not end")


def main():
    table = Table(sys.argv[1])
    # So that the simulator is ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    world = World(table)
    try:
        world.play()
        world.run("omni-ledger", "verify", "-q")
    finally:
        world.simulator.terminate()
        world.simulator.wait()
    table.print()


main()
