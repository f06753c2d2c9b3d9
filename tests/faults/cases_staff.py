"""What staff and assistants start, a whole run, a replay, and Web Push."""

import json
import os
import re
from urllib.parse import urlencode

import cases
from cases import Case, lines, message, must

PERSON = {'USER': 'ana', 'SUDO_USER': ''}
# A key of a browser: the curve's own generator.
POINT = ('BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFiv'
         'OM1drMV7Oy7ZAaDe_UfU')
cases.ENVIRONMENT['SIM_KEY'] = 'A' * 42 + 'E'
cases.CONF += '''[provider browsers]
kind = webpush
private_key = env:SIM_KEY
subject = mailto:citas@clinic.example
allow = 127.0.0.1
'''


# -------------------------------------------------------------------- fixtures

def subscribed(runner):
    must(runner, ['omni-queue', '-q'], lines(message(
        0, 'push', json.dumps({
            'endpoint': runner.simulator.http + '/push/device-0',
            'keys': {'p256dh': POINT, 'auth': 'AAECAwQFBgcICQoLDA0ODw'}}))))


def written(runner):
    for number, body in (1, 'Croquetas'), (2, 'Hola'):
        data, env = cases.twilio(number, body)
        must(runner, ['omni-ingest'], data, env)
    must(runner, ['omni-ingest', '-q'])
    if b'Croquetas' not in must(runner, ['omni-inbox', 'show', 'c0']):
        raise Exception('nobody has written')


def set_aside(runner):
    """What came in is in bad/, each with a reason."""
    cases.incoming(runner)
    new, bad = (runner.site + '/spool/inbound/' + d for d in ('new', 'bad'))
    os.makedirs(bad, exist_ok=True)
    for name in os.listdir(new):
        os.rename('%s/%s' % (new, name), '%s/%s' % (bad, name))
        with open('%s/%s.reason' % (bad, name), 'w') as f:
            f.write('why\n')


def due(runner):
    """A message, and one that came in and has to do with no step, besides
    the steps that are due."""
    must(runner, ['omni-ingest', '--mail'],
         cases.MAIL.replace(b'ana0@', b'eva@'))
    must(runner, ['omni-queue', '-q'], cases.mails())


cases.FIXTURES.update(webpush=subscribed, written=written, aside=set_aside,
                      due=due)
# They have the simulator's port in them.
cases.OWN.add('webpush')


# ------------------------------------------------------------------------ forms

def request(method, path, query='', body=b''):
    return dict(PERSON, GATEWAY_INTERFACE='CGI/1.1', REQUEST_METHOD=method,
                SCRIPT_NAME='/inbox', PATH_INFO=path, QUERY_STRING=query,
                REMOTE_USER='ana',
                CONTENT_TYPE='application/x-www-form-urlencoded',
                CONTENT_LENGTH=str(len(body)))


def form(path, **fields):
    """What the browser sends, with what stands in the form of this site."""
    def fill(runner):
        page = must(runner, ['omni-inbox-cgi'],
                    env=request('GET', '/conversation', 'id=contact:c0'))
        found = dict(re.findall(r'name="(token|last)" value="([^"]+)"',
                                page.decode()))
        body = urlencode(dict(found, id='contact:c0', **fields)).encode()
        return body, request('POST', path, body=body)
    return fill


def call(tool, **arguments):
    """A client that asks for one thing, with a key, and goes away."""
    return lines(*[dict(one, jsonrpc='2.0') for one in (
        {'id': 1, 'method': 'initialize', 'params': {
            'protocolVersion': '2025-11-25', 'capabilities': {},
            'clientInfo': {'name': 'probe', 'version': '1'}}},
        {'method': 'notifications/initialized'},
        {'id': 2, 'method': 'tools/call', 'params': {
            'name': tool, 'arguments': arguments}})])


def desk(name, answer, data, **more):
    return Case(name, 'written', ['omni-inbox-cgi'], data, cgi=answer,
                **more)


def inbox(name, *options, **more):
    return Case(name, 'written', ['omni-inbox', *options], env=PERSON,
                again=(0, 1), **more)


def mcp(name, tool, **arguments):
    # What it could not do is an answer of its own.
    return Case(name, 'written', ['omni-mcp', '--allow', 'send,schedule'],
                call(tool, **arguments), prints=True, allowed={0},
                refusals=(b'"isError":true', b'"error":{'))


SEARCH = ['search', '-j', 'croquetas']

CASES = [
    # Bash itself; the programs that it starts have cases of their own.
    Case('omni-run', 'due', ['omni-run'], program='bash', again=(0, 1, 75),
         recover=[(['omni-run'], {'OMNI_NOW': at}) for at in cases.LATER]),
    cases.sender('omni-send-push webpush', 'webpush', '-o',
                 'channel push.provider=browsers', '-o',
                 'channel push.doubt=resend'),
    Case('omni-ingest --replay', 'aside', ['omni-ingest', '--replay'],
         recover=cases.DRAIN + cases.SEND, glib=True,
         program='omni-ingest:omni-ingest-drain'),
    inbox('omni-inbox list', 'list', '-j'),
    inbox('omni-inbox show', 'show', '-j', 'c0'),
    inbox('omni-inbox reply', 'reply', '-j', '--id', 'answer', 'c0', 'Hola',
          recover=cases.SEND),
    inbox('omni-inbox tag', 'tag', 'c0', 'urgente'),
    inbox('omni-inbox search', *SEARCH, shows=['omni-inbox', *SEARCH]),
    desk('omni-inbox-cgi list', b'Status: 200', b'',
         env=request('GET', '/')),
    desk('omni-inbox-cgi reply', b'Status: 303',
         form('/send', form='0123456789' * 2 + 'abcdef', text='Hola'),
         recover=cases.SEND),
    desk('omni-inbox-cgi act', b'Status: 303', form('/act', close='1')),
    desk('omni-inbox-cgi search', b'Status: 200', b'',
         env=request('GET', '/search', 'q=croquetas'),
         shows=['omni-inbox', *SEARCH]),
    mcp('omni-mcp send', 'send_message', contact='c0', message='Hola',
        idempotency_key='k1'),
    mcp('omni-mcp schedule', 'schedule_reminder', contact='c0',
        message='Hola', reminder_type='follow_up',
        scheduled_for='2026-11-25T10:00', idempotency_key='k1'),
    mcp('omni-mcp read', 'get_unread_messages'),
]
