"""A site at rest: its ledger against the replay, its spool, its secrets."""

import configparser
import fcntl
import glob
import json
import os
import sqlite3
import stat
import subprocess
import time
import urllib.parse
import zoneinfo

from outside import Accepted, Sent
from replay import FINAL, SLACK, Replay, when

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SWEPT = 37 * 3600
DEFAULTS = '''
[class transactional]
quiet = no
[class alert]
quiet = no
[topic marketing]
class = marketing
default = no
[topic promotion]
class = marketing
default = no
'''


class Check:
    def __init__(self, site, override=(), settled=False, now=None):
        self.site, self.settled, self.now = site, settled, now
        self.violations = []
        self.conf = configparser.RawConfigParser(
            strict=False, delimiters='=', comment_prefixes=('#', ';'),
            inline_comment_prefixes=(' ;', ' #'))
        self.conf.optionxform = str
        self.conf.read_string(DEFAULTS)
        self.conf_file = os.path.join(site, 'etc', 'omni.conf')
        with open(self.conf_file) as f:
            self.conf.read_file(f)
        for text in override:
            name, value = text.split('=', 1)
            section, key = name.rsplit('.', 1)
            if not self.conf.has_section(section):
                self.conf.add_section(section)
            self.conf.set(section, key, value)
        self.ledger = self.path('paths', 'ledger', '../spool/ledger.db')
        self.spool = self.path('paths', 'spool', '../spool')

    def say(self, number, text, *args):
        self.violations.append('%d: ' % number + (
            text % args if args else text))

    def get(self, section, key, default=None):
        return self.conf.get(section, key, fallback=default)

    def path(self, section, key, default):
        return os.path.normpath(os.path.join(
            os.path.dirname(self.conf_file),
            self.get(section, key, default)))

    # The gate, at the row of an intent.

    def is_marketing(self, data):
        return 'marketing' in (data.get('class'), self.get(
            'topic %s' % data.get('topic'), 'class'))

    def gate(self, replay, m, at, started):
        what = '%s: attempt %d of %s' % (m.id, started['attempt'], at)
        now, channel = when(at), 'channel ' + started['channel']
        kind = self.get(channel, 'type', m.data.get('channel_type'))
        for number, why in self.reasons(replay, m, kind, now):
            self.say(number, '%s: %s', what, why)

    def reasons(self, replay, m, kind, now):
        data = m.data
        scopes = ['all', 'channel:%s' % kind]
        if data.get('topic'):
            scopes.append('topic:' + data['topic'])
        asked = [t for t in [data.get('topic')]
                 if self.get('topic %s' % t, 'default', 'yes') == 'no']
        if data.get('class') == 'marketing' and not self.is_marketing(
                dict(data, **{'class': None})):
            scopes.append('topic:marketing')
            asked.append('marketing')
        for scope in scopes:
            said = replay.consent.get((m.hash, scope))
            if said == 'out':
                yield 6, 'the address has opted out of ' + scope
            elif said is None and scope in replay.opt_out.get(m.contact, {}):
                yield 6, 'the contact has opted out of ' + scope
        for topic in asked:
            if replay.consent.get((m.hash, 'topic:' + topic)) != 'in':
                yield 6, 'nobody asked for ' + topic
        if (kind, m.hash) in replay.dead:
            yield 6, 'the address is dead'
        if when(data['expires_at']) <= now - SLACK:
            yield 6, 'it had expired at ' + data['expires_at']
        if when(m.due) > now:
            yield 6, 'it is due at ' + m.due
        yield from self.about(replay, m)
        if self.is_quiet(replay, m, kind, now) and \
                self.is_quiet(replay, m, kind, now - SLACK):
            yield 6, 'in quiet hours'

    def about(self, replay, m):
        id, revision = m.reminder()
        if id is None:
            return
        r = replay.reminders.get(id)
        given = m.data['reminder']
        wanted = ['cancelled'] if given.get('notice') == 'cancelled' else \
            ['open'] + ['confirmed'] * (given.get('if') == 'always')
        if r is None:
            yield 6, 'there is no reminder ' + id
        elif r['revision'] != revision:
            yield 6, 'its reminder has moved'
        elif r['state'] not in wanted:
            yield 6, 'its reminder is ' + r['state']

    def is_quiet(self, replay, m, kind, now):
        data = m.data
        section = 'class %s' % ('marketing' if self.is_marketing(data)
                                else data.get('class'))
        if kind != 'voice' and section != 'class marketing' and \
                self.get(section, 'quiet', 'yes') == 'no':
            return False
        start, end = replay.hours.get(m.contact, (None, None))
        given = self.given(m)
        start = start or given.get('quiet_start') or \
            self.get('quiet', 'start', '21:00')
        end = end or given.get('quiet_end') or self.get('quiet', 'end',
                                                        '09:00')
        zone = data.get('timezone') or self.get('site', 'timezone',
                                                'America/Mexico_City')
        try:
            wall = now.astimezone(zoneinfo.ZoneInfo(zone)).strftime('%H:%M')
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return False
        start, end = start.zfill(5), end.zfill(5)
        return start <= wall < end if start < end else \
            start != end and (wall >= start or wall < end)

    def given(self, m):
        """The preferences in the record itself, while its body is kept."""
        body = self.db.execute('SELECT body FROM content WHERE key = ?',
                               (m.data.get('content'),)).fetchone()
        if not body or not body[0]:
            return {}
        contact = json.loads(body[0]).get('contact')
        return (contact.get('preferences') or {}) \
            if isinstance(contact, dict) else {}

    # What the projections show against what the rows explain.

    def compare(self, replay):
        rows = self.db.execute(
            'SELECT id, direction, state, attempts, channel, due_at, content '
            'FROM message')
        last = when(self.now) if self.now else when(replay.at)
        known, contents = set(), {}
        for id, direction, state, attempts, channel, due, content in rows:
            known.add(id)
            m = replay.messages.get(id)
            if m is None:
                self.say(7, '%s: is %s, and no row says why', id, state)
                continue
            states = m.states | ({'cancelled'} if m.states & {
                'queued', 'held'} and replay.replaced(m) else set())
            if state not in states:
                self.say(7, '%s: is %s, and its rows make it %s', id, state,
                         ' or '.join(sorted(states)))
            if attempts != len(m.attempts):
                self.say(7, '%s: has %d attempts, and %d rows began one', id,
                         attempts, len(m.attempts))
            if m.attempts and contents.setdefault(content, id) != id:
                self.say(3, '%s: has the content of %s, and both were tried',
                         id, contents[content])
            if self.settled and not self.is_final(state, channel, due, last):
                self.say(2, '%s: is still %s', id, state)
        for id in replay.messages.keys() - known:
            self.say(7, '%s: is in the journal and not in the ledger', id)
        self.compare_more(replay)

    def is_final(self, state, channel, due, last):
        return state in FINAL or state == 'held' or state == 'queued' and (
            when(due) > last or
            self.get('channel %s' % channel, 'active', 'yes') == 'no')

    def compare_more(self, replay):
        shown = {(h, s): state for h, s, state in self.db.execute(
            'SELECT hash, scope, state FROM consent')}
        for key in shown.keys() | replay.consent.keys():
            if shown.get(key) != replay.consent.get(key):
                self.say(7, 'consent %s %s: %s, and the rows say %s',
                         key[0][:12], key[1], shown.get(key),
                         replay.consent.get(key))
        for id, revision in self.db.execute(
                'SELECT id, revision FROM reminder'):
            r = replay.reminders.get(id)
            if r is None or r['revision'] != revision:
                self.say(7, 'reminder %s: revision %d is not in the journal',
                         id, revision)
        for id, number in self.db.execute(
                'SELECT message, number FROM attempt'):
            m = replay.messages.get(id)
            if m is None or number not in m.attempts:
                self.say(7, '%s: attempt %d has no intent in the journal',
                         id, number)
        replay.desk.compare(self.db)

    # The files.

    def files(self, *parts):
        return sorted(glob.glob(os.path.join(self.spool, *parts)))

    def look_at_spool(self):
        for path in self.files('run', '*.lock'):
            with open(path) as f:
                try:
                    fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    self.say(0, '%s: somebody holds it',
                             os.path.relpath(path, self.spool))
        old = time.time() - SWEPT
        for path in self.files('inbound', 'tmp', '*') + \
                self.files('outbound', '*', 'tmp', '*') + \
                self.files('journal', 'tmp', '*'):
            if os.lstat(path).st_mtime < old:
                self.say(9, '%s: left since %s', os.path.relpath(
                    path, self.spool), time.ctime(os.lstat(path).st_mtime))
        for path in self.files('inbound', 'bad', '*') + \
                self.files('outbound', '*', 'bad', '*'):
            self.look_at_bad(path)
        for path in self.files('outbound', '*', 'new', '*') + \
                self.files('outbound', '*', 'cur', '*'):
            self.look_at_order(path)
        if self.settled:
            self.look_for_rests()

    def look_at_bad(self, path):
        name = os.path.relpath(path, self.spool)
        if path.endswith('.reason'):
            if self.settled and not os.path.lexists(path[:-7]):
                self.say(9, '%s: the reason for nothing', name)
        elif not os.path.exists(path + '.reason') or \
                os.stat(path + '.reason').st_size == 0:
            self.say(10, '%s: is set aside without a reason', name)

    def look_at_order(self, path):
        with open(path, 'rb') as f:
            lines = f.read().splitlines()
        for line in lines:
            try:
                id = json.loads(line)['id']
            except (ValueError, KeyError, TypeError):
                self.say(8, '%s: not a work order', path)
                continue
            if self.db.execute('SELECT 1 FROM message WHERE id = ?',
                               (id,)).fetchone() is None:
                self.say(8, '%s: orders %s, which the ledger does not have',
                         os.path.relpath(path, self.spool), id)

    def look_for_rests(self):
        for path in self.files('inbound', 'new', '*') + self.files(
                'inbound', 'cur', '*'):
            self.say(2, '%s: is not drained', os.path.relpath(
                path, self.spool))
        for path in self.files('run', 'cycle.*') + self.files(
                'media', 'tmp', '*') + self.files(
                'media', 'tmp', '.part') + self.files(
                '*.tmp') + self.files('outbound', '*', 'cur', '*'):
            # One name, which the next that writes the ledger takes again.
            if path.endswith('.seen.tmp'):
                continue
            self.say(9, '%s: is left', os.path.relpath(path, self.spool))

    def look_at_media(self, replay):
        named = set()
        for (id, position), data in replay.kept.items():
            path = os.path.join(self.spool, 'media', data['path'])
            named.add(path)
            if not os.path.exists(path) and not os.path.exists(os.path.join(
                    self.spool, 'media', 'tmp', data['digest'])):
                self.say(2, '%s: its file %s is gone', id, data['path'])
            elif os.path.exists(path) and \
                    os.path.getsize(path) != data['size']:
                self.say(2, '%s: its file %s has another size', id,
                         data['path'])
        for path in self.files('media', '[0-9]*', '*'):
            if self.settled and path not in named:
                self.say(9, '%s: is nobody\'s', os.path.relpath(
                    path, self.spool))

    def look_for_secrets(self):
        secrets = [os.environ.get(value[4:], '') for section in
                   self.conf.sections()
                   for _, value in self.conf.items(section)
                   if value.startswith('env:')]
        secrets = [s.encode() for s in secrets if len(s) >= 12]
        places = glob.glob(self.ledger + '*')
        for folder, _, names in os.walk(self.spool):
            places += [os.path.join(folder, n) for n in names]
        for path in set(places):
            if not stat.S_ISREG(os.lstat(path).st_mode):
                continue
            with open(path, 'rb') as f:
                text = f.read()
            if any(s in text for s in secrets):
                self.say(11, '%s: has a secret of the configuration', path)

    # The ledger itself.

    def open(self):
        if not os.path.exists(self.ledger):
            self.say(2, '%s: there is no ledger', self.ledger)
            return False
        self.db = sqlite3.connect('file:%s?mode=ro' % urllib.parse.quote(
            self.ledger), uri=True, timeout=20)
        for text, in self.db.execute('PRAGMA integrity_check'):
            if text != 'ok':
                self.say(7, 'integrity_check: %s', text)
        for row in self.db.execute('PRAGMA foreign_key_check'):
            self.say(7, 'foreign_key_check: %s', ' '.join(map(str, row)))
        return True

    def verify(self):
        done = subprocess.run(
            [ROOT + '/bin/omni-ledger', '-c', self.conf_file, 'verify'],
            env=dict(os.environ, ASAN_OPTIONS='detect_leaks=0'),
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            self.say(7, 'omni-ledger verify: status %d: %s', done.returncode,
                     (done.stdout + done.stderr).strip().replace('\n', '; '))

    def run(self, sent=(), accepted=()):
        try:
            self.look(sent, accepted)
        except sqlite3.DatabaseError as e:
            self.say(7, '%s: %s', self.ledger, e)
        self.verify()
        return self.violations

    def look(self, sent, accepted):
        if self.open():
            self.db.execute('BEGIN')
            replay = Replay(self)
            replay.play(self.db.execute(
                'SELECT seq, at, op, data FROM journal ORDER BY seq'))
            self.compare(replay)
            self.look_at_spool()
            self.look_at_media(replay)
            self.look_for_secrets()
            Sent(self, replay).look(sent)
            Accepted(self, replay).look(accepted)
            self.db.execute('ROLLBACK')
            self.db.close()
