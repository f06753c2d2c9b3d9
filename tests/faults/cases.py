"""The sites that faults are tried on, and how each program is run on them."""

import base64
import hashlib
import hmac
import json
import os
import re
from urllib.parse import quote

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
NOW = '2026-11-23T23:00:00Z'
LATER = ['2026-11-23T23:00:30Z', '2026-11-23T23:20:00Z',
         '2026-11-24T00:50:00Z', '2026-11-24T02:50:00Z']
TOKEN = '12345678901234567890123456789012'
ENVIRONMENT = {'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'OMNI_NOW': NOW,
               'SIM_TOKEN': 'simulator-token', 'TWILIO_AUTH_TOKEN': TOKEN,
               'SIM_AWS': 'simulator',
               'LINKS_KEY': '0123456789abcdef0123456789abcdef'}

CONF = '''[paths]
ledger = ../spool/ledger.db
spool = ../spool
templates = %(root)s/share/templates
phonenumber = phones
[site]
name = Clinica Roma
timezone = America/Mexico_City
language = es
region = MX
currency = MXN
public_url = https://hooks.example.com/omni
[quiet]
start = 20:00
[ingest]
confine = no
[links]
key = env:LINKS_KEY
[mail]
from = Clinica Roma <citas@clinic.example>
bounce_domain = bounces.clinic.example
[ladder appointment]
template = appointment_reminder
step.1 = -24h email
step.2 = +2h sms
step.3 = -1h flag
[channel email]
type = email
provider = maildir
from = citas@clinic.example
doubt = resend
[channel sms]
type = sms
provider = console
from = +525587654321
cost = 0.05
doubt = resend
[channel whatsapp]
type = whatsapp
provider = console
doubt = resend
[channel voice]
type = voice
provider = console
from = +525587654321
doubt = resend
[channel push]
type = push
provider = topics
[provider maildir]
kind = maildir
path = ../spool/Maildir
[provider console]
kind = console
path = ../spool/console.txt
[provider twilio]
kind = twilio
account_sid = AC00000000000000000000000000000000
auth_token = env:TWILIO_AUTH_TOKEN
[provider topics]
kind = ntfy
base_url = http://127.0.0.1:1
[provider amazon]
kind = ses
region = us-east-1
access_key_id = env:SIM_AWS
secret_access_key = env:SIM_TOKEN
[provider meta]
kind = whatsapp
phone_number_id = 106540352242922
access_token = env:SIM_TOKEN
app_secret = env:SIM_TOKEN
verify_token = env:SIM_TOKEN
[provider relay]
kind = smtp
host = 127.0.0.1
port = 1
tls = none
'''

# Answers at once: libphonenumber has a case of its own.
PHONES = r'''#!/bin/sh
while IFS='	' read -r tag region number; do
	number=$(printf %s "$number" | tr -cd 0-9)
	printf '%s\tok\t+52%s\tMX\tmobile\t\n' "$tag" "${number#52}"
done
'''

# What the journal says but for chance and time; each table has a test of its
# own that it is what the journal says.
STATE = {
    'messages': 'SELECT id, state, coalesce(reason, "") FROM message '
                'ORDER BY id',
    'reminders': 'SELECT id, state, revision, coalesce(notice, "") '
                 'FROM reminder ORDER BY id',
    'contacts': 'SELECT id FROM contact ORDER BY id',
    'addresses': 'SELECT contact, rank, type, hash, is_primary '
                 'FROM contact_address ORDER BY 1, 2, 3, 4',
    'consent': 'SELECT DISTINCT scope, state FROM consent ORDER BY 1, 2',
    'events': 'SELECT status, count(*) FROM event GROUP BY 1',
    'flags': 'SELECT count(*), count(resolved_at) FROM flag',
    'conversations': 'SELECT id, status, assignee, tags, unread_count '
                     'FROM conversation ORDER BY id',
    # A question may be put twice, where the first answer never came.
    'answers': "SELECT message, count(*) FROM assist "
               "WHERE outcome = 'answered' GROUP BY 1",
    'unknown': "SELECT message, count(*) FROM attempt "
               "WHERE outcome = 'unknown' GROUP BY 1",
}


