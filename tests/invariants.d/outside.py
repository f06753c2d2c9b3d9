"""What others recorded: what went out, and what was acknowledged."""

import collections
import email.parser
import glob
import hashlib
import json
import os
import re
import urllib.parse

# Kinds of provider that the simulator plays.
PLAYED = ('twilio', 'whatsapp', 'ses', 'smtp', 'webpush', 'ntfy')
# What its records call otherwise than the ledger does.
KINDS = {'push': 'webpush'}


def lines_of(paths):
    for path in paths:
        with open(path, encoding='utf-8', errors='surrogateescape') as f:
            for line in f:
                if line.strip():
                    yield json.loads(line)


class Sent:
    """What went out against the intents and what came of them."""

    def __init__(self, check, replay):
        self.check, self.replay, self.say = check, replay, check.say
        self.times = collections.Counter()
        self.named = collections.Counter()     # (message, attempt)
        self.by_id, self.by_name = {}, {}
        for m in replay.messages.values():
            for number, a in m.attempts.items():
                end = (a['finished'] or {}).get('provider_id')
                if end:
                    self.by_id[end] = m
                    self.by_id[end.rsplit('/', 1)[-1]] = m
                self.by_name[a['data']['reference']] = (m, number)
        self.whom = collections.defaultdict(list)
        for id, body in check.db.execute(
                'SELECT m.id, c.body FROM message m JOIN content c ON '
                'c.key = m.address WHERE m.attempts > 0'):
            for name in self.names(body or ''):
                if id in replay.messages:
                    self.whom[name].append(replay.messages[id])

    @staticmethod
    def names(address):
        yield address.lower()
        if address.startswith('{'):
            yield json.loads(address).get('endpoint', '').rsplit(
                '/', 1)[-1].lower()

    def known(self, line):
        """(message, attempt or None) that a line of the provider's names."""
        name = line.get('reference')
        if name in self.by_name:
            return self.by_name[name]
        m = self.by_id.get(line.get('id')) or self.by_id.get(name)
        if m is None and name and name.startswith('<'):
            m = self.replay.messages.get(re.sub(
                '=([0-9A-F]{2})', lambda c: chr(int(c[1], 16)),
                name[1:].rsplit('@', 1)[0]))
        return m, None

    def find(self, line):
        """The same, or one to that address that has an attempt to spare."""
        m, number = self.known(line)
        if m is None:
            # A topic may be called as another provider's address is.
            kind = KINDS.get(line['provider'], line['provider'])
            m = min((m for m in self.whom[(line.get('to') or '').lower()]
                     if any(a['data']['provider'] == kind
                            for a in m.attempts.values())), default=None,
                    key=lambda m: self.times[m.id] - len(m.attempts))
        name = line.get('reference')
        if m is not None and name and not name.startswith('<'):
            self.by_id[name] = m
        return m, number

    def look(self, paths):
        lines = [line for line in lines_of(paths) if
                 line.get('kind', 'message') in ('message', 'call', 'mail')]
        # Those that no row names go to what is left then.
        for line in sorted(lines, key=lambda l: self.known(l)[0] is None):
            self.take(line, '%s %s' % (line['provider'], line['id']))
        kinds = self.look_here()
        if paths:
            kinds.update(PLAYED)
        self.judge(kinds)

    def take(self, line, name):
        m, number = self.find(line)
        if m is None or not m.attempts:
            self.say(3, '%s went out to %s, and no row says that it would',
                     name, line.get('to'))
            return
        self.times[m.id] += 1
        if number is not None:
            self.named[m.id, number] += 1
            if self.named[m.id, number] == 2:
                self.say(3, '%s: attempt %d went out twice', m.id, number)

    def look_here(self):
        """Maildirs and files of the console; which of them there are."""
        kinds = set()
        for section in self.check.conf.sections():
            kind = self.check.get(section, 'kind')
            if not section.startswith('provider ') or kind not in (
                    'maildir', 'console') or not self.check.get(
                    section, 'path'):
                continue
            kinds.add(kind)
            path = self.check.path(section, 'path', None)
            if kind == 'maildir':
                for name in glob.glob(path + '/new/*') + glob.glob(
                        path + '/cur/*'):
                    with open(name, 'rb') as f:
                        head = email.parser.BytesHeaderParser().parse(f)
                    self.take({'reference': head['Message-ID'],
                               'to': head['To'], 'provider': kind}, name)
            elif os.path.exists(path):
                with open(path, errors='replace') as f:
                    for m in re.finditer(
                            r'^\S+ to (.*) \((.*), attempt (\d+)\)$',
                            f.read(), re.M):
                        self.take({'reference': '%s.%s' % m.group(2, 3),
                                   'to': m[1], 'provider': kind}, m[0])
        return kinds

    def judge(self, kinds):
        for m in self.replay.messages.values():
            again = sum(1 for n, a in m.attempts.items()
                        if n < len(m.attempts) and a['finished'] and
                        a['finished'].get('outcome') == 'unknown')
            if self.times[m.id] > 1 + again:
                self.say(3, '%s: went out %d times, and %d of them were '
                         'in doubt', m.id, self.times[m.id], again)
            for n in m.attempts:
                self.judge_attempt(m, n, kinds)
            if m.states == {'sent'} and self.times[m.id] == 0 and any(
                    a['data']['provider'] in kinds
                    for a in m.attempts.values()):
                self.say(2, '%s: is sent, and nobody got it', m.id)

    def judge_attempt(self, m, n, kinds):
        end = m.attempts[n]['finished'] or {}
        if end.get('outcome') == 'later' and self.named[m.id, n] and \
                n < len(m.attempts):
            self.say(3, '%s: attempt %d was taken, and the ledger sent it '
                     'again as certainly not sent', m.id, n)


