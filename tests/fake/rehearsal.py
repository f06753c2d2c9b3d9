"""A clinic to be broken, and the providers that it speaks to.

For kill-sweep, kill-run, load and power: a site in a directory of its own, its
programs, what its web server and its mail server do, and the simulator.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlencode

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
KILLAT = ROOT + '/build/tests/fake/killat'
KILLED = 128 + signal.SIGKILL
START = '2026-11-23T23:00:00Z'
# Where sites are made.  In memory, where there is room: what a kill leaves is
# the same.
PLACE = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
HOOKS = 'http://127.0.0.1:1'
OURS = '+525587654321'
SECRETS = {'SIM_TOKEN': 'simulator-token', 'SIM_SECRET': 'simulator-secret',
           'SIM_AWS': 'simulator', 'SIM_KEY': 'A' * 42 + 'E',
           'LINKS_KEY': '0123456789abcdef0123456789abcdef'}
FORM = 'application/x-www-form-urlencoded'
# A key of a browser: the curve's own generator.
POINT = ('BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFiv'
         'OM1drMV7Oy7ZAaDe_UfU')
HEAD = '''[paths]
ledger = ../spool/ledger.db
spool = ../spool
templates = %(root)s/share/templates
phonenumber = %(root)s/bin/phonenumber
[site]
name = Clinica
timezone = America/Mexico_City
language = es
region = MX
currency = MXN
public_url = %(hooks)s
[links]
key = env:LINKS_KEY
[mail]
from = Clinica <citas@clinic.example>
reply_to = citas@clinic.example
'''
LADDER = '''[ladder appointment]
template = appointment_reminder
step.1 = -24h email
step.2 = +2h sms
step.3 = +2h whatsapp
'''
CHANNEL = '''[channel %s]
type = %s
provider = %s
%sper_hour = 0
per_day = 0
'''
SMS = 'from = %s\n' % OURS
MAIL = 'from = Clinica <citas@clinic.example>\n'
AT_ONCE = 'connections = 2\n'
RESEND = 'doubt = resend\n' + AT_ONCE
LOCAL = [('sms', 'sms', 'console', SMS),
         ('whatsapp', 'whatsapp', 'console', ''),
         ('email', 'email', 'maildir', MAIL + 'doubt = resend\n')]
TEMPLATE = {'template': {'name': 'aviso', 'language': {'code': 'es_MX'}}}
# The kinds of provider that are played.
PLAYED = [('sms', 'sms', 'twilio', SMS + AT_ONCE),
          ('voice', 'voice', 'twilio', SMS + AT_ONCE),
          ('whatsapp', 'whatsapp', 'meta', RESEND),
          ('email', 'email', 'relay', MAIL + RESEND),
          ('ses', 'email', 'amazon', MAIL + RESEND),
          ('push', 'push', 'browsers', RESEND),
          ('ntfy', 'push', 'topics', AT_ONCE)]
PROVIDERS = '''[provider console]
kind = console
path = ../spool/console.txt
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
[provider relay]
kind = smtp
host = 127.0.0.1
port = %(smtp)s
tls = none
[provider amazon]
kind = ses
region = us-east-1
access_key_id = env:SIM_AWS
secret_access_key = env:SIM_TOKEN
base_url = %(http)s
[provider browsers]
kind = webpush
private_key = env:SIM_KEY
subject = mailto:citas@clinic.example
allow = 127.0.0.1
[provider topics]
kind = ntfy
base_url = %(http)s
'''


def checker():
    """What tests/invariants looks with."""
    sys.path.append(ROOT + '/tests/invariants.d')
    from check import Check
    return Check


class Trouble(Exception):
    """What was to work did not."""


def environment(**more):
    """For omni's programs; nothing is left of another site's."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith('OMNI_') and k != 'LD_PRELOAD'}
    env.update(SECRETS, PATH=ROOT + '/bin:' + os.environ['PATH'],
               LC_ALL='C.UTF-8', TZ='UTC')
    env.update(more)
    return env


def configuration(sim, channels, hooks=HOOKS, ladder=LADDER):
    return ''.join([
        HEAD % {'root': ROOT, 'hooks': hooks}, ladder,
        *(CHANNEL % channel for channel in channels),
        PROVIDERS % {'http': sim.http if sim else HOOKS,
                     'smtp': sim.smtp.rsplit(':', 1)[1] if sim else 1}])


