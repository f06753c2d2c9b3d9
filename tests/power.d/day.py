"""A clinic's day for tests/power: what comes in, what goes out, in small."""

import base64
import email
import glob
import hashlib
import hmac
import json
import os
import re
import sqlite3
import subprocess
from email import policy
from urllib.parse import quote, urlencode

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
HOOKS = 'https://hooks.example.com/omni'
OURS = '+525587654321'
PEOPLE = 6
START = '2026-11-23T23:00:00Z'
NOON = '2026-11-23T23:10:00Z'
EVENING = '2026-11-24T01:05:00Z'
CONF = '''[paths]
ledger = ../spool/ledger.db
spool = ../spool
templates = %(root)s/share/templates
phonenumber = %(root)s/bin/phonenumber
[site]
name = Clinica Roma
timezone = America/Mexico_City
region = MX
currency = MXN
public_url = https://hooks.example.com/omni
[links]
key = env:LINKS_KEY
[mail]
from = Clinica Roma <citas@clinic.example>
reply_to = citas@clinic.example
bounce_domain = bounces.clinic.example
[channel email]
type = email
provider = relay
doubt = resend
connections = 2
[channel paper]
type = email
provider = maildir
[channel sms]
type = sms
provider = twilio
from = +525587654321
connections = 2
[channel whatsapp]
type = whatsapp
provider = meta
doubt = resend
connections = 2
[channel voice]
type = voice
provider = twilio
from = +525587654321
connections = 2
[channel push]
type = push
provider = topics
connections = 2
[provider topics]
kind = ntfy
base_url = %(http)s
[provider relay]
kind = smtp
host = 127.0.0.1
port = %(smtp)s
tls = none
[provider maildir]
kind = maildir
path = ../spool/Maildir
[provider twilio]
kind = twilio
account_sid = AC00000000000000000000000000000000
auth_token = env:SIM_TOKEN
base_url = %(http)s
[provider meta]
kind = whatsapp
phone_number_id = 106540352242922
access_token = env:SIM_TOKEN
app_secret = env:SIM_SECRET
verify_token = env:SIM_SECRET
base_url = %(http)s
# The recorder opens its log when it likes, which no confined program may.
[ingest]
confine = no
[filter]
confine = no
[send]
confine = no
[ladder appointment]
template = appointment_reminder
step.1 = -24h email
step.2 = +2h sms
step.3 = -1h flag
'''
SECRETS = {'SIM_TOKEN': 'simulator-token', 'SIM_SECRET': 'secret',
           'LINKS_KEY': '0123456789abcdef0123456789abcdef'}


def phone(i):
    return '+5255123456%02d' % (70 + i)


def address(i):
    return 'persona%d@example.org' % i


def environment(site, at, **more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith('OMNI_') and k != 'LD_PRELOAD'}
    env.update(SECRETS, OMNI_CONF=site + '/etc/omni.conf', OMNI_NOW=at,
               PATH=ROOT + '/bin:' + os.environ['PATH'], LC_ALL='C.UTF-8',
               TZ='UTC')
    env.update(more)
    return env


class Simulator:
    """The providers; what they have accepted lies in `directory`."""

    def __init__(self, directory, at, more=None, ports=None):
        self.directory = directory
        os.makedirs(directory + '/hooks', exist_ok=True)
        self.process = subprocess.Popen(
            [ROOT + '/bin/omni-simulator', '-d', directory, '-o',
             'app_secret=secret', '--callback-dir', directory + '/hooks',
             '--callback-delay', '0', *(ports or [])],
            env=environment('', at, **(more or {})), text=True,
            stdout=subprocess.PIPE)
        self.ready = json.loads(self.process.stdout.readline())

    def ports(self):
        """To be found again at the same place."""
        return ['-p', self.ready['http'].rsplit(':', 1)[1],
                '-s', self.ready['smtp'].rsplit(':', 1)[1]]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def configure(self, site):
        os.makedirs(site + '/etc', exist_ok=True)
        with open(site + '/etc/omni.conf', 'w') as f:
            f.write(CONF % {'root': ROOT, 'http': self.ready['http'],
                            'smtp': self.ready['smtp'].rsplit(':', 1)[1]})


class Step:
    """One program that somebody starts, and what came of it."""

    def __init__(self, label, at, argv, data=b'', env=None):
        self.label, self.at, self.argv = label, at, argv
        self.data, self.env = data, env or {}
        self.status = self.output = self.said = None
        self.find = None        # what the ledger is to have of it
        self.forgotten = []     # what is to be nowhere after it

    def run(self, site, **more):
        done = subprocess.run(
            [a.replace('SITE', site) for a in self.argv], input=self.data, capture_output=True,
            env=environment(site, self.at, **self.env, **more))
        self.status, self.output = done.returncode, done.stdout
        self.said = done.stderr.decode(errors='replace')
        return self