class Case:
    """One program in one of its modes."""

    def __init__(self, name, fixture, argv, data=b'', env=None, status=0,
                 again=(0,), recover=(), allowed=(), server=False, cgi=False,
                 program=None, page=None, through=(), prints=False,
                 loose=False, glib=False, refusals=(), shows=(), onward=()):
        """data may be a function of the runner, that gives it with its env;
        shows is what must print the same in the end; onward is the filter that
        takes in what it prints."""
        self.name, self.fixture, self.argv = name, fixture, argv
        self.data, self.env, self.status = data, env or {}, status
        self.again, self.recover = again, list(recover)
        # How a good answer of a CGI begins.
        self.server, self.cgi = server, b'Status: 2' if cgi is True else cgi
        self.refusals, self.shows = refusals, list(shows)
        self.onward = list(onward)
        self.program = program or argv[0]
        self.through, self.prints, self.loose = through, prints, loose
        self.glib = glib
        self.sends = argv[0].startswith('omni-send') and argv[1:] != ['-n']
        # None of these may come of a fault of the system: it was not the
        # usage, the input or a bug, and no record is at fault for good.
        blamed = {0, 1, 64, 65, 70} - set(allowed)
        self.allowed = statuses(page or argv[0]) - blamed | set(allowed)

    def same(self, one, other):
        """Whether both say the same, but for ages of files."""
        if self.loose:
            one, other = (re.sub(rb'\d+', b'0', s) for s in (one, other))
        return one == other


def statuses(page):
    """Those that the manual page names."""
    with open('%s/man/%s.1' % (ROOT, page)) as f:
        text = re.search(r'^\.Sh EXIT STATUS(.*?)^\.Sh', f.read(),
                         re.S | re.M).group(1)
    return {int(n) for line in re.findall(r'^\.It (?:Li )?(\d[\d ,]*)', text,
                                          re.M)
            for n in re.findall(r'\d+', line)}


def lines(*records):
    return ''.join(json.dumps(r, ensure_ascii=False) + '\n'
                   for r in records).encode()


def message(n, channel, to, **more):
    return dict({'id': '%s%d' % (channel[0], n), 'channel': channel,
                 'account': channel, 'to': to, 'subject': 'Su cita',
                 'text': 'Hola, su cita «número %d» es hoy.' % n,
                 'class': 'alert', 'route': {},
                 'expires_at': '2026-11-30T00:00:00Z'}, **more)


def texts(count=2):
    return lines(*[message(i, 'sms', '+5255123456%02d' % (70 + i))
                   for i in range(count)])


def mails():
    return lines(*[message(i, 'email', 'm%d@example.org' % i,
                           html='<p>Hola, su cita «número %d» es '
                           'hoy.</p>' % i) for i in range(2)])


def appointments():
    return lines(*[{
        'id': 'a%d' % i, 'type': 'appointment', 'at': '2026-11-24T10:30',
        'contact': {'id': 'c%d' % i, 'name': 'Ana María', 'opt_out': ['voice'],
                    'email': 'ana%d@example.org' % i,
                    'phone': '55 1234 567%d' % i},
        'vars': {'owner_name': 'Ana', 'pet_name': 'Luna'}}
        for i in range(2)])


def contacts():
    return lines(*[{
        'id': 'k%d' % i, 'name': 'Luis Peña', 'language': 'es',
        'email': 'luis%d@example.org' % i, 'phone': '55 8888 000%d' % i,
        'opt_out': ['sms'], 'tags': ['vip'],
        'preferences': {'quiet_start': '21:00', 'quiet_end': '08:00'}}
        for i in range(2)])


def records():
    """As somebody types them, for the filters."""
    return lines(*[{
        'id': 'r%d' % i, 'type': 'appointment_reminder',
        'template': 'appointment_reminder', 'class': 'reminder',
        'contact': {'id': 'r%d' % i, 'name': 'Zoë', 'language': 'es',
                    'email': 'zoe%d@Bücher.example' % i,
                    'phone': '55 7777 000%d' % i},
        'vars': {'owner_name': 'Zoë', 'pet_name': 'Luna',
                 'date': '2026-11-25', 'time': '10:30',
                 'at': '2026-11-25T16:30:00Z'}}
        for i in range(2)])


