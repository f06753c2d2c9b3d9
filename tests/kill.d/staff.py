"""omni-inbox, omni-inbox-cgi and omni-mcp: what people and assistants do."""

import json
import re
from urllib.parse import urlencode

import rehearsal as r
from scenario import SOON, Scenario, appointment, text_message

ROSA, TEXT = 'contact:rosa', 'Sí, puede tomar agua.'
NOON = '2026-11-24T18:05:00Z'


class Staff(Scenario):
    """A clinic at which people have written, and two who want a call."""

    more = '[staff ana]\nname = Ana\n[staff luis]\nname = Luis\n'
    finish = [(SOON, 'omni-send-sms', '-q')]

    def __init__(self, work):
        super().__init__(work)
        self.site.env['USER'] = 'ana'
        for name in 'SUDO_USER', 'GATEWAY_INTERFACE':
            self.site.env.pop(name, None)

    def prepare(self):
        super().prepare()
        s = self.site
        s.records('omni-contact', [
            {'id': id, 'name': id.title(), 'phone': '55 1234 567%d' % n}
            for n, id in enumerate(['rosa', 'luz'], 1)], 'import', '-q')
        s.records('omni-schedule', [appointment(
            n, at='2026-11-24T12:00') for n in (1, 2)], '-q')
        s.must('omni-run', ok=(0, 1))
        for n, (sender, said) in enumerate([
                ('71', 'Puede tomar agua en el ayuno?'), ('71', 'Gracias'),
                ('72', 'Tienen croquetas?'), ('79', 'Hola, ayuno?')]):
            s.spool_file(str(n), 'twilio/sms', urlencode({
                'MessageSid': 'SM%032d' % n, 'From': '+5255123456' + sender,
                'To': '+525587654321', 'Body': said}).encode())
        for n in (1, 2):
            s.spool_file('5%d' % n, 'confirm', b'answer=call_back',
                         query='t=' + r.link_token('c', 'a%d.r1/1' % n))
        s.must('omni-ingest', '-q')
        s.must('omni-inbox', 'tag', 'rosa', 'nueva')
        self.flags = [str(id) for id, in s.sql(
            "SELECT id FROM flag WHERE kind = 'call_back'")]
        if len(self.flags) != 2:
            raise r.Trouble('there are no two flags to resolve')

    def times(self, id):
        """How often a message has gone out."""
        try:
            with open(self.site.spool + '/console.txt') as f:
                return f.read().count('(%s, attempt' % id)
        except FileNotFoundError:
            return 0


# -------------------------------------------------------------- omni-inbox

class Inbox(Staff):
    program = 'omni-inbox'
    counts = False      # who says a thing twice has said so twice


class InboxReply(Inbox):
    """An answer that has a name goes out once, however often it is given."""

    args = ['omni-inbox', 'reply', '-j', '--id', 'answer', 'rosa', TEXT]
    counts = True

    def accepted(self, done):
        for line in done.stdout.split(b'\n')[:-1]:
            yield json.loads(line)

    def complaints(self):
        if self.times('answer') != 1:
            yield 'the answer went out %d times' % self.times('answer')


class InboxAssign(Inbox):
    args = ['omni-inbox', 'assign', 'rosa', 'luis']


class InboxSubject(Inbox):
    args = ['omni-inbox', 'subject', 'rosa', 'El ayuno']


class InboxTag(Inbox):
    args = ['omni-inbox', 'tag', 'rosa', 'urgente', 'ayuno']


class InboxRead(Inbox):
    args = ['omni-inbox', 'read', 'rosa', 'luz']


class InboxClose(Inbox):
    args = ['omni-inbox', 'close', 'rosa', 'luz']


class InboxResolve(Inbox):
    counts = True
    ok = (0, 1)

    def prepare(self):
        super().prepare()
        self.args = ['omni-inbox', 'resolve'] + self.flags


class InboxRelease(Inbox):
    """What was held goes out once."""

    args = ['omni-inbox', 'release', 'm1']
    counts = True
    ok = (0, 1)

    def prepare(self):
        super().prepare()
        self.site.records('omni-queue', [text_message(
            1, contact={'id': 'rosa'})], '-q', '--hold', 'x')

    def complaints(self):
        if self.times('m1') != 1:
            yield 'it went out %d times' % self.times('m1')