def cgi(label, at, path, body, content_type, query='', **headers):
    env = {'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': 'POST',
           'PATH_INFO': path, 'QUERY_STRING': query,
           'CONTENT_TYPE': content_type, 'CONTENT_LENGTH': str(len(body))}
    for name, value in headers.items():
        env['HTTP_' + name.upper()] = value
    return Step(label, at, ['omni-ingest', '--cgi'], body, env)


def twilio(label, at, path, query='', **form):
    url = HOOKS + path + ('?' + query if query else '')
    text = url + ''.join(k + form[k] for k in sorted(form))
    mac = hmac.new(SECRETS['SIM_TOKEN'].encode(), text.encode(), hashlib.sha1)
    return cgi(label, at, path, urlencode(form, quote_via=quote).encode(),
               'application/x-www-form-urlencoded', query,
               x_twilio_signature=base64.b64encode(mac.digest()).decode())


def whatsapp(label, at, value):
    body = json.dumps({'object': 'whatsapp_business_account', 'entry': [
        {'id': '1', 'changes': [{'field': 'messages', 'value': value}]}]})
    mac = hmac.new(SECRETS['SIM_SECRET'].encode(), body.encode(),
                   hashlib.sha256)
    return cgi(label, at, '/whatsapp', body.encode(), 'application/json',
               x_hub_signature_256='sha256=' + mac.hexdigest())


def lines(*records):
    return ''.join(json.dumps(r) + '\n' for r in records).encode()


def contact(i):
    return {'id': 'c%d' % i, 'name': 'Persona %d' % i, 'email': address(i),
            'phone': phone(i)}


def appointment(i, at):
    return {'id': 'a%d' % i, 'type': 'appointment', 'at': at,
            'contact': contact(i), 'vars': {'owner_name': 'Ana',
                                            'pet_name': 'Luna'}}


def ad_hoc(name, channel, account, to, **more):
    return dict({'id': name, 'channel': channel, 'account': account, 'to': to,
                 'subject': 'Aviso ' + name, 'text': 'Aviso ' + name,
                 'class': 'alert', 'route': {},
                 'expires_at': '2026-11-30T00:00:00Z'}, **more)


def link(site, purpose, i):
    """The token of a page, out of the mail that person i got."""
    for path in glob.glob(os.path.dirname(site) + '/sim/mail/*.eml'):
        with open(path, 'rb') as f:
            mail = email.message_from_binary_file(f, policy=policy.default)
        if address(i) in mail['To']:
            text = mail.get_body(('plain',)).get_content() + ' ' + (
                mail['List-Unsubscribe'] or '')
            found = re.search(HOOKS + '/' + purpose + r'\?t=([\w.-]+)', text)
            if found:
                return found.group(1)
    raise Exception('no link to /%s for %s' % (purpose, address(i)))


def attempts(site, channel):
    """The attempts of a channel: (message, number, id of the provider)."""
    db = sqlite3.connect('file:%s/spool/ledger.db?mode=ro' % site, uri=True)
    rows = db.execute('SELECT message, number, provider_id FROM attempt WHERE '
                      'channel = ? ORDER BY message', (channel,)).fetchall()
    db.close()
    return rows


def receipts(site, at):
    """Statuses from both providers, of what has just been sent."""
    for message, number, sid in attempts(site, 'sms'):
        step = twilio('cgi', at, '/twilio/status',
                      'ref=%s.%d' % (quote(message, safe=''), number),
                      MessageSid=sid, MessageStatus='delivered')
        step.find = 'twilio:%s:delivered' % sid
        yield step
    for message, number, wamid in attempts(site, 'whatsapp'):
        step = whatsapp('cgi', at, {
            'messaging_product': 'whatsapp', 'statuses': [
                {'id': wamid, 'status': 'delivered',
                 'timestamp': '1795475500',
                 'recipient_id': phone(0)[1:],
                 'biz_opaque_callback_data': '%s.%d' % (message, number)}]})
        step.find = 'whatsapp:%s:delivered' % wamid
        yield step


def answers(site, at):
    """What people say: by SMS, on a page, by WhatsApp and by mail."""
    form = {'AccountSid': 'AC' + '0' * 32, 'To': OURS, 'NumMedia': '0'}
    yield twilio('cgi', at, '/twilio/sms', MessageSid='SM%032d' % 1,
                 From=phone(1), Body='SI', **form)
    yield twilio('cgi', at, '/twilio/sms', MessageSid='SM%032d' % 2,
                 From=phone(2), Body='STOP', **form)
    yield cgi('cgi', at, '/confirm', b'answer=confirm&do=confirm',
              'application/x-www-form-urlencoded',
              't=%s&l=es' % link(site, 'confirm', 3))
    yield cgi('cgi', at, '/unsubscribe', b'List-Unsubscribe=One-Click',
              'application/x-www-form-urlencoded',
              't=' + link(site, 'unsubscribe', 5))
    yield whatsapp('cgi', at, {
        'messaging_product': 'whatsapp', 'metadata': {
            'display_phone_number': OURS[1:],
            'phone_number_id': '106540352242922'},
        'contacts': [{'wa_id': '521' + phone(4)[3:],
                      'profile': {'name': 'Persona 4'}}],
        'messages': [{'from': '521' + phone(4)[3:], 'id': 'wamid.in1',
                      'timestamp': '1795474800', 'type': 'text',
                      'text': {'body': 'Gracias, ahi estare'}}]})
    yield Step('mail', at, ['omni-ingest', '--mail', '-f', address(5),
                            'citas@clinic.example'],
               b'From: <%s>\nTo: citas@clinic.example\nSubject: Re: cita\n'
               b'Message-ID: <answer5@example.org>\n'
               b'Date: Mon, 23 Nov 2026 17:20:00 -0600\n\n'
               b'Tengo una pregunta sobre la cita.\n' %
               address(5).encode())