class Simulator:
    """Options beyond these are omni-simulator's."""

    def __init__(self, work, *options, hooks=False, env=None):
        self.dir = os.path.join(work, 'sim')
        self.hooks = os.path.join(self.dir, 'hooks')
        os.makedirs(self.hooks, exist_ok=True)
        if hooks:
            options += ('--callback-dir', self.hooks)
        self.server = subprocess.Popen(
            [ROOT + '/bin/omni-simulator', '-d', self.dir, '-o',
             'app_secret=' + SECRETS['SIM_SECRET'], *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            env=env or environment())
        ready = json.loads(self.server.stdout.readline())
        self.http, self.smtp = ready['http'], ready['smtp']
        self.sent = self.dir + '/accepted.ndjson'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        self.server.stdout.close()

    def control(self, method, data=None):
        with urllib.request.urlopen(urllib.request.Request(
                self.http + '/_control', method=method,
                data=None if data is None else json.dumps(data).encode()
        )) as answer:
            return json.loads(answer.read() or b'{}')

    def forget(self):
        self.control('DELETE')
        open(self.sent, 'w').close()
        for name in os.listdir(self.hooks):
            os.unlink(os.path.join(self.hooks, name))

    def accepted(self):
        with open(self.sent) as f:
            return [m for m in map(json.loads, f)
                    if m.get('kind', 'message') in ('message', 'call')]

    def upload(self, data, kind):
        """Something that people sent along; where Twilio says that it is."""
        form = b''.join((
            b'--x\r\nContent-Disposition: form-data; '
            b'name="messaging_product"\r\n\r\nwhatsapp\r\n--x\r\n'
            b'Content-Disposition: form-data; name="file"; filename="f"\r\n'
            b'Content-Type: ', kind.encode(), b'\r\n\r\n', data,
            b'\r\n--x--\r\n'))
        with urllib.request.urlopen(urllib.request.Request(
                self.http + '/v26.0/106540352242922/media', data=form,
                headers={'Authorization': 'Bearer ' + SECRETS['SIM_TOKEN'],
                         'Content-Type': 'multipart/form-data; boundary=x'}
        )) as answer:
            return ('%s/2010-04-01/Accounts/AC%032d/Messages/MM1/Media/%s' %
                    (self.http, 0, json.loads(answer.read())['id']))


class Site:
    def __init__(self, work, sim=None, channels=None, more='', hooks=HOOKS):
        self.work, self.sim = work, sim
        self.dir = os.path.join(work, 'site')
        self.fresh = os.path.join(work, 'fresh')
        self.spool = self.dir + '/spool'
        self.conf = self.dir + '/etc/omni.conf'
        self.hooks, self.now = hooks, START
        self.env = environment(OMNI_CONF=self.conf,
                               ASAN_OPTIONS='detect_leaks=0')
        os.makedirs(self.dir + '/etc')
        os.makedirs(self.spool)
        self.write_conf(channels or (PLAYED if sim else LOCAL), more)

    def write_conf(self, channels, more=''):
        with open(self.conf, 'w') as f:
            f.write(configuration(self.sim, channels, self.hooks) + more)

    def keep(self):
        shutil.copytree(self.dir, self.fresh)

    def reset(self):
        shutil.rmtree(self.dir)
        shutil.copytree(self.fresh, self.dir)
        self.now = START
        if self.sim:
            self.sim.forget()

    def run(self, *args, data=b'', at=None, env=None):
        if at is None:
            at = self.now
        given = dict(self.env, **(env or {}))
        if at:
            given['OMNI_NOW'] = at
        return subprocess.run(args, env=given, input=data,
                              capture_output=True)

    def must(self, *args, ok=(0,), **more):
        done = self.run(*args, **more)
        if done.returncode not in ok:
            raise Trouble('%s: status %d: %s' % (
                ' '.join(args), done.returncode, done.stderr.decode()))
        return done

    def records(self, program, records, *args, **more):
        return self.must(program, *args, data=ndjson(records), **more)

    def sql(self, text, *args):
        import sqlite3
        db = sqlite3.connect('file:%s/ledger.db?mode=ro' % self.spool,
                             uri=True, timeout=20)
        try:
            return db.execute(text, args).fetchall()
        finally:
            db.close()

    # What a web server and a mail server do.

    def cgi(self, path, query, body, headers, prefix=(), method='POST',
            at=None):
        return self.run(*prefix, 'omni-ingest', data=body, at=at,
                        env=cgi_environment(path, query, body, headers,
                                            method))

    def spool_file(self, name, hook, body, query='', kind=FORM):
        """As the front half keeps it."""
        folder = self.spool + '/inbound/new'
        os.makedirs(folder, exist_ok=True)
        with open('%s/%s' % (folder, name), 'wb') as f:
            f.write(('Hook: %s\nReceived: %s\nContent-Type: %s\nQuery: %s\n'
                     'Token: \n\n' % (hook, self.now, kind, query)).encode() +
                    body)

    def webhooks(self, at=None):
        """Hands over what the providers had to tell; each once."""
        told = []
        while self.sim.control('GET')['callbacks']['waiting'] > 0:
            time.sleep(0.01)
        for name in sorted(os.listdir(self.sim.hooks)):
            path = os.path.join(self.sim.hooks, name)
            with open(path, 'rb') as f:
                head, body = f.read().split(b'\r\n\r\n', 1)
            os.unlink(path)
            method, where, headers = request_of(head)
            path, _, query = re.sub('^https?://[^/]*', '', where).partition(
                '?')
            done = self.cgi(path or '/whatsapp', query, body, headers,
                            method=method, at=at)
            if b'Status: 20' in done.stdout:
                told.append({'hook': path.lstrip('/'),
                             'body': body.decode()})
        return told


def cgi_environment(path, query, body, headers, method='POST'):
    """What a web server hands on of a request."""
    env = {'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': method,
           'PATH_INFO': path, 'QUERY_STRING': query,
           'CONTENT_LENGTH': str(len(body)), 'CONTENT_TYPE': FORM}
    for name, value in headers.items():
        name = name.upper().replace('-', '_')
        if name == 'CONTENT_TYPE':
            env[name] = value
        elif name != 'CONTENT_LENGTH':
            env['HTTP_' + name] = value
    return env


def request_of(head):
    lines = head.decode().split('\r\n')
    method, where = lines[0].split(' ')[:2]
    return method, where, dict(line.split(': ', 1) for line in lines[1:]
                               if line)


def ndjson(records):
    return ''.join(json.dumps(r) + '\n' for r in records).encode()


def phone(i):
    return '+5255123456%02d' % (70 + i)


def message(name, channel, account, to, text, **more):
    """A record as the filters would hand it on."""
    return dict({'id': name, 'channel': channel, 'account': account, 'to': to,
                 'text': text, 'class': 'alert', 'route': {},
                 'expires_at': '2026-11-30T00:00:00Z'}, **more)


def appointment(name, at, contact):
    return {'id': name, 'type': 'appointment', 'at': at, 'contact': contact,
            'vars': {'owner_name': 'Ana', 'pet_name': 'Luna'}}


def twilio_signature(url, pairs):
    text = url + ''.join(k + v for k, v in sorted(pairs.items()))
    return base64.b64encode(hmac.new(
        SECRETS['SIM_TOKEN'].encode(), text.encode(), hashlib.sha1
    ).digest()).decode()


def twilio(path, query='', hooks=HOOKS, **pairs):
    """(path, query, body, headers) of a webhook of Twilio's."""
    url = hooks + path + ('?' + query if query else '')
    return path, query, urlencode(pairs).encode(), {
        'X-Twilio-Signature': twilio_signature(url, pairs)}


def whatsapp(value):
    value = dict(value, messaging_product='whatsapp', metadata={
        'display_phone_number': OURS[1:],
        'phone_number_id': '106540352242922'})
    body = json.dumps({'object': 'whatsapp_business_account', 'entry': [
        {'id': '1', 'changes': [{'field': 'messages', 'value': value}]}
    ]}).encode()
    mac = hmac.new(SECRETS['SIM_SECRET'].encode(), body, hashlib.sha256)
    return '/whatsapp', '', body, {
        'Content-Type': 'application/json',
        'X-Hub-Signature-256': 'sha256=' + mac.hexdigest()}


def link_token(letter, id, ends=1795474800 + 86400):
    def url(data):
        return base64.urlsafe_b64encode(data).decode().rstrip('=')
    text = '1' + letter + url(((ends + 899) // 900).to_bytes(3, 'big')) + \
        re.sub(rb'[^A-Za-z0-9.-]', lambda m: b'_%02X' % m[0][0],
               id.encode()).decode()
    mac = hmac.new(SECRETS['LINKS_KEY'].encode(),
                   ('omni link ' + text).encode(), hashlib.sha256)
    return text + url(mac.digest()[:10])