class InboxSearch(Inbox):
    """The index is whole after any kill, and finds what it must."""

    args = ['omni-inbox', 'search', '-j', 'ayuno']
    finish = []

    def complaints(self):
        found = self.command()
        who = sorted(json.loads(line)['person']
                     for line in found.stdout.splitlines())
        if who != ['+525512345679', 'Rosa']:
            yield 'it finds %s: %s' % (who, found.stderr.decode())
        done = self.site.run('sqlite3', self.site.spool + '/search.db',
                             'PRAGMA integrity_check; SELECT count(*) FROM '
                             'words; SELECT row FROM known')
        rows, = self.site.sql('SELECT count(*), max(rowid) FROM message')
        if done.stdout.decode().split() != ['ok', *map(str, rows)]:
            yield 'the index of %s messages is %s' % (rows, done)


class InboxSearchAnew(InboxSearch):
    """An index that is of another ledger is made anew."""

    def prepare(self):
        super().prepare()
        self.site.must('omni-inbox', 'search', 'ayuno')
        self.site.must('sqlite3', self.site.spool + '/search.db',
                       "UPDATE known SET message = 'another'")


# ---------------------------------------------------------- omni-inbox-cgi

class Desk(Staff):
    """A form; who gets no answer presses once more, and that is shown."""

    program = 'omni-inbox-cgi'
    counts = False
    again = b'Status: 303'

    def prepare(self):
        super().prepare()
        page = self.ask('GET', '/conversation', 'id=' + ROSA)
        names = dict(re.findall(r'name="(token|last)" value="([^"]+)"',
                                page.stdout.decode()))
        if len(names) != 2:
            raise r.Trouble('no form: %s' % page)
        self.path, fields = self.form()
        self.body = urlencode(dict(names, id=ROSA, **fields)).encode()

    def form(self):
        """(path, fields)"""
        raise NotImplementedError

    def is_done(self):
        """Whether the ledger has what the form asks for."""
        raise NotImplementedError

    def ask(self, method, path, query='', body=b'', prefix=()):
        return self.site.run(*prefix, 'omni-inbox-cgi', data=body, env={
            'GATEWAY_INTERFACE': 'CGI/1.1', 'REQUEST_METHOD': method,
            'SCRIPT_NAME': '/inbox', 'PATH_INFO': path,
            'QUERY_STRING': query, 'REMOTE_USER': 'ana',
            'CONTENT_TYPE': 'application/x-www-form-urlencoded',
            'CONTENT_LENGTH': str(len(body))})

    def command(self, *prefix):
        return self.ask('POST', self.path, body=self.body, prefix=prefix)

    def accepted(self, done):
        self.early = done.stdout.startswith(b'Status: 303') and \
            not self.is_done()
        return []

    def recover(self, taken):
        done = self.command()
        if done.returncode or not done.stdout.startswith(self.again):
            raise r.Trouble('once more: %s' % done)
        self.sweep()

    def complaints(self):
        if self.early:
            yield 'it was acknowledged, and is not in the ledger'
        if not self.is_done():
            yield 'it is not done'


class DeskReply(Desk):
    counts = True
    name = '0123456789' * 2 + 'abcdef'

    def form(self):
        return '/send', {'form': self.name, 'text': TEXT}

    def is_done(self):
        return self.site.sql('SELECT 1 FROM message WHERE id = ?', self.name)

    def complaints(self):
        yield from super().complaints()
        if self.times(self.name) != 1:
            yield 'the answer went out %d times' % self.times(self.name)


class DeskAssign(Desk):
    def form(self):
        return '/act', {'set': 'assignee', 'value': 'luis'}

    def is_done(self):
        return self.site.sql('SELECT 1 FROM conversation WHERE id = ? AND '
                             "assignee = 'luis'", ROSA)


class DeskResolve(Desk):
    counts = True
    again = b'Status: 409'      # it is resolved already

    def form(self):
        return '/act', {'resolve': self.flags[0], 'back': 'flags'}

    def is_done(self):
        return self.site.sql("SELECT 1 FROM flag WHERE id = ? AND "
                             "resolved_by = 'ana'", self.flags[0])

    def recover(self, taken):
        if not self.is_done():
            self.command()
        super().recover(taken)


