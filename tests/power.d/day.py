"""A clinic's day for tests/power: what comes in, what goes out, in small."""

import email
import glob
import os
import re
import sqlite3
import subprocess
from email import policy
from urllib.parse import quote

import rehearsal as r

HOOKS = 'https://hooks.example.com/omni'
PEOPLE = 6
NOON = '2026-11-23T23:10:00Z'
EVENING = '2026-11-24T01:05:00Z'
CHANNELS = [c for c in r.PLAYED if c[0] not in ('ses', 'push')] + [
    ('paper', 'email', 'maildir', '')]
LADDER = '''[ladder appointment]
template = appointment_reminder
step.1 = -24h email
step.2 = +2h sms
step.3 = -1h flag
'''
MORE = '''[mail]
bounce_domain = bounces.clinic.example
# The recorder opens its log when it likes, which no confined program may.
[ingest]
confine = no
[filter]
confine = no
[send]
confine = no
'''


def address(i):
    return 'persona%d@example.org' % i


def environment(site, at, **more):
    return r.environment(OMNI_CONF=site + '/etc/omni.conf', OMNI_NOW=at,
                         **more)


def simulator(world, at, *options, **more):
    """The providers; what they have accepted lies in `world`/sim."""
    return r.Simulator(world, '--callback-delay', '0', *options, hooks=True,
                       env=r.environment(OMNI_NOW=at, **more))


def configure(site, sim):
    os.makedirs(site + '/etc', exist_ok=True)
    with open(site + '/etc/omni.conf', 'w') as f:
        f.write(r.configuration(sim, CHANNELS, HOOKS, LADDER) + MORE)


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
            [a.replace('SITE', site) for a in self.argv], input=self.data,
            capture_output=True,
            env=environment(site, self.at, **self.env, **more))
        self.status, self.output = done.returncode, done.stdout
        self.said = done.stderr.decode(errors='replace')
        return self


def cgi(label, at, path, query, body, headers):
    return Step(label, at, ['omni-ingest', '--cgi'], body,
                r.cgi_environment(path, query, body, headers))


def twilio(label, at, path, query='', **form):
    return cgi(label, at, *r.twilio(path, query, HOOKS, **form))


def whatsapp(label, at, value):
    return cgi(label, at, *r.whatsapp(value))


def contact(i):
    return {'id': 'c%d' % i, 'name': 'Persona %d' % i, 'email': address(i),
            'phone': r.phone(i)}


def appointment(i, at):
    return r.appointment('a%d' % i, at, contact(i))


def ad_hoc(name, channel, account, to, **more):
    return r.message(name, channel, account, to, 'Aviso ' + name,
                     subject='Aviso ' + name, **more)


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
            'statuses': [
                {'id': wamid, 'status': 'delivered',
                 'timestamp': '1795475500',
                 'recipient_id': r.phone(0)[1:],
                 'biz_opaque_callback_data': '%s.%d' % (message, number)}]})
        step.find = 'whatsapp:%s:delivered' % wamid
        yield step


