"""Conversations and flags, as the rows leave them and as the ledger has them.

Replay hands over each row before it takes it itself; compare() is what the
projections are held against.
"""

import json

# What a flag is resolved by where nobody is named: its reminder, or message.
BY_ITSELF = {'delivered', 'forgotten', 'moved', 'confirmed', 'declined',
             'cancelled', 'done', 'lapsed'}
SET = 'status', 'priority', 'owner', 'assignee'


def new_conversation():
    return {'status': 'active', 'priority': 'normal', 'owner': None,
            'assignee': None, 'related': (None, None), 'note': None,
            'tags': []}


def with_contact(id):
    return ('contact:' + id)[:258]


class Desk:
    def __init__(self, replay):
        self.say, self.messages = replay.say, replay.messages
        self.conversations, self.places = {}, {}
        self.unread, self.flags, self.resolved = set(), set(), {}

    # What brings a conversation about.

    def op_message_queued(self, row, data):
        id, author = data.get('conversation'), data.get('author')
        old = self.messages.get(data['id'])
        if old is None or old.states == {'refused'}:
            self.places[data['id']] = id
        if id is None:
            return
        if id not in self.conversations:
            about = data.get('related') or {}
            self.conversations[id] = dict(new_conversation(), related=(
                about.get('type'), about.get('id')))
        one = self.conversations[id]
        # Staff that writes has answered; an assistant is no staff.
        if data['v'] > 2 and author is not None and \
                author != 'assist' and \
                not author.lower().startswith('assist:') and \
                one['status'] == 'pending':
            one['status'] = 'active'

    def op_message_released(self, row, data):
        m = self.messages.get(data['id'])
        one = self.conversations.get(self.places.get(data['id']))
        if one and data.get('answer') == 1 and 'held' in m.states and \
                one['status'] == 'pending':
            one['status'] = 'active'

    def op_message_received(self, row, data):
        id = data['conversation']
        self.places[data['id']] = id
        one = self.conversations.setdefault(id, new_conversation())
        if data.get('unread'):
            self.unread.add(data['id'])
            one['status'] = 'pending'

    # What staff says.

    def op_conversation_read(self, row, data):
        for id in data['messages']:
            if id not in self.places:
                self.say(7, 'journal: row %d: nobody wrote %s, which was '
                         'read', row[0], id)
        self.unread -= set(data['messages'])

    def op_conversation_put(self, row, data):
        id, given = data['id'], data['set']
        if data.get('contact') is not None:
            self.conversations.setdefault(id, new_conversation())
        one = self.conversations.get(id)
        if one is None:
            self.say(7, 'journal: row %d, %s, is of no conversation: %s',
                     row[0], row[2], id)
            return
        for name in SET:
            if name in given:
                one[name] = given[name]
        if 'related' in given:
            about = given['related'] or {}
            one['related'] = about.get('type'), about.get('id')
        if 'tags' in given:
            one['tags'] = sorted(set(given['tags']))
        if 'note' in data:
            one['note'] = data['note']

    def op_contact_merged(self, row, data):
        if data['v'] > 2:
            self.join(with_contact(data['from']), with_contact(data['into']))

    def op_conversation_joined(self, row, data):
        """What was said with an address is its owner's."""
        for id, place in self.places.items():
            m = self.messages.get(id)
            if place == data['from'] and m and m.contact is None:
                m.contact = data['contact']
        self.join(data['from'], data['into'])

    def join(self, gone, id):
        if gone not in self.conversations:
            return
        other = self.conversations.pop(gone)
        one = self.conversations.setdefault(id, new_conversation())
        for status in ('pending', 'active'):
            if status in (one['status'], other['status']):
                one['status'] = status
                break
        if one['priority'] == 'normal':
            one['priority'] = other['priority']
        for name in ('owner', 'assignee', 'note'):
            one[name] = one[name] if one[name] is not None else other[name]
        if one['related'][1] is None:
            one['related'] = other['related']
        one['tags'] = sorted(set(one['tags']) | set(other['tags']))
        for message, place in self.places.items():
            if place == gone:
                self.places[message] = id

    def op_flag_put(self, row, data):
        self.flags.add(row[0])

    def op_flag_resolved(self, row, data):
        id = data['id']
        if id not in self.flags:
            self.say(7, 'journal: row %d resolves flag %s, which nobody put',
                     row[0], id)
        elif id in self.resolved:
            self.say(4, 'flag %d: resolved a second time in row %d', id,
                     row[0])
        self.resolved.setdefault(id, data.get('by'))

    # What the ledger has.

    def compare(self, db):
        self.compare_conversations(db)
        unread = {id for id, in db.execute(
            'SELECT id FROM message WHERE is_unread = 1')}
        for id in sorted(unread ^ self.unread):
            self.say(7, '%s: is %s, and the rows say otherwise', id,
                     'unread' if id in unread else 'read')
        self.compare_flags(db)

    def compare_conversations(self, db):
        tags, known = {}, set()
        for tag, id in db.execute('SELECT tag, conversation FROM '
                                  'conversation_tag ORDER BY tag'):
            tags.setdefault(id, []).append(tag)
        for id, *row in db.execute(
                'SELECT id, status, priority, owner, assignee, related_type, '
                'related_id, subject, tags, unread_count FROM conversation'):
            known.add(id)
            one = self.conversations.get(id)
            if one is None:
                self.say(7, 'conversation %s: no row begins it', id)
                continue
            count = sum(self.places[m] == id for m in self.unread)
            said = [*(one[name] for name in SET), *one['related'],
                    one['note'], one['tags'], count]
            has = row[:7] + [sorted(json.loads(row[7])), row[8]]
            if has != said:
                self.say(7, 'conversation %s: is %s, and the rows make it %s',
                         id, has, said)
            if tags.get(id, []) != one['tags']:
                self.say(7, 'conversation %s: has the tags %s, and the rows '
                         'give it %s', id, tags.get(id, []), one['tags'])
        for id in sorted(self.conversations.keys() - known):
            self.say(7, 'conversation %s: is in the journal and not in the '
                     'ledger', id)

    def compare_flags(self, db):
        shown = {id: (at, by) for id, at, by in db.execute(
            'SELECT id, resolved_at, resolved_by FROM flag')}
        for id in sorted(shown.keys() ^ self.flags):
            self.say(7, 'flag %d: is in the %s only', id,
                     'ledger' if id in shown else 'journal')
        for id, (at, by) in shown.items():
            if at is None and id in self.resolved:
                self.say(7, 'flag %d: is open, and a row resolves it', id)
            elif at is not None and by not in BY_ITSELF | {
                    self.resolved.get(id)}:
                self.say(7, 'flag %d: is resolved by %s, and no row says so',
                         id, by)
