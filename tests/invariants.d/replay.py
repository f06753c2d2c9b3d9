"""The journal played again by rules of its own, and what it says went wrong."""

import collections
import datetime
import hashlib
import json

from desk import Desk

FINAL = ('sent', 'failed', 'cancelled', 'expired', 'refused', 'received')
ARRIVED, FAILED = (1, 2, 4, 5), (3, 6, 7)    # ranks of receipts
# The clock is read some time before the row is written.
SLACK = datetime.timedelta(seconds=20)


def when(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


class Message:
    """A message as the rows so far leave it; states is what it may be in."""

    def __init__(self, row, data, states):
        self.id, self.data, self.states = data['id'], data, states
        self.contact, self.hash = data.get('contact'), data.get('hash')
        self.due, self.seq = data.get('due_at'), row[0]
        self.attempts, self.unwanted = {}, False
        self.ranks = set()

    def move(self, origins, to):
        self.states = {to if s in origins else s for s in self.states}

    def reminder(self):
        """(id, revision) of the reminder that it is about."""
        r = self.data.get('reminder') or {}
        return r.get('id'), r.get('revision')

    def hear(self):
        """What receipts make of a state."""
        if self.ranks & set(ARRIVED):
            self.move(('queued', 'held', 'cancelled', 'expired', 'in_doubt'),
                      'sent')
        if not self.ranks or not self.states & {'sent', 'failed', 'in_doubt'}:
            return
        if self.ranks & set(FAILED):
            self.states |= {'failed', 'in_doubt', 'sent'}
        else:
            self.states |= {'sent'}


class Replay:
    """The journal, row by row, by rules written from omni-ledger(5)."""

    def __init__(self, check):
        self.check, self.say = check, check.say
        self.messages, self.reminders = {}, {}
        self.consent, self.opt_out, self.hours = {}, {}, {}
        self.merged, self.dead = {}, set()
        self.events, self.waiting = set(), collections.defaultdict(list)
        self.references, self.kept = {}, {}
        self.desk = Desk(self)
        # Of a language model: {row: [message, outcome]}, and whose text the
        # model wrote, by the id that the answer to a message has.
        self.asked, self.drafted = {}, set()

    def play(self, rows):
        seq, at = 0, ''
        for row in rows:
            if row[0] != seq + 1:
                self.say(7, 'journal: row %d follows %d', row[0], seq)
            if row[1] < at:
                self.say(7, 'journal: row %d is of %s, before %s', row[0],
                         row[1], at)
            seq, at = row[0], row[1]
            self.at = at
            name = 'op_' + row[2].replace('.', '_')
            for one in self.desk, self:
                getattr(one, name, lambda row, data: None)(
                    row, json.loads(row[3]))

    def message(self, row, data):
        m = self.messages.get(data.get('id'))
        if m is None:
            self.say(7, 'journal: row %d, %s, is of no message: %s', row[0],
                     row[2], data.get('id'))
        return m

    # What is queued, and what ends it without being sent.

    def op_message_queued(self, row, data):
        old = self.messages.get(data['id'])
        if old is not None and old.states != {'refused'}:
            self.say(4, '%s: queued a second time in row %d', data['id'],
                     row[0])
            return
        self.messages[data['id']] = Message(
            row, data, {'held' if 'held' in data else 'queued'})
        if data.get('author') == 'assist:mcp' and 'held' not in data and \
                self.check.get('mcp', 'hold', 'yes') != 'no':
            self.say(6, '%s: an assistant wrote it, and it is not held for a '
                     'person', data['id'])
        if data.get('author') == 'assist' and \
                data['id'].startswith('assist:'):
            self.by_model(data)

    # What a language model was asked, and what became of it.

    def by_model(self, data):
        if data['id'] not in self.drafted:
            self.say(6, '%s: the model wrote it, and no row has its answer',
                     data['id'])
        modes = [self.check.get(name, key) for name, key in [
            ('assist', 'mode')] + [(s, 'assist') for s in
                                   self.check.conf.sections()
                                   if s.startswith('topic ')]]
        if 'held' not in data and 'answer' not in modes:
            self.say(6, '%s: the model wrote it, and it is not held for a '
                     'person', data['id'])

    def op_assist_asked(self, row, data):
        m = self.messages.get(data['message'])
        if m is None or m.states != {'received'}:
            self.say(7, '%s: a model is asked in row %d about what did not '
                     'come in', data['message'], row[0])
        self.asked[row[0]] = [data['message'], None]

    def op_assist_answered(self, row, data):
        ask = self.asked.get(data['ask'])
        if ask is None or ask[1] is not None:
            self.say(7, 'journal: row %d answers row %s, which asks nothing, '
                     'or has an answer', row[0], data['ask'])
            return
        ask[1] = data['outcome']
        if ask[1] == 'answered':
            self.drafted.add('assist:' + hashlib.sha256(
                ask[0].encode()).hexdigest()[:32])

    def op_message_refused(self, row, data):
        old = self.messages.get(data['id'])
        if old is None or old.states == {'refused'}:
            self.messages[data['id']] = Message(row, data, {'refused'})

    def op_message_received(self, row, data):
        if data['id'] in self.messages:
            self.say(4, '%s: received a second time in row %d', data['id'],
                     row[0])
        self.messages[data['id']] = Message(row, data, {'received'})

    def op_message_held(self, row, data):
        m = self.message(row, data)
        if m:
            m.move(('queued',), 'held')

    def op_message_released(self, row, data):
        m = self.message(row, data)
        if m:
            m.move(('held',), 'queued')

    def op_message_deferred(self, row, data):
        m = self.message(row, data)
        if m:
            m.due = data['due_at']

    def op_message_cancelled(self, row, data):
        m = self.message(row, data)
        if m:
            m.unwanted = bool(m.states & {'sending', 'in_doubt'})
            m.move(('queued', 'held'), 'cancelled')

    def op_message_expired(self, row, data):
        m = self.message(row, data)
        if m:
            m.move(('queued', 'held'), 'expired')

    def op_failover_ended(self, row, data):
        m = self.message(row, data)
        if m and data.get('state'):
            m.states |= {data['state']}

    def cancel(self, wanted):
        for m in self.messages.values():
            if wanted(m):
                m.move(('queued', 'held'), 'cancelled')

    # Reminders and people.

    def op_reminder_put(self, row, data):
        old = self.reminders.get(data['id'])
        if old is None or data['revision'] > old['revision']:
            self.cancel(lambda m: m.reminder()[0] == data['id'] and
                        m.reminder()[1] < data['revision'])
            self.reminders[data['id']] = {
                'revision': data['revision'], 'state': 'open'}

    def op_reminder_closed(self, row, data):
        r = self.reminders.get(data['id'])
        if r and r['revision'] == data['revision']:
            r['state'] = data['state']
        self.cancel(lambda m: m.reminder()[0] == data['id'] and not (
            data['state'] == 'confirmed' and
            m.data['reminder'].get('if') == 'always'))

    def op_reminder_flagged(self, row, data):
        r = self.reminders.get(data['reminder']['id'])
        if r and r['state'] == 'open' and data.get('close') and \
                r['revision'] == data['reminder']['revision']:
            r['state'] = data['close']

    def op_contact_put(self, row, data):
        who, given = data['id'], data.get('preferences')
        if given is None:
            return
        off = {'topic:' + t for t, yes in (given.get('topics') or {}).items()
               if yes is False}
        out = self.opt_out.setdefault(who, {})
        for scope in [s for s, how in out.items()
                      if how == 'preference' and s not in off]:
            del out[scope]
        for scope in off:
            out.setdefault(scope, 'preference')
        self.hours[who] = (given.get('quiet_start'), given.get('quiet_end'))

    def op_contact_consent(self, row, data):
        out = self.opt_out.setdefault(data['id'], {})
        out.pop(data['scope'], None)
        if data['state'] == 'out':
            out[data['scope']] = data['how']

    def op_consent_put(self, row, data):
        self.consent[data['hash'], data['scope']] = data['state']

    def op_contact_merged(self, row, data):
        for m in self.messages.values():
            if m.contact == data['from']:
                m.contact = data['into']
        into = self.opt_out.setdefault(data['into'], {})
        for scope, how in self.opt_out.pop(data['from'], {}).items():
            if how != 'preference':
                into[scope] = how
        self.hours.pop(data['from'], None)

    def op_contact_forgotten(self, row, data):
        self.cancel(lambda m: m.contact == data['id'] or
                    m.hash in data['hashes'])
        self.opt_out.pop(data['id'], None)
        self.hours.pop(data['id'], None)

    def op_address_dead(self, row, data):
        self.dead.add((data['type'], data['hash']))

    # Attempts and receipts.

    def op_attempt_started(self, row, data):
        m = self.message(row, data)
        if m is None:
            return
        number, last = data['attempt'], m.attempts.get(data['attempt'] - 1)
        if number != len(m.attempts) + 1:
            self.say(3, '%s: attempt %d follows %d', m.id, number,
                     len(m.attempts))
        if last is not None and last['finished'] is None:
            self.say(3, '%s: attempt %d begins while %d is open', m.id,
                     number, number - 1)
        elif 'queued' not in m.states:
            self.say(3 if m.states & {'sent', 'sending', 'in_doubt'} else 6,
                     '%s: attempt %d begins in row %d, and it is %s', m.id,
                     number, row[0], ' or '.join(sorted(m.states)))
        if data['reference'] in self.references:
            self.say(3, '%s: attempt %d goes by a name that %s had', m.id,
                     number, self.references[data['reference']])
        self.references[data['reference']] = m.id
        m.attempts[number] = {'finished': None, 'data': data}
        m.states = {'sending'}
        self.check.gate(self, m, row[1], data)

    def op_attempt_doubted(self, row, data):
        m = self.message(row, data)
        if m is None or data['attempt'] not in m.attempts:
            self.say(7, '%s: attempt %s is in doubt and never began',
                     data['id'], data['attempt'])
            return
        m.move(('sending',), 'in_doubt')
        m.hear()

    def op_attempt_finished(self, row, data):
        m = self.message(row, data)
        a = m and m.attempts.get(data['attempt'])
        if a is None:
            self.say(7, '%s: attempt %s ends and never began', data['id'],
                     data['attempt'])
            return
        # A receipt may have ended it, and then its sender says the same.
        old = a['finished']
        if old is not None and ('key' not in old or
                                data['state'] != old['state']):
            self.say(7, '%s: attempt %d ends twice', m.id, data['attempt'])
        a['finished'] = data
        m.due = data.get('retry_at') or m.due
        m.move(('sending', 'in_doubt'), 'cancelled' if m.unwanted and
               data['state'] == 'queued' else data['state'])
        m.ranks |= set(self.waiting.pop(
            (a['data']['provider'], data.get('provider_id')), []))
        m.hear()

    def op_event_received(self, row, data):
        if data['key'] in self.events:
            self.say(4, 'event %s: a second time in row %d', data['key'],
                     row[0])
        self.events.add(data['key'])
        key = data['provider'], data['provider_id']
        m = self.messages.get(data.get('id'))
        if m is None:
            self.waiting[key].append(data['rank'])
            return
        m.ranks |= {data['rank']} | set(self.waiting.pop(key, []))
        a = m.attempts.get(data.get('attempt'))
        if a is not None and a['finished'] is None and \
                m.states & {'in_doubt'}:
            a['finished'] = dict(data, outcome='accepted', state='sent')
        if data['rank'] in FAILED and 'in_doubt' in m.states:
            m.states |= {'sent'}
        m.hear()

    def op_media_kept(self, row, data):
        self.kept[data['id'], data['position']] = data

    def op_media_removed(self, row, data):
        self.kept.pop((data['id'], data['position']), None)

    def replaced(self, m):
        """Whether one that it stands in for arrived after all."""
        seen = set()
        while m is not None and m.id not in seen:
            seen.add(m.id)
            m = self.messages.get(m.data.get('parent'))
            if m is not None and m.ranks & {4, 5}:
                return True
        return False
