#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# and output, in the test's own process
# Who was told of an appointment is told when it moves or is cancelled.

load helper
load schedule

setup() {
	make_ledger 2026-11-23T09:00:00-06:00
	keep_console
}

# export_row ID AT [FILTER]: that row goes through omni-schedule; its answer
export_row() {
	row "$@" | omni-schedule "${flags[@]}" | jq -c .schedule
}

cancel() {
	export_row "$1" "$2" '.status = "cancelled"'
}

# notices: ids and states of all notices, in the order of their rows
notices() {
	sql 'SELECT id, state FROM message WHERE notice IS NOT NULL
	    ORDER BY rowid' | xargs
}

messages() {
	sql "SELECT id || ' ' || state FROM message ORDER BY rowid" | xargs
}

# text ID: what the person read
text() {
	sql "SELECT body ->> '\$.text' FROM content JOIN message
	    ON key = content WHERE id = '$1'"
}

# told: an appointment of tomorrow at eight, reminded of by mail
told() {
	export_row a 2026-11-24T08:00
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent'
}

@test "moved after it was told of: one message says so, and a YES to it confirms" {
	told
	run -0 export_row a 2026-11-25T16:00
	assert_output '{"state":"moved","revision":2,"notice":"moved"}'
	omni-run
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r2/moved sent'
	assert_equal "$(text a.r2/moved)" \
	    'Clinica Roma: la nueva cita de Luna es el mie 25 nov a las 16:00. Responda SI para confirmar o NO si no le queda bien.'
	assert_equal "$(sql 'SELECT type, template, class, step, revision, channel FROM message WHERE notice IS NOT NULL')" \
	    'appointment_moved|appointment_moved|reminder||2|sms'
	# The ladder begins anew, in its own time, and no step was taken.
	assert_equal "$(sql 'SELECT step, next_step, next_due_at, notice, old_at FROM reminder')" \
	    '0|1|2026-11-24T22:00:00Z||2026-11-24T14:00:00Z'
	assert_equal "$(sql 'SELECT count(*) FROM reminder_step WHERE revision = 2')" 0
	verified
}

@test "the mail names the old time and the new" {
	told
	export_row a 2026-11-25T16:00 '.contact.preferences = {channel: "email"}'
	omni-run
	run -0 text a.r2/moved
	assert_output --partial 'martes 24 de noviembre a las 08:00'
	assert_output --partial 'miércoles 25 de noviembre'
	assert_output --partial '16:00'
}

@test "moved before anybody was told: nobody is" {
	export_row a 2026-11-26T08:00
	run -0 export_row a 2026-11-27T08:00
	assert_output '{"state":"moved","revision":2}'
	omni-run
	assert_equal "$(messages)" ''
	# Queued, and cancelled by the move, is not told either.
	export_row b 2026-11-24T08:00
	omni-escalate | omni-normalize | omni-route | omni-render | omni-queue -q
	run -0 export_row b 2026-11-26T08:00
	assert_output '{"state":"moved","revision":2}'
	assert_equal "$(messages)" 'b.r1/1 cancelled'
}

@test "who confirmed is told too, whoever noted it" {
	export_row a 2026-11-26T08:00 '.status = "confirmed"'
	run -0 export_row a 2026-11-27T08:00
	assert_output '{"state":"moved","revision":2,"notice":"moved"}'
	# Moved and confirmed at once: they were asked, by telephone perhaps.
	export_row b 2026-11-26T08:00 '.status = "confirmed"'
	run -0 export_row b 2026-11-27T08:00 '.status = "confirmed"'
	assert_output '{"state":"confirmed","revision":2}'
}

@test "moved twice quickly: only the last one is told, with the time that they know" {
	told
	export_row a 2026-11-25T12:00
	export_row a 2026-11-26T16:00
	run -0 omni-escalate
	assert_equal "$(jq -c '[.id, .vars.old_at, .vars.at]' <<<"$output")" \
	    '["a.r3/moved","2026-11-24T14:00:00Z","2026-11-26T22:00:00Z"]'
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r3/moved sent'
	# From here on they know of the new one.
	export_row a 2026-11-27T16:00
	run -0 omni-escalate
	assert_equal "$(jq -r .vars.old_at <<<"$output")" 2026-11-26T22:00:00Z
}