def morning(_site):
    yield Step('ledger', START, ['omni-ledger', 'init'])
    yield Step('contact', START, ['omni-contact', 'import'],
               lines(*(contact(i) for i in range(PEOPLE))))
    yield Step('schedule', START, ['omni-schedule'], lines(*(
        appointment(i, '2026-11-24T10:00') for i in range(PEOPLE))))
    yield Step('run', START, ['omni-run'])


def noon(site):
    at = NOON
    yield Step('queue', at, ['omni-queue'], lines(
        ad_hoc('q1', 'sms', 'sms', '+525512345661'),
        ad_hoc('q2', 'sms', 'sms', '+525512345662'),
        ad_hoc('q3', 'whatsapp', 'whatsapp', '+525512345663', whatsapp={
            'template': {'name': 'aviso', 'language': {'code': 'es_MX'}}}),
        ad_hoc('q4', 'email', 'paper', 'q4@example.org'),
        ad_hoc('q5', 'sms', 'sms', '+525512345665'),
        ad_hoc('q6', 'voice', 'voice', '+525512345666'),
        ad_hoc('q7', 'push', 'push', 'topic-7')))
    yield Step('change', at, ['omni-queue', 'hold', 'q5'])
    for program in ('sms', 'wa', 'mail', 'voice', 'push'):
        yield Step('send', at, ['omni-send-' + program])
    yield from receipts(site, '2026-11-23T23:12:00Z')
    yield from answers(site, '2026-11-23T23:20:00Z')
    yield Step('drain', '2026-11-23T23:21:00Z', ['omni-ingest'])


def evening(_site):
    at = EVENING
    form = {'AccountSid': 'AC' + '0' * 32, 'To': OURS, 'NumMedia': '0'}
    yield Step('change', at, ['omni-queue', 'cancel', 'q5'])
    yield Step('other', at, ['omni-contact', 'import'], lines(contact(9)))
    yield Step('other', at, ['omni-queue', '-q'], lines(ad_hoc(
        'q9', 'sms', 'sms', phone(9), contact={'id': 'c9'})))
    step = Step('other', at, ['omni-contact', 'forget', 'c9'])
    step.forgotten = [address(9).encode(), phone(9).encode()]
    yield step
    yield Step('schedule', at, ['omni-schedule', '--full'], lines(
        *(appointment(i, '2026-11-24T1%d:00' % (i == 5))
          for i in range(1, PEOPLE)), {'end': True, 'count': PEOPLE - 1}))
    yield Step('set', at, ['omni-contact', 'set', 'c0', 'name=Persona Cero'])
    yield Step('run', at, ['omni-run'])
    yield twilio('cgi', at, '/twilio/sms', MessageSid='SM%032d' % 3,
                 From=phone(0), Body='No puedo ir', **form)
    # Nothing can be made of this one: it is set aside.
    yield twilio('cgi', at, '/twilio/sms', From=phone(0), Body='Hola')
    yield Step('drain', '2026-11-24T01:06:00Z', ['omni-ingest'])
    yield Step('other', at, ['omni-ledger', 'export'])
    yield Step('backup', at, ['omni-ledger', 'backup',
                              'SITE/spool/copy.db'])


# Ordinary runs after the cut: soon, and after every grace.
LATER = ('2026-11-24T01:10:00Z', '2026-11-24T01:40:00Z',
         '2026-11-24T02:45:00Z')


def live(site, log, shim):
    """The day, recorded; its steps, each with a label of its own."""
    world = os.path.dirname(site)
    more = {'POWERCUT_LOG': log, 'POWERCUT_ROOTS': '%s:%s/sim' % (
        site, world), 'LD_PRELOAD': shim,
        'ASAN_OPTIONS': 'verify_asan_link_order=0:detect_leaks=0'}
    steps, ports = [], None
    for at, part in ((START, morning), (NOON, noon), (EVENING, evening)):
        simulator = Simulator(world + '/sim', at, dict(
            more, POWERCUT_LABEL='simulator'), ports)
        ports = simulator.ports()
        try:
            simulator.configure(site)
            for step in part(site):
                step.label = '%s:%d' % (step.label, len(steps))
                step.run(site, POWERCUT_LABEL=step.label, **more)
                steps.append(step)
        finally:
            simulator.stop()
    return steps
