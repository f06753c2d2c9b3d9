"""A site with random ladders and runs, for tests/escalate-random: its
configuration, its programs, and what comes in from outside."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from datetime import date, datetime, timezone
from random import Random
from urllib.parse import urlencode

from escalate_model import Rules, Step, instant

RUNS = 34
LADDERS = 10
ZONES = ['America/Mexico_City', 'America/Tijuana', 'Europe/Madrid',
         'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe',
         'America/Cancun', 'America/Mexico_City']
# Around changes of the clock, holidays, and an ordinary week.
STARTS = [date(2026, 3, 6), date(2026, 10, 23), date(2026, 10, 30),
          date(2026, 12, 22), date(2026, 4, 3), date(2026, 6, 10)]
HOLIDAYS = ['12-24', '12-25', '01-01', '10-26', '03-09', '06-11']
CHANNELS = ['email', 'sms', 'whatsapp', 'voice']
GAPS = [6, 15, 30, 45, 60, 60, 60, 90, 120, 180, 300, 540, 900, 1800]
CODES = {'sms': {'refused': '30007', 'address': '30005', 'optout': '21610'},
         'whatsapp': {'refused': '132000', 'address': '131026'}}
CONF = '''[paths]
ledger = ledger.db
spool = spool
templates = %(root)s/share/templates
phonenumber = %(root)s/bin/phonenumber
holidays = holidays
[site]
name = Clinica
timezone = %(zone)s
language = es
region = MX
currency = MXN
[channel email]
type = email
provider = mta
from = citas@clinic.example
per_hour = 0
per_day = 0
[channel sms]
type = sms
provider = console
max_segments = 0
per_hour = 0
per_day = 0
[channel whatsapp]
type = whatsapp
provider = console
per_hour = 0
per_day = 0
[channel voice]
type = voice
provider = console
per_hour = 0
per_day = 0
[provider console]
kind = console
path = console.txt
[provider mta]
kind = sendmail
path = mta
[class slow]
channels = voice whatsapp email
quiet = yes
holidays = hold
[quiet]
start = %(start)s
end = %(end)s
[open]
%(hours)s
[clock]
max_gap = 0s
'''
DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday',
        'sunday']
# Fails for the addresses that are named in the directory.
MTA = '''#!/bin/sh
for to; do :; done
[ -e "%(home)s/fail/$to" ] && exit "$(cat "%(home)s/fail/$to")"
exit 0
'''


def iso(t):
    return datetime.fromtimestamp(t, timezone.utc).strftime(
        '%Y-%m-%dT%H:%M:%SZ')


def random_step(r, number, first, backs):
    channel = r.choice(CHANNELS + ['sms', 'whatsapp', 'preferred',
                                   'preferred'])
    condition = r.choice(['unconfirmed'] * 6 + ['undelivered', 'unread',
                                                'always'])
    kind = r.choice(['back', 'back', 'after', 'after', 'clock', 'next'])
    is_open = r.random() < .2
    if first:
        kind = r.choice(['back', 'back', 'clock'])
        condition = 'unconfirmed'
    if kind == 'back':
        amount = backs.pop(0) if backs else 30
        return Step(number, kind, amount * 60, is_open, None, channel,
                    condition)
    if kind == 'after':
        return Step(number, kind, 60 * r.choice([30, 60, 120, 240, 600]),
                    is_open, None, channel, condition)
    days = r.choice([1, 2, 0] if first else [0, 1] if kind == 'clock' else
                    [0, 1, 1])
    return Step(number, kind, days, False, r.choice(
        ['09:00', '10:30', '18:15', '08:00', '02:30']), channel, condition)


def random_ladder(r):
    n = r.choice([1, 2, 3, 3, 4, 4, 5])
    backs = sorted(r.sample([72 * 60, 48 * 60, 36 * 60, 24 * 60, 12 * 60, 300,
                             240, 120, 90, 45], 6), reverse=True)
    steps, number = [], 0
    for i in range(n):
        number += r.choice([1, 2, 3])
        steps.append(random_step(r, number, i == 0, backs))
    if r.random() < .7:
        s = r.choice([Step(number + 1, 'back', 60 * r.choice([30, 60, 15])),
                      Step(number + 1, 'after', 60 * r.choice([60, 120]))])
        s.channel = 'flag'
        steps.append(s)
    return steps


class World:
    """A site, its ladders and its runs; the same for all its histories."""

    def __init__(self, root, home, seed, number):
        self.root, self.home = root, home
        self.count = 0
        r = Random('%d/world %d' % (seed, number))
        quiet = r.choice([('21:00', '09:00'), ('21:00', '09:00'),
                          ('22:30', '07:00'), ('01:30', '02:30'), None])
        hours = [r.choice([[('09:00', '14:00'), ('16:00', '19:30')],
                           [('09:00', '18:00')]]) for _ in range(5)]
        hours += [r.choice([[('09:00', '13:00')], []]), []]
        self.rules = Rules(r.choice(ZONES), quiet, HOLIDAYS, hours)
        self.conf = os.path.join(home, 'omni.conf')
        self.text = CONF % {
            'root': root, 'zone': self.rules.zone,
            'start': quiet[0] if quiet else '00:00',
            'end': quiet[1] if quiet else '00:00',
            'hours': '\n'.join('%s = %s' % (d, ' '.join(
                '-'.join(s) for s in h) or 'closed')
                for d, h in zip(DAYS, hours))}
        self.env = dict(os.environ, OMNI_CONF=self.conf)
        self.make_files()
        self.kinds = {}
        while len(self.kinds) < LADDERS:
            self.add_ladder(r, 'k%d' % len(self.kinds))
        self.write_conf(self.text)
        self.start = instant(r.choice(STARTS), '%02d:00' % r.randrange(24),
                             self.rules.zone)
        self.plan_runs(r)
        self.now = self.start
        self.run('omni-ledger', 'init')
        self.ledger = sqlite3.connect('file:%s?mode=ro' % os.path.join(
            home, 'ledger.db'), uri=True)
        self.seen = 0

    def write_conf(self, text):
        with open(self.conf, 'w') as f:
            f.write(text)

    def make_files(self):
        os.makedirs(os.path.join(self.home, 'fail'))
        with open(os.path.join(self.home, 'holidays'), 'w') as f:
            f.writelines(h + '\n' for h in HOLIDAYS)
        with open(os.path.join(self.home, 'mta'), 'w') as f:
            f.write(MTA % {'home': self.home})
        os.chmod(os.path.join(self.home, 'mta'), 0o755)

    def add_ladder(self, r, kind):
        """One that omni-escalate has nothing against."""
        steps = random_ladder(r)
        klass = r.choice(['reminder', 'reminder', 'reminder', 'alert',
                          'announcement', 'slow'])
        text = '[ladder %s]\ntemplate = appointment_reminder\n' \
            'topic = appointment\nclass = %s\n%s' % (kind, klass, ''.join(
                'step.%d = %s\n' % (s.number, s) for s in steps))
        self.write_conf(self.text + text)
        self.now = 0
        done = subprocess.run([self.program('omni-escalate'), '--check'],
                              env=self.env, capture_output=True, text=True)
        if done.returncode == 78 and '[ladder' in done.stderr:
            return
        if done.returncode != 0:
            sys.exit('omni-escalate --check: %s' % done.stderr)
        self.text += text
        self.kinds[kind] = {'steps': steps, 'class': klass, 'text': text}

    def plan_runs(self, r):
        """[(when, what is odd about it, how long the senders take)]."""
        regular = r.random() < .3
        self.runs, t = [], self.start
        for _ in range(RUNS):
            t += 60 * (90 if regular else r.choice(GAPS))
            if r.random() < .3:
                t += r.randrange(60)
            odd = r.choice(['', '', '', '', 'cron', 'cron', 'broken',
                            'twice', 'late', 'again', 'no senders'])
            late = 0 if odd == 'cron' or r.random() < .8 else \
                60 * r.choice([1, 20, 180])
            self.runs.append((t, odd, late))
            t += late

    def program(self, name):
        return os.path.join(self.root, 'bin', name)

    def run(self, program, *args, lines=None, status=(0, 1)):
        text = lines if isinstance(lines, str) else ''.join(
            json.dumps(r) + '\n' for r in lines or ())
        done = subprocess.run([self.program(program), *args], input=text,
                              env=dict(self.env, OMNI_NOW=iso(self.now)),
                              text=True, capture_output=True)
        if done.returncode not in status:
            sys.exit('%s %s: status %d: %s' % (
                program, ' '.join(args), done.returncode, done.stderr))
        return done.stdout

    def spool(self, hook, body, query=''):
        self.count += 1
        new = os.path.join(self.home, 'spool', 'inbound', 'new')
        os.makedirs(new, exist_ok=True)
        with open(os.path.join(new, '%012d.1' % self.count), 'w') as f:
            f.write('Hook: %s\nReceived: %s\nContent-Type: x\nQuery: %s\n'
                    'Token: \n\n%s' % (hook, iso(self.now), query, body))

    def says(self, channel, phone, text):
        self.spool('twilio/sms', urlencode({
            'MessageSid': 'SM%032d' % (self.count + 1), 'NumMedia': '0',
            'From': ('whatsapp:' if channel == 'whatsapp' else '') + phone,
            'To': '+525587654321', 'Body': text}))

    def meta(self, member, value):
        self.spool('whatsapp', json.dumps({
            'object': 'whatsapp_business_account', 'entry': [{
                'id': '1', 'changes': [{'field': 'messages', 'value': {
                    'messaging_product': 'whatsapp', 'metadata': {
                        'display_phone_number': '15550783881',
                        'phone_number_id': '1'}, member: [value]}}]}]}))

    def taps(self, phone, payload, text):
        self.meta('messages', {
            'id': 'wamid.I%d' % (self.count + 1), 'from': phone[1:],
            'timestamp': str(self.now), 'type': 'button',
            'button': {'payload': payload, 'text': text}})

    def receipt(self, m, status):
        reference = '%s.%d' % (m.id, m.attempts)
        code = CODES.get(m.channel, {}).get(status)
        if m.channel == 'whatsapp':
            value = {'id': 'wamid.%s' % reference,
                     'status': 'failed' if code else status,
                     'timestamp': str(self.now), 'recipient_id': m.to[1:],
                     'biz_opaque_callback_data': reference}
            if code:
                value['errors'] = [{'code': int(code), 'title': 'x'}]
            self.meta('statuses', value)
            return
        query = urlencode({'ref': reference})
        if m.channel == 'voice':
            self.spool('twilio/call', urlencode({
                'CallSid': 'CA' + hashlib.md5(
                    reference.encode()).hexdigest(), 'SequenceNumber': '3',
                'CallStatus': 'completed' if status == 'delivered' else
                'busy'}), query)
            return
        body = {'MessageSid': 'SM' + hashlib.md5(
                    reference.encode()).hexdigest(),
                'MessageStatus': 'undelivered' if code else status}
        if code:
            body['ErrorCode'] = code
        self.spool('twilio/status', urlencode(body), query)