@test "moved again while the first notice waits for the morning: only the last one goes" {
	told
	at 2026-11-23T23:00:00-06:00
	export_row a 2026-11-25T12:00
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r2/moved queued'
	assert_equal "$(sql 'SELECT due_at FROM message WHERE notice IS NOT NULL')" \
	    2026-11-24T15:00:00Z
	export_row a 2026-11-26T16:00
	omni-run
	assert_equal "$(messages)" \
	    'a.r1/1 sent a.r2/moved cancelled a.r3/moved queued'
	at 2026-11-24T09:00:00-06:00
	omni-run
	assert_equal "$(notices)" 'a.r2/moved|cancelled a.r3/moved|sent'
	verified
}

@test "moved and back again before they heard of it: there is nothing to tell" {
	told
	export_row a 2026-11-25T12:00
	run -0 export_row a 2026-11-24T08:00
	assert_output '{"state":"moved","revision":3}'
	run -0 omni-escalate
	assert_equal "$(jq -r .id <<<"$output")" a.r3/1
	# And what they know is still known.
	run -0 export_row a 2026-11-25T12:00
	assert_output '{"state":"moved","revision":4,"notice":"moved"}'
	assert_equal "$(sql 'SELECT old_at FROM reminder')" 2026-11-24T14:00:00Z
}

@test "an export that names it twice, at two times, night after night: no burst" {
	told
	for _ in 1 2 3; do
		{ row a 2026-11-24T08:00; row a 2026-11-24T16:00; } |
		    omni-schedule -q 2>"$in.err"
		omni-run
	done
	assert_equal "$(notices)" 'a.r2/moved|sent'
	assert_equal "$(sql 'SELECT event_local FROM reminder')" \
	    '2026-11-24 16:00'
}

@test "a step that is due at the same moment is put off: not both at once" {
	told
	# Tomorrow at 8:30: its first step was due half an hour ago.
	export_row a 2026-11-24T08:30
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r2/moved sent'
	assert_equal "$(sql 'SELECT next_step, next_due_at FROM reminder')" \
	    '1|2026-11-23T17:00:00Z'
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r2/moved sent'
	at 2026-11-23T11:00:00-06:00
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r2/moved sent a.r2/1 sent'
}

@test "near the event it is put off by half the time that is left" {
	told
	at 2026-11-23T12:00:00-06:00
	export_row a 2026-11-23T14:00
	omni-run
	assert_equal "$(sql 'SELECT next_due_at FROM reminder')" \
	    2026-11-23T19:00:00Z
}

@test "in the night: the notice waits for the morning, and the step behind it" {
	told
	at 2026-11-23T23:00:00-06:00
	export_row a 2026-11-24T18:00
	omni-run
	assert_equal "$(sql 'SELECT next_due_at FROM reminder')" \
	    2026-11-24T17:00:00Z
	at 2026-11-24T09:00:00-06:00
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r2/moved sent'
}

@test "cancelled after it was told of: they are told, once" {
	told
	run -0 cancel a 2026-11-24T08:00
	assert_output '{"state":"cancelled","revision":1,"notice":"cancelled"}'
	omni-run
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r1/cancelled sent'
	assert_equal "$(text a.r1/cancelled)" \
	    'Clinica Roma: se ha cancelado la cita de Luna del mar 24 nov a las 08:00. Responda CITA y le buscamos otra fecha.'
	verified
	# Reopened, confirmed and cancelled again: they know it by now.
	export_row a 2026-11-24T08:00 '.status = "confirmed"'
	cancel a 2026-11-24T08:00
	run -0 omni-escalate
	refute_output
}

@test "missing from a full export, and told of: they are told too" {
	told
	export_row b 2026-11-26T08:00
	row b 2026-11-26T08:00 | omni-schedule -q --full --count 1
	omni-run
	assert_equal "$(messages)" 'a.r1/1 sent a.r1/cancelled sent'
}

@test "moved and then cancelled before they heard of it: the time that they know is cancelled" {
	told
	export_row a 2026-11-26T16:00
	cancel a 2026-11-26T16:00
	run -0 omni-escalate
	assert_equal "$(jq -c '[.id, .vars.at, .expires_at]' <<<"$output")" \
	    '["a.r2/cancelled","2026-11-24T14:00:00Z","2026-11-24T14:00:00Z"]'
}