class Accepted:
    """What was acknowledged is in the ledger, the spool, or bad/."""

    def __init__(self, check, replay):
        self.check, self.replay, self.say = check, replay, check.say
        self.files = collections.defaultdict(list)
        for place in ('new', 'cur', 'bad', 'subscriptions'):
            for path in check.files('inbound', place, '*'):
                if not path.endswith('.reason') and os.path.isfile(path):
                    with open(path, 'rb') as f:
                        head, _, body = f.read().partition(b'\n\n')
                    self.files[body].append(head.decode('latin-1'))

    def look(self, paths):
        for line in lines_of(paths):
            if 'hook' in line:
                self.look_for_hook(line)
            elif 'reminder' in line and 'id' not in line:
                if line['reminder'] not in self.replay.reminders:
                    self.say(2, 'reminder %s: was accepted, and is gone',
                             line['reminder'])
            elif 'contact' in line and 'id' not in line:
                if self.check.db.execute(
                        'SELECT 1 FROM contact WHERE id = ?',
                        (line['contact'],)).fetchone() is None:
                    self.say(2, 'contact %s: was accepted, and is gone',
                             line['contact'])
            elif line['id'] not in self.replay.messages:
                self.say(2, '%s: was accepted, and is gone', line['id'])

    def look_for_hook(self, line):
        body = line['body'].encode('utf-8', 'surrogateescape')
        if any(re.search('^Hook: %s$' % re.escape(line['hook']), head, re.M)
               for head in self.files.get(body, [])):
            return
        for text in [line['find']] if 'find' in line else list(
                self.traces(line['hook'], body, line)):
            if not self.is_known(text):
                self.say(2, '%s: %s was acknowledged, and is gone',
                         line['hook'], text)

    def is_known(self, text):
        return text in self.replay.events or \
            'in:' + text in self.replay.messages or \
            self.check.db.execute(
                'SELECT 1 FROM journal WHERE instr(data, ?1) UNION ALL '
                'SELECT 1 FROM content WHERE instr(body, ?1) LIMIT 1',
                (text,)).fetchone() is not None

    def traces(self, hook, body, line):
        if hook.startswith('twilio/'):
            form = dict(urllib.parse.parse_qsl(body.decode('latin-1')))
            yield form.get('MessageSid') or form.get('SmsSid') or \
                form.get('CallSid') or '?'
        elif hook == 'whatsapp':
            for entry in json.loads(body).get('entry', []):
                for change in entry.get('changes', []):
                    for kind in ('messages', 'statuses'):
                        for one in change['value'].get(kind, []):
                            yield one['id']
        elif hook == 'ses':
            yield 'ses:' + json.loads(body)['MessageId']
        elif hook == 'mail':
            yield 'mail:%s:' % self.mail_key(body)
        else:
            yield 'link:%s' % hashlib.sha256(
                ('%s\n%s\n%s\n' % (hook, line['received'],
                                   line['query'])).encode() + body
            ).hexdigest()[:32]

    @staticmethod
    def mail_key(raw):
        """Of a mail whose headers are ASCII, and not folded."""
        head = email.parser.BytesHeaderParser().parsebytes(raw)
        start = min((raw.find(s) for s in (b'\n\n', b'\r\n\r\n')
                     if s in raw), default=len(raw))
        text = ''.join('%s\n' % (head[n] or '') for n in (
            'Message-ID', 'Date', 'From', 'Subject'))
        return hashlib.sha256(text.encode() + raw[start:]).hexdigest()[:32]