# ---------------------------------------------------------------- omni-mcp

class Mcp(Staff):
    """A call with its key is repeated: one message, and a person's word."""

    program = 'omni-mcp'
    args = ['omni-mcp', '--allow', 'send,schedule']
    tool, arguments = None, {}
    sent = SOON

    def prepare(self):
        super().prepare()
        self.records = [
            {'id': 1, 'method': 'initialize', 'params': {
                'protocolVersion': '2025-11-25', 'capabilities': {},
                'clientInfo': {'name': 'probe', 'version': '1'}}},
            {'method': 'notifications/initialized'},
            {'id': 2, 'method': 'tools/call', 'params': {
                'name': self.tool, 'arguments': dict(
                    self.arguments, contact='rosa', channel='sms',
                    idempotency_key='k1')}}]
        self.records = [dict(one, jsonrpc='2.0') for one in self.records]

    def accepted(self, done):
        for line in done.stdout.split(b'\n')[:-1]:
            answer = json.loads(line)
            if answer['id'] == 2:
                yield {'id': self.answered(answer)['message_id']}

    @staticmethod
    def answered(answer):
        if 'error' in answer or answer['result'].get('isError'):
            raise r.Trouble('refused: %s' % answer)
        return answer['result']['structuredContent']

    def recover(self, taken):
        self.repeated = []
        for _ in range(2):
            done = self.command()
            answer = json.loads(done.stdout.splitlines()[-1])
            self.repeated.append(self.answered(answer)['repeated'])
        self.site.must('omni-send-sms', '-q', at=self.sent)
        self.held = self.site.sql("SELECT id, state FROM message WHERE "
                                  "author = 'assist:mcp'")
        self.site.must('omni-queue', 'release', 'mcp-k1', '-q', at=self.sent)
        self.site.must('omni-send-sms', '-q', at=self.sent)

    def complaints(self):
        if not self.repeated[-1]:
            yield 'the call once more is not known as such'
        if self.held != [('mcp-k1', 'held')]:
            yield 'what it wrote was %s' % self.held
        if self.times('mcp-k1') != 1:
            yield 'it went out %d times' % self.times('mcp-k1')


class McpSend(Mcp):
    tool, arguments = 'send_message', {'message': TEXT}


class McpSchedule(Mcp):
    tool = 'schedule_reminder'
    arguments = {'message': TEXT, 'reminder_type': 'follow_up',
                 'scheduled_for': '2026-11-24T12:00'}
    sent = NOON


# ------------------------------------------------------------- omni-assist

class Assist(Staff):
    """It asks a model about four messages, and dies; what it wrote is lost."""

    program, args, finish = 'omni-assist', ['omni-assist', '--waiting'], []
    counts = False      # what died before its answer is asked about again

    def __init__(self, work):
        super().__init__(work)
        self.model = r.Simulator(
            work, '-o', 'llm_key=' + r.SECRETS['SIM_TOKEN'])
        self.site.write_conf(r.LOCAL, self.more + (
            '[provider model]\nkind = openai\nbase_url = %s\n'
            'access_token = env:SIM_TOKEN\n'
            '[assist]\nprovider = model\nmodel = m\n' % self.model.http))

    def close(self):
        self.model.__exit__()
        super().close()

    def recover(self, taken):
        for _ in range(2):
            said = self.site.must(*self.args).stdout
            self.site.must('omni-queue', '-q', data=said)
        self.left = said

    def complaints(self):
        drafts = self.site.sql("SELECT id FROM message WHERE "
                               "author = 'assist' AND state = 'held'")
        if len(drafts) != 4:
            yield 'its drafts are %s' % drafts
        if self.left:
            yield 'something is left to do: %s' % self.left
        asked = self.site.sql('SELECT count(*), count(outcome) FROM assist')
        if asked[0][1] != 4 or asked[0][0] > 5:
            yield '%d questions, %d answers' % asked[0]


ALL = [InboxReply, InboxAssign, InboxSubject, InboxTag, InboxRead, InboxClose,
       InboxResolve, InboxRelease, InboxSearch, InboxSearchAnew, DeskReply,
       DeskAssign, DeskResolve, McpSend, McpSchedule, Assist]
