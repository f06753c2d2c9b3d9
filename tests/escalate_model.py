"""What the manual says about ladders, for tests/escalate-random.

Written from omni.conf(5), omni-escalate(1), omni-schedule(1), omni-route(1),
omni-send-mail(1), omni-ingest(1) and omni-holidays(5); it shares no code with
the programs, and asks zoneinfo for the time.  Instants are seconds.

A Model is one history: a few people, their reminders and messages.  What it
expects of a run is `attempts`, what it knows of a reminder is in `rows` (its
steps, as the table reminder_step has them), `state` and `next`.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

QUARTER = 900
PACE = 7200     # between two steps that waited for the same hour
FAR = 400 * 86400
FIXED = 'back', 'clock'
# Of a receipt.
RANKS = {'sent': 2, 'failed': 3, 'delivered': 4, 'read': 5}


def wall(t, zone):
    return datetime.fromtimestamp(t, ZoneInfo(zone))


def instant(day, hhmm, zone):
    return int(datetime(day.year, day.month, day.day, int(hhmm[:2]),
                        int(hhmm[3:]), tzinfo=ZoneInfo(zone)).timestamp())


def in_span(hhmm, start, end):
    if start <= end:
        return start <= hhmm < end
    return hhmm >= start or hhmm < end


class Rules:
    """A site: its quiet hours, holidays, opening hours and classes."""

    def __init__(self, zone, quiet, holidays, hours):
        self.zone, self.quiet = zone, quiet
        self.holidays, self.hours = frozenset(holidays), hours

    @lru_cache(maxsize=None)
    def is_open(self, t, zone):
        local = wall(t, zone)
        if local.strftime('%m-%d') in self.holidays:
            return False
        hhmm = local.strftime('%H:%M')
        return any(a <= hhmm < b for a, b in self.hours[local.weekday()])

    @lru_cache(maxsize=None)
    def is_left_alone(self, t, zone, quiet, holidays):
        """`quiet`: the hours or None; `holidays`: whether they hold."""
        local = wall(t, zone)
        if holidays and local.strftime('%m-%d') in self.holidays:
            return True
        return quiet is not None and in_span(local.strftime('%H:%M'), *quiet)

    def first_moment(self, t, zone, quiet, holidays):
        """Nothing begins or ends but at a quarter of an hour."""
        while self.is_left_alone(t, zone, quiet, holidays):
            t += QUARTER - t % QUARTER
        return t

    def open_time(self, t, zone, seconds, step):
        """When so much open time has passed after (1) or before (-1) t."""
        begun = t
        while abs(t - begun) < FAR:
            if step > 0:
                far = t + QUARTER - t % QUARTER
                inside = self.is_open(t, zone)
            else:
                far = (t - 1) // QUARTER * QUARTER
                inside = self.is_open(far, zone)
            if inside:
                if seconds <= abs(far - t):
                    return t + step * seconds
                seconds -= abs(far - t)
            t = far
        return t


class Step:
    def __init__(self, number, kind, amount, is_open=False, clock=None,
                 channel='sms', condition='unconfirmed'):
        self.number, self.kind, self.amount = number, kind, amount
        self.is_open, self.clock = is_open, clock
        self.channel, self.condition = channel, condition

    def __str__(self):
        if self.kind == 'back':
            when = '-%dm%s' % (self.amount // 60,
                               ' open' if self.is_open else '')
        elif self.kind == 'after':
            when = '+%dm%s' % (self.amount // 60,
                               ' open' if self.is_open else '')
        else:
            when = '%s%dd at %s' % ('-' if self.kind == 'clock' else '+',
                                    self.amount, self.clock)
        return '%s %s%s' % (when, self.channel, '' if self.condition ==
                            'unconfirmed' else ' if ' + self.condition)

    def fixed(self, rules, at, zone):
        """The time of a step that counts back from the event, or None."""
        if self.kind == 'back' and self.is_open:
            return rules.open_time(at, zone, self.amount, -1)
        if self.kind == 'back':
            return at - self.amount
        if self.kind == 'clock':
            day = wall(at, zone).date() - timedelta(days=self.amount)
            return instant(day, self.clock, zone)
        return None

    def after(self, rules, previous, zone):
        if self.kind == 'after' and self.is_open:
            return rules.open_time(previous, zone, self.amount, 1)
        if self.kind == 'after':
            return previous + self.amount
        day = wall(previous, zone).date() + timedelta(days=self.amount)
        t = instant(day, self.clock, zone)
        if self.amount == 0 and t <= previous:
            t = instant(day + timedelta(days=1), self.clock, zone)
        return t


def suited(steps, preferences):
    """The ladder as this person wants it."""
    minutes = preferences.get('escalation_after_minutes')
    channels = preferences.get('escalation_channels')
    result, messages = [], 0
    for s in steps:
        s = Step(s.number, s.kind, s.amount, s.is_open, s.clock, s.channel,
                 s.condition)
        if minutes is not None and s.kind in ('after', 'next'):
            s.kind, s.amount, s.is_open, s.clock = ('after', minutes * 60,
                                                    False, None)
        if s.channel != 'flag':
            messages += 1
            if channels is not None and messages > 1:
                if messages - 2 >= len(channels):
                    continue
                s.channel = channels[messages - 2]
        result.append(s)
    return result


class Person:
    def __init__(self, ident, zone, addresses, preferences, quiet):
        self.id, self.zone, self.addresses = ident, zone, addresses
        self.preferences, self.quiet = preferences, quiet


class Reminder:
    def __init__(self, ident, kind, person, zone):
        self.id, self.kind, self.person, self.zone = ident, kind, person, zone
        self.revision, self.state, self.at = 0, None, None
        self.step, self.next, self.rows = 0, None, {}


class Message:
    def __init__(self, r, step, channel, to, due):
        self.id = '%s.r%d/%d' % (r.id, r.revision, step.number)
        self.reminder, self.revision = r, r.revision
        self.step, self.channel, self.to = step, channel, to
        self.due, self.expires, self.state = due, r.at, 'queued'
        self.attempts, self.ranks, self.accepted = 0, set(), False
        self.receipts = set()
        self.tried = None       # when it was put off by its provider
        self.created = self.sent = None
        self.ordered = False    # there is a work order, which goes first

    def has_arrived(self, rank):
        return bool(self.ranks) and max(self.ranks) >= rank


class Model:
    def __init__(self, rules, kinds, classes):
        self.rules, self.kinds, self.classes = rules, kinds, classes
        self.people, self.reminders, self.messages = {}, {}, {}
        self.consent, self.dead = {}, set()
        self.called = {}
        self.flags = []         # (reminder, kind)
        self.ended = set()      # last messages of which staff was told
        self.told = {}          # reminder: revision that has a flag

    # ------------------------------------------------------------ ladders

    def ladder(self, r):
        return suited(self.kinds[r.kind]['steps'], r.person.preferences)

    def following(self, r, number, last=None):
        """The step after this one that is for who is in r's state."""
        return [s for s in self.ladder(r) if s.number > number and
                (r.state != 'confirmed' or s.condition == 'always')]

    def plan(self, r, number, now, due=None, at_once=False):
        """What comes after step `number`, taken now; its message may go at
        `due`."""
        due = now if due is None else due
        rest = self.following(r, number)
        fixed = [s.fixed(self.rules, r.at, r.zone) for s in rest]
        taken = [s for s in self.ladder(r) if s.number == number]
        sent = bool(taken) and taken[0].channel != 'flag'
        while rest and rest[0].channel != 'flag' and fixed[0] is not None \
                and (sent and fixed[0] <= now or fixed[0] >= r.at):
            del rest[0], fixed[0]
        if not rest:
            r.next = None
            return
        step, t = rest[0], fixed[0]
        if at_once:
            t = now
        elif t is None:
            t = step.after(self.rules, due, r.zone)
            for s, f in zip(rest[1:], fixed[1:]):
                if f is not None and now < f < r.at:
                    if f <= t:
                        step, t = s, f
                    break
        r.next = step.number, max(t, due)

    def bring_forward(self, m, now):
        r = m.reminder
        if (r.state == 'open' and r.next and r.revision == m.revision and
                r.step == m.step.number and r.next[1] > now):
            r.next = r.next[0], now

    # ------------------------------------------------------------ calendar

    def put(self, r, at, now):
        """A row of the calendar, scheduled at this time."""
        if at <= now:
            if r.state in ('open', 'confirmed') and r.at != at:
                self.close(r, 'lapsed', now)
                r.at = at
            return
        if r.state is not None and r.at == at and r.state in (
                'open', 'confirmed', 'declined'):
            return
        if r.state == 'lapsed' and r.at == at:
            return
        self.cancel_waiting(r)
        r.state, r.at, r.revision = 'open', at, r.revision + 1
        r.step = 0
        first = [s for s in self.ladder(r) if s.kind in FIXED and
                 s.fixed(self.rules, at, r.zone) < at] or self.ladder(r)
        r.next = first[0].number, first[0].fixed(self.rules, at, r.zone)

    def cancel_waiting(self, r, but=None):
        for m in self.messages.values():
            if m.reminder is r and m.state in ('queued', 'held') and \
                    (but is None or m.step.condition != but):
                m.state = 'cancelled'

    def close(self, r, state, now):
        """An answer, the calendar, or the end of time."""
        confirmed = state == 'confirmed'
        self.cancel_waiting(r, 'always' if confirmed else None)
        r.state = state
        rest = self.following(r, r.next[0] - 1) if r.next and confirmed \
            else []
        if not rest:
            r.next = None
        elif rest[0].number != r.next[0]:
            t = rest[0].fixed(self.rules, r.at, r.zone)
            r.next = rest[0].number, rest[0].after(
                self.rules, now, r.zone) if t is None else t

    # ------------------------------------------------------------ steps

    def take_steps(self, now, ids):
        """One round of what is due, of these reminders alone."""
        for ident in ids:
            r = self.reminders[ident]
            if r.next and r.next[1] <= now:
                self.take(r, now)

    def due(self, now):
        return [r.id for r in sorted((
            r for r in self.reminders.values() if r.next and
            r.next[1] <= now), key=lambda r: (r.next[1], r.id))]

    def take(self, r, now):
        steps = {s.number: s for s in self.ladder(r)}
        step = steps[r.next[0]]
        if now >= r.at:
            if r.state == 'open':
                self.flag(r, step)
                self.close(r, 'lapsed', now)
            else:
                self.row(r, step.number, '-', 'skipped', 'confirmed')
                r.next = None
            return
        if step.channel != 'flag':
            step = self.latest(r, step, now)
        if step.channel == 'flag':
            self.flag(r, step)
            self.plan(r, step.number, now)
            self.leave_out(r, step.number)
            return
        reason = self.needless(r, step)
        if reason:
            self.row(r, step.number, '-', 'skipped', reason)
            self.plan(r, step.number, now)
            self.leave_out(r, step.number)
            return
        self.send_by(r, step, now)

    def latest(self, r, step, now):
        """The last message that is late; before it a flag that is."""
        flag = None
        for s in self.following(r, step.number):
            t = s.fixed(self.rules, r.at, r.zone)
            if t is None or t > now:
                continue
            if s.channel == 'flag':
                flag = flag or s
            elif self.has_address(r.person, s):
                if flag:
                    return flag
                step = s
        return step

    def is_told(self, r):
        """A step of this revision was a flag, or nobody could be reached."""
        return self.told.get(r.id) == r.revision

    def check_end(self, m):
        """Staff hears of a last message that did not arrive."""
        r = m.reminder
        if (r.state == 'open' and r.next is None and m.id not in self.ended
                and r.revision == m.revision and r.step == m.step.number
                and m.state in ('failed', 'expired', 'cancelled')
                and not self.is_told(r)):
            self.ended.add(m.id)
            self.raise_flag(r, 'unreachable')

    def row(self, r, number, channel, state, reason=None):
        r.rows[r.revision, number] = (channel, state, reason)

    def flag(self, r, step):
        self.row(r, step.number, 'flag', 'flagged')
        heard = any(m.reminder is r and m.revision == r.revision and
                    m.state in ('queued', 'held', 'sent')
                    for m in self.messages.values())
        self.raise_flag(r, 'unresponsive' if heard else 'unreachable')

    def raise_flag(self, r, kind):
        self.told[r.id] = r.revision
        self.flags.append((r.id, kind))

    def has_address(self, person, step):
        return step.channel == 'preferred' or \
            step.channel in person.addresses

    def needless(self, r, step, but=None):
        mine = [m for m in self.messages.values() if m.reminder is r and
                m.revision == r.revision and m is not but]
        if step.condition not in ('undelivered', 'unread'):
            return None
        if any(m.has_arrived(5) for m in mine):
            return 'read'
        if step.condition == 'undelivered' and any(
                m.has_arrived(4) for m in mine):
            return 'delivered'
        return None

    def channels(self, r, step):
        if step.channel != 'preferred':
            return [step.channel]
        p = r.person.preferences
        return list(dict.fromkeys(
            ([p['channel']] if 'channel' in p else []) +
            p.get('channels', []) + self.classes[self.klass(r)]['channels']))

    def klass(self, r):
        return self.kinds[r.kind]['class']

    def alone(self, r, channel):
        """(zone, quiet, holidays) of a message to this person."""
        klass = self.classes[self.klass(r)]
        quiet = r.person.quiet or self.rules.quiet
        if not klass['quiet'] and channel != 'voice':
            quiet = None
        return r.person.zone or self.rules.zone, quiet, klass['hold']

    def usable(self, channel, address):
        return (channel, address) not in self.dead and not any(
            self.consent.get((address, x)) == 'out'
            for x in ('all', channel, 'appointment'))

    def leave_out(self, r, number):
        """The ledger names the steps that were passed over for this one."""
        for s in self.following(r, r.step):
            if s.number < number or r.next is None and s.number > number:
                r.rows.setdefault((r.revision, s.number),
                                  ('-', 'skipped', 'late'))
        r.step = number

    def send_by(self, r, step, now):
        """omni-route and omni-queue."""
        for channel in self.channels(r, step):
            address = r.person.addresses.get(channel)
            if address is None or not self.usable(channel, address):
                continue
            due = self.rules.first_moment(now, *self.alone(r, channel))
            if due >= r.at:
                if channel == 'voice':
                    continue
                break
            m = Message(r, step, channel, address, due)
            self.messages[m.id] = m
            m.ordered, m.created = due <= now, now
            self.row(r, step.number, channel, 'queued')
            self.plan(r, step.number, now, due)
            self.leave_out(r, step.number)
            return
        self.row(r, step.number, None, 'refused')
        self.plan(r, step.number, now, at_once=True)
        if r.next is None:
            self.raise_flag(r, 'unreachable')
        self.leave_out(r, step.number)

    # ------------------------------------------------------------ the gate

    def send(self, channel, now, outcome):
        """[(message, number of attempt)]; outcome(m): accepted, ..."""
        done = []
        waiting = [m for m in self.messages.values()
                   if m.state in ('queued', 'held')]
        for m in waiting:
            if m.expires <= now:
                m.state = 'expired'
                self.bring_forward(m, now)
                self.check_end(m)
        for m in sorted((m for m in waiting if m.channel == channel and
                         m.state == 'queued' and m.due <= now),
                        key=lambda m: (0, 0, '') if m.ordered else
                        (1, m.due, m.id)):
            m.ordered = False
            if self.gate(m, now):
                m.attempts += 1
                done.append((m.id, m.attempts))
                self.finish(m, outcome(m), now)
        return done

    def gate(self, m, now):
        r = m.reminder
        if r.revision != m.revision or not (r.state == 'open' or
                r.state == 'confirmed' and m.step.condition == 'always'):
            m.state = 'cancelled'
            return False
        if self.needless(r, m.step, m):
            m.state = 'cancelled'
            return False
        if not self.usable(m.channel, m.to):
            m.state = 'cancelled'
            self.bring_forward(m, now)
            self.check_end(m)
            return False
        others = [o for o in self.messages.values() if o.reminder is r and
                  o.revision == m.revision and o is not m and
                  o.state == 'sent' and o.sent >= m.created]
        if others:
            last = max(others, key=lambda o: o.step.number)
            if last.step.number > m.step.number:
                m.state = 'cancelled'
                return False
            due = last.sent + min(PACE, max(m.expires - last.sent, 0) // 2)
            if due > now:
                m.due = due
                return False
        due = self.rules.first_moment(now, *self.alone(r, m.channel))
        if due >= m.expires:
            m.state = 'expired'
            self.bring_forward(m, now)
            self.check_end(m)
            return False
        if m.channel == 'voice' and due == now:
            due = max(due, self.called.get(m.to, 0) + 300)
        if due > now:
            m.due = due
            return False
        if m.channel == 'voice':
            self.called[m.to] = now
        return True

    def finish(self, m, outcome, now):
        if outcome == 'accepted':
            m.state, m.accepted, m.sent = 'sent', True, now
        elif outcome == 'later':
            m.tried = now       # and again when the ledger says
        else:
            m.state = 'failed'
            if outcome == 'address':
                self.dead.add((m.channel, m.to))
            self.bring_forward(m, now)
            self.check_end(m)

    # ------------------------------------------------------------ answers

    def receipt(self, m, status, now):
        """`status`: of RANKS, or failed with what its code means."""
        kind = None
        if status in ('address', 'optout', 'refused'):
            status, kind = 'failed', status
        # Of Twilio the same status is the same receipt; Meta tells the time.
        key = status, now if m.channel == 'whatsapp' else None
        if key in m.receipts:
            return
        m.receipts.add(key)
        before = max(m.ranks, default=0)
        m.ranks.add(RANKS[status])
        if kind == 'address':
            self.dead.add((m.channel, m.to))
        elif kind == 'optout':
            self.consent[m.to, 'all'] = 'out'
        if max(m.ranks) == 3 and before < 3:
            m.state = 'failed'
            self.bring_forward(m, now)
            self.check_end(m)
        elif max(m.ranks) > 3:
            m.state = 'sent'

    def answer(self, person, address, state, now):
        """Somebody writes yes or no: about the one that can be meant."""
        asked = [m for m in self.messages.values() if m.state == 'sent' and
                 m.revision == m.reminder.revision and
                 m.reminder.person is person]
        meant = {m.reminder for m in asked if m.reminder.state == 'open' and
                 m.reminder.at > now}
        if len(meant) > 1:
            meant &= {m.reminder for m in asked if m.to == address}
        if len(meant) == 1:
            self.close(meant.pop(), state, now)

    def button(self, r, revision, state, now):
        if r.state == 'open' and r.revision == revision and r.at > now:
            self.close(r, state, now)