@test "cancelled and scheduled again before they heard of it: the notice goes" {
	told
	cancel a 2026-11-24T08:00
	omni-escalate | omni-normalize | omni-route | omni-render | omni-queue -q
	assert_equal "$(messages)" 'a.r1/1 sent a.r1/cancelled queued'
	export_row a 2026-11-24T08:00
	assert_equal "$(messages)" 'a.r1/1 sent a.r1/cancelled cancelled'
	# Scheduled again at another time, this is a move.
	cancel a 2026-11-24T08:00
	run -0 export_row a 2026-11-25T09:00
	assert_output '{"state":"moved","revision":3,"notice":"moved"}'
}

@test "cancelled, told, and scheduled again: the ladder asks, and no notice" {
	told
	cancel a 2026-11-24T08:00
	omni-run
	run -0 export_row a 2026-11-25T09:00
	assert_output '{"state":"moved","revision":2}'
}

@test "a notice that was queued before all changed is stopped at the gate (Inv. 6)" {
	told
	export_row a 2026-11-25T12:00
	omni-escalate >"$in.due"
	cancel a 2026-11-25T12:00
	omni-normalize <"$in.due" | omni-route | omni-render | omni-queue -q
	omni-run
	assert_equal "$(notices)" 'a.r2/moved|cancelled a.r2/cancelled|sent'
	verified
}

@test "not after the event, not to who declined, not of what is done, not to another person" {
	told
	at 2026-11-24T08:00:00-06:00
	run -0 export_row a 2026-11-25T16:00
	assert_output '{"state":"moved","revision":2}'
	at 2026-11-23T09:00:00-06:00
	export_row d 2026-11-24T08:00
	omni-run
	run -0 export_row d 2026-11-24T08:00 '.status = "done"'
	assert_output '{"state":"done","revision":1}'
	export_row g 2026-11-24T08:00
	omni-run
	run -0 export_row g 2026-11-25T08:00 \
	    '.contact = {id: "8", email: "eva@x.example"}'
	assert_output '{"state":"moved","revision":2}'
	sql "SELECT count(*) FROM reminder WHERE notice IS NOT NULL" |
	    assert_equal "$(cat)" 0
}

@test "a notice whose time came meanwhile is not emitted any more" {
	told
	cancel a 2026-11-24T08:00
	at 2026-11-24T08:00:00-06:00
	run -0 omni-escalate
	refute_output
}

@test "opted out, or no way left: staff is told to call them" {
	told
	export_row a 2026-11-25T12:00 '.contact.opt_out = ["all"]'
	omni-run
	assert_equal "$(sql "SELECT id, state, reason FROM message
	    WHERE notice IS NOT NULL")" 'a.r2/moved|refused|unreachable'
	assert_equal "$(sql 'SELECT kind, reminder, message FROM flag')" \
	    'unreachable|a|a.r2/moved'
	assert_equal "$(sql 'SELECT notice, step, next_step FROM reminder')" \
	    '|0|1'
	verified
}

@test "a notice that its provider refuses goes on by another channel, and still counts only while it is true" {
	told
	printf '#!/bin/sh\ncat >/dev/null\nexit 67\n' >"$SITE/sendmail"
	chmod 755 "$SITE/sendmail"
	printf '\n[provider mta]\nkind = sendmail\npath = ../sendmail\n' \
	    >>"$OMNI_CONF"
	sed -i 's/^provider = maildir/provider = mta/' "$OMNI_CONF"
	export_row a 2026-11-25T12:00 '.contact.preferences = {channel: "email"}'
	omni-run
	omni-escalate | omni-normalize | omni-route | omni-render | omni-queue -q
	assert_equal "$(sql 'SELECT id, state, channel, revision, notice
	    FROM message WHERE parent IS NOT NULL')" \
	    'a.r2/moved/failover.1|queued|sms|2|moved'
	# The ladder did not take that for a step of its own that failed.
	assert_equal "$(sql 'SELECT step, next_due_at FROM reminder')" \
	    '0|2026-11-24T18:00:00Z'
	export_row a 2026-11-26T12:00
	assert_equal "$(sql 'SELECT state FROM message
	    WHERE parent IS NOT NULL')" cancelled
	verified
}