def answers(site, at):
    """What people say: by SMS, on a page, by WhatsApp and by mail."""
    form = {'AccountSid': 'AC' + '0' * 32, 'To': r.OURS, 'NumMedia': '0'}
    yield twilio('cgi', at, '/twilio/sms', MessageSid='SM%032d' % 1,
                 From=r.phone(1), Body='SI', **form)
    yield twilio('cgi', at, '/twilio/sms', MessageSid='SM%032d' % 2,
                 From=r.phone(2), Body='STOP', **form)
    yield cgi('cgi', at, '/confirm', 't=%s&l=es' % link(site, 'confirm', 3),
              b'answer=confirm&do=confirm', {})
    yield cgi('cgi', at, '/unsubscribe',
              't=' + link(site, 'unsubscribe', 5),
              b'List-Unsubscribe=One-Click', {})
    yield whatsapp('cgi', at, {
        'contacts': [{'wa_id': '521' + r.phone(4)[3:],
                      'profile': {'name': 'Persona 4'}}],
        'messages': [{'from': '521' + r.phone(4)[3:], 'id': 'wamid.in1',
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
    yield Step('ledger', r.START, ['omni-ledger', 'init'])
    yield Step('contact', r.START, ['omni-contact', 'import'],
               r.ndjson(contact(i) for i in range(PEOPLE)))
    yield Step('schedule', r.START, ['omni-schedule'], r.ndjson(
        appointment(i, '2026-11-24T10:00') for i in range(PEOPLE)))
    yield Step('run', r.START, ['omni-run'])


def noon(site):
    at = NOON
    yield Step('queue', at, ['omni-queue'], r.ndjson([
        ad_hoc('q1', 'sms', 'sms', '+525512345661'),
        ad_hoc('q2', 'sms', 'sms', '+525512345662'),
        ad_hoc('q3', 'whatsapp', 'whatsapp', '+525512345663',
               whatsapp=r.TEMPLATE),
        ad_hoc('q4', 'email', 'paper', 'q4@example.org'),
        ad_hoc('q5', 'sms', 'sms', '+525512345665'),
        ad_hoc('q6', 'voice', 'voice', '+525512345666'),
        ad_hoc('q7', 'push', 'ntfy', 'topic-7')]))
    yield Step('change', at, ['omni-queue', 'hold', 'q5'])
    for program in ('sms', 'wa', 'mail', 'voice', 'push'):
        yield Step('send', at, ['omni-send-' + program])
    yield from receipts(site, '2026-11-23T23:12:00Z')
    yield from answers(site, '2026-11-23T23:20:00Z')
    yield Step('drain', '2026-11-23T23:21:00Z', ['omni-ingest'])


def evening(_site):
    at = EVENING
    form = {'AccountSid': 'AC' + '0' * 32, 'To': r.OURS, 'NumMedia': '0'}
    yield Step('change', at, ['omni-queue', 'cancel', 'q5'])
    yield Step('other', at, ['omni-contact', 'import'], r.ndjson([contact(9)]))
    yield Step('other', at, ['omni-queue', '-q'], r.ndjson([ad_hoc(
        'q9', 'sms', 'sms', r.phone(9), contact={'id': 'c9'})]))
    step = Step('other', at, ['omni-contact', 'forget', 'c9'])
    step.forgotten = [address(9).encode(), r.phone(9).encode()]
    yield step
    yield Step('schedule', at, ['omni-schedule', '--full'], r.ndjson(
        [appointment(i, '2026-11-24T1%d:00' % (i == 5))
         for i in range(1, PEOPLE)] + [{'end': True, 'count': PEOPLE - 1}]))
    yield Step('set', at, ['omni-contact', 'set', 'c0', 'name=Persona Cero'])
    yield Step('run', at, ['omni-run'])
    yield twilio('cgi', at, '/twilio/sms', MessageSid='SM%032d' % 3,
                 From=r.phone(0), Body='No puedo ir', **form)
    # Nothing can be made of this one: it is set aside.
    yield twilio('cgi', at, '/twilio/sms', From=r.phone(0), Body='Hola')
    yield Step('drain', '2026-11-24T01:06:00Z', ['omni-ingest'])
    yield Step('other', at, ['omni-ledger', 'export'])
    yield Step('backup', at, ['omni-ledger', 'backup',
                              'SITE/spool/copy.db'])


def live(site, log, shim):
    """The day, recorded; its steps, each with a label of its own."""
    world = os.path.dirname(site)
    more = {'POWERCUT_LOG': log, 'POWERCUT_ROOTS': '%s:%s/sim' % (
        site, world), 'LD_PRELOAD': shim,
        'ASAN_OPTIONS': 'verify_asan_link_order=0:detect_leaks=0'}
    steps, ports = [], []
    for at, part in ((r.START, morning), (NOON, noon), (EVENING, evening)):
        with simulator(world, at, *ports, POWERCUT_LABEL='simulator',
                       **more) as sim:
            # To be found again at the same place.
            ports = ['-p', sim.http.rsplit(':', 1)[1],
                     '-s', sim.smtp.rsplit(':', 1)[1]]
            configure(site, sim)
            for step in part(site):
                step.label = '%s:%d' % (step.label, len(steps))
                step.run(site, POWERCUT_LABEL=step.label, **more)
                steps.append(step)
    return steps