def twilio(number, body, sender='525512345670'):
    """A text message that comes in: what the web server passes on."""
    sid = 'SM%032d' % number
    data = ('Body=%s&From=%%2B%s&MessageSid=%s'
            '&To=%%2B525587654321' % (quote(body), sender, sid)).encode()
    signed = ('https://hooks.example.com/omni/twilio/smsBody%sFrom'
              '+%sMessageSid%sTo+525587654321' % (body, sender, sid))
    signature = base64.b64encode(hmac.new(
        TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return data, {
        'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': 'POST',
        'PATH_INFO': '/twilio/sms', 'QUERY_STRING': '',
        'CONTENT_TYPE': 'application/x-www-form-urlencoded',
        'CONTENT_LENGTH': str(len(data)),
        'HTTP_X_TWILIO_SIGNATURE': signature}


MAIL = ('From: Ana <ana0@example.org>\nTo: citas@clinic.example\n'
        'Subject: =?utf-8?q?Re:_Su_cita?=\nMessage-ID: <x1@example.org>\n'
        'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n'
        'Sí, ahí estaré.\n\n> Hola\n').encode()


# -------------------------------------------------------------------- fixtures

def must(runner, argv, data=b'', env=None, good=(0,)):
    run = runner.run(argv, data, env)
    if run.status not in good:
        raise Exception('%s: status %s: %s' % (
            ' '.join(argv), run.status, run.err.decode()))
    return run.out


def lay_out(fixture, runner):
    os.makedirs(runner.site + '/etc')
    os.makedirs(runner.site + '/spool')
    with open(runner.site + '/etc/omni.conf', 'w') as f:
        f.write(CONF % {'root': ROOT})
    with open(runner.site + '/etc/phones', 'w') as f:
        f.write(PHONES)
    os.chmod(runner.site + '/etc/phones', 0o755)
    if fixture == 'none':
        return
    must(runner, ['omni-ledger', 'init'])
    # Each kind of file is there once, as in a site that has worked before.
    must(runner, ['omni-schedule', '-q'], appointments())
    must(runner, ['omni-contact', 'import', '-q'], contacts())
    if fixture != 'empty':
        FIXTURES[fixture](runner)


def queued(*data):
    def fill(runner):
        must(runner, ['omni-queue', '-q'], b''.join(data))
    return fill


def incoming(runner):
    must(runner, ['omni-queue', '-q'], texts())
    must(runner, ['omni-send-sms', '-q'])
    for number, body in (1, 'SI'), (2, 'STOP'):
        data, env = twilio(number, body)
        must(runner, ['omni-ingest'], data, env)
    must(runner, ['omni-ingest', '--mail'], MAIL)


def flagged(runner):
    """Flags, since the appointments are over."""
    over = {'OMNI_NOW': '2026-11-24T17:00:00Z'}
    must(runner, ['omni-queue', '-q'],
         must(runner, ['omni-escalate'], env=over), over)


FIXTURES = {'sms': queued(texts()), 'mail': queued(mails()),
            'whatsapp': queued(lines(message(
                0, 'whatsapp', '+525512345670', whatsapp={'template': {
                    'name': 'aviso', 'language': {'code': 'es_MX'}}}))),
            'voice': queued(lines(message(0, 'voice', '+525599995670'))),
            'push': queued(lines(message(0, 'push', 'topic-0'))),
            'inbound': incoming, 'flagged': flagged}
OWN = set()     # those that each worker makes for itself

SEND = [(['omni-send-%s' % kind, '-q'], {'OMNI_NOW': at})
        for at in LATER for kind in ('sms', 'mail')]
DRAIN = [(['omni-ingest', '-q'], {})]


def after(program, *options):
    """The sender's next runs, of which the last finds nothing in doubt."""
    return [([program, '-q', *options], {'OMNI_NOW': at}) for at in LATER]


def sender(name, fixture, *options, server=True):
    return Case(name, fixture, [name.split(' ')[0], *options], server=server,
                again=(0, 75), recover=after(name.split(' ')[0], *options))


CALM = ['-o', 'status.due_age=10d 20d']
WEBHOOK, REQUEST = twilio(3, 'SI')
TWILIO = ['-o', 'provider twilio.base_url={http}',
          '-o', 'provider twilio.auth_token=env:SIM_TOKEN']

# What cannot be read is one of the things that a check finds and prints.
FINDINGS = {'allowed': {1}, 'prints': True}

CASES = [
    Case('omni-normalize', 'empty', ['omni-normalize'], records()),
    Case('omni-route', 'empty', ['omni-route'], records(),
         through=('omni-normalize',)),
    Case('omni-render', 'empty', ['omni-render'], records(),
         through=('omni-normalize', 'omni-route')),
    Case('phonenumber', 'empty', ['phonenumber'],
         b'1\tMX\t55 1234 5678\n2\tUS\t650 253 0000\n3\tMX\tx\n'),
    Case('omni-queue', 'empty', ['omni-queue'], texts(3)),
    Case('omni-queue -n', 'empty', ['omni-queue', '-n'], texts()),
    Case('omni-queue hold', 'sms', ['omni-queue', 'hold', 's0'],
         again=(0, 1)),
    Case('omni-queue cancel', 'sms', ['omni-queue', 'cancel', 's0'],
         again=(0, 1)),
    Case('omni-schedule', 'empty', ['omni-schedule'],
         appointments().replace(b'"a0', b'"b0').replace(b'T10', b'T11')),
    Case('omni-schedule --full', 'empty', ['omni-schedule', '--full', '-o',
         'schedule.max_cancel=50'], appointments().split(b'\n')[0] +
         b'\n{"end": true, "count": 1}\n'),
    Case('omni-contact import', 'empty', ['omni-contact', 'import'],
         contacts().replace(b'"k', b'"n').replace(b'8888', b'9999')),
    Case('omni-contact set', 'empty',
         ['omni-contact', 'set', 'k0', 'name=Luis', 'email=l@example.org']),
    Case('omni-contact opt-out', 'empty',
         ['omni-contact', 'opt-out', '--by', 'Eva', '--how', 'called', 'c0']),
    Case('omni-contact merge', 'empty', ['omni-contact', 'merge', 'k1', 'k0'],
         again=(0, 1)),
    Case('omni-contact forget', 'sms', ['omni-contact', 'forget', 'k0'],
         again=(0, 1)),
    Case('omni-contact export', 'empty', ['omni-contact', 'export']),
    Case('omni-contact list', 'empty', ['omni-contact', 'list']),
    Case('omni-contact show', 'empty', ['omni-contact', 'show', 'c0']),
    Case('omni-contact consent', 'empty', ['omni-contact', 'consent', 'c0']),
    Case('omni-ledger init', 'none', ['omni-ledger', 'init']),
    Case('omni-ledger verify', 'sms', ['omni-ledger', 'verify']),
    Case('omni-ledger rebuild', 'sms', ['omni-ledger', 'rebuild']),
    Case('omni-ledger export', 'sms', ['omni-ledger', 'export']),
    # Where only its end could not be told, the copy is there.
    Case('omni-ledger backup', 'sms',
         ['omni-ledger', 'backup', '{site}/copy.db'], again=(0, 64)),
    Case('omni-ledger why', 'sms', ['omni-ledger', 'why', 's0']),
    Case('omni-ledger confirm', 'sms', ['omni-ledger', 'confirm']),
    Case('omni-ledger resolve', 'flagged', ['omni-ledger', 'resolve', '{flag}'],
         again=(0, 1)),
    Case('omni-ledger setting', 'none',
         ['omni-ledger', 'setting', 'site.name']),
    Case('omni-escalate', 'empty', ['omni-escalate']),
    Case('omni-escalate --check', 'empty', ['omni-escalate', '--check']),
    Case('omni-escalate --simulate', 'empty',
         ['omni-escalate', '--simulate',
          '2026-11-23T23:00:00Z..2026-11-24T03:00:00Z']),
    Case('omni-status', 'sms', ['omni-status', *CALM],
         loose=True),
    Case('omni-status -j', 'sms', ['omni-status', '-j', *CALM],
         loose=True),
    Case('omni-status -p', 'sms', ['omni-status', '-p', *CALM],
         loose=True),
    Case('omni-render --check', 'empty',
         ['omni-render', '--check', 'appointment_reminder'], **FINDINGS),
    Case('omni-render --preview', 'empty',
         ['omni-render', '--preview', '--html', '{site}/page.html',
          'appointment_reminder'], **FINDINGS),
    sender('omni-send-sms', 'sms', server=False),
    sender('omni-send-sms twilio', 'sms', '-o', 'channel sms.provider=twilio',
           *TWILIO),
    sender('omni-send-mail', 'mail', server=False),
    sender('omni-send-mail smtp', 'mail', '-o', 'channel email.provider=relay',
           '-o', 'provider relay.port={smtp}'),
    sender('omni-send-mail ses', 'mail', '-o', 'channel email.provider=amazon',
           '-o', 'provider amazon.base_url={http}'),
    Case('omni-send-mail -n', 'mail', ['omni-send-mail', '-n']),
    Case('omni-send-mail --check', 'mail', ['omni-send-mail', '--check'],
         **FINDINGS),
    sender('omni-send-wa', 'whatsapp', '-o', 'channel whatsapp.provider=meta',
           '-o', 'provider meta.base_url={http}'),
    sender('omni-send-voice', 'voice', '-o', 'channel voice.provider=twilio',
           *TWILIO),
    sender('omni-send-push', 'push', '-o', 'provider topics.base_url={http}'),
    Case('omni-ingest --cgi', 'empty', ['omni-ingest'], WEBHOOK, REQUEST,
         cgi=True, recover=DRAIN),
    Case('omni-ingest --mail', 'empty', ['omni-ingest', '--mail'], MAIL,
         recover=DRAIN, allowed={75}),
    Case('omni-ingest', 'inbound', ['omni-ingest'], recover=SEND, glib=True,
         program='omni-ingest:omni-ingest-drain'),
    Case('omni-ingest --try', 'empty', ['omni-ingest', '--try', 'mail'], MAIL,
         glib=True,
         program='omni-ingest:omni-ingest-drain'),
]

# They go by what stands above.
import cases_assist  # noqa: E402
import cases_staff  # noqa: E402

CASES += cases_staff.CASES + cases_assist.CASES