@test "who was reached by a channel that the class does not name is told by that one" {
	sed -i 's/^step.1 = .*/step.1 = -24h whatsapp/' "$OMNI_CONF"
	printf '\n[class reminder]\nchannels = email\n' >>"$OMNI_CONF"
	export_row a 2026-11-24T08:00
	omni-run
	export_row a 2026-11-25T12:00
	omni-run
	assert_equal "$(sql "SELECT channel FROM message
	    WHERE notice = 'moved'")" whatsapp
}

@test "no template, or moved = none: no notice; a ladder may name its own" {
	printf '%s\n' '[ladder followup]' 'template = appointment_reminder' \
	    'step.1 = -24h email' >>"$OMNI_CONF"
	export_row f 2026-11-26T08:00 '.type = "followup" | .status = "confirmed"'
	run -0 export_row f 2026-11-27T08:00 '.type = "followup"'
	assert_output '{"state":"moved","revision":2}'
	export_row a 2026-11-26T08:00 '.status = "confirmed"'
	flags=(-o 'ladder appointment.moved=none')
	run -0 export_row a 2026-11-27T08:00
	assert_output '{"state":"moved","revision":2}'
	flags=(-o 'ladder followup.moved=appointment_moved')
	export_row f 2026-11-26T08:00 '.type = "followup" | .status = "confirmed"'
	run -0 export_row f 2026-11-28T08:00 '.type = "followup"'
	assert_output '{"state":"moved","revision":4,"notice":"moved"}'
	run -0 omni-escalate "${flags[@]}"
	assert_equal "$(jq -r .template <<<"$output")" appointment_moved
	# Without it now, there is nothing to send, and nothing stands still.
	run -0 omni-escalate
	refute_output
	run -78 omni-escalate -o 'ladder appointment.moved=no_such'
	assert_output --partial '[ladder appointment] moved: '
}

@test "a push notice of a move opens the page to confirm, one of a cancellation none" {
	printf '%s\n' '[links]' "key = file:$in.key" '[channel push]' \
	    'type = push' 'provider = ntfy' '[provider ntfy]' 'kind = ntfy' \
	    'base_url = https://push.example' >>"$OMNI_CONF"
	(umask 077 && openssl rand -hex 32 >"$in.key")
	jq -nc '{id: "a", reminder: {id: "a", revision: 1, step: 0,
	    notice: "cancelled"}, template: "appointment_cancelled",
	    channel: "push", account: "push", to: "abc", contact: {id: "7"},
	    expires_at: "2026-11-24T10:30:00-06:00",
	    vars: {owner_name: "Ana", pet_name: "Luna",
	    at: "2026-11-24T10:30:00-06:00"}}' >"$in"
	run -0 --separate-stderr omni-render <"$in"
	assert_equal "$(jq -c '[.error, .link]' <<<"$output")" '[null,null]'
	jq -c '.reminder.notice = "moved" | .template = "appointment_moved"' \
	    "$in" >"$in.moved"
	run -0 --separate-stderr omni-render <"$in.moved"
	[[ $(jq -r .link <<<"$output") == https://hooks.example.com/* ]]
}

@test "forgotten: no notice is left (Inv. 6)" {
	told
	cancel a 2026-11-24T08:00
	omni-contact forget -q 7
	run -0 omni-escalate
	refute_output
	verified
}

@test "killed between them, or run twice at once: one notice (Inv. 3, 4)" {
	told
	export_row a 2026-11-25T12:00
	omni-escalate >"$in.due"
	for _ in 1 2 3; do
		omni-normalize <"$in.due" | omni-route | omni-render |
		    omni-queue | jq -r .queue.state
	done >"$in.said"
	assert_equal "$(xargs <"$in.said")" 'queued duplicate duplicate'
	omni-run
	assert_equal "$(notices)" 'a.r2/moved|sent'
	verified
}

@test "looking for notices reads those that are due, not all reminders" {
	run -0 sql "EXPLAIN QUERY PLAN SELECT id FROM reminder r WHERE
	    notice IS NOT NULL AND event_at > '2026' AND (event_at, id) >
	    ('', '') AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id =
	    r.id || '.r' || r.revision || '/' || r.notice AND
	    m.state <> 'refused') ORDER BY event_at, id LIMIT 200"
	assert_output --partial 'INDEX reminder_notice (event_at>?'
	refute_output --partial 'SCAN'
	refute_output --partial 'TEMP B-TREE'
}
