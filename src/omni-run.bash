#!/bin/bash
# omni-run - one whole cycle, as cron starts it: take in what came back, queue
# what is due, send.  See omni-run(1).

set -u -o pipefail
export LC_ALL=C.UTF-8
# As the programs do: files are for this user and, to read, for its group.
umask 027
# A path that is set and empty is no path at all.
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}

say() {
	printf 'omni-run: %s\n' "$*" >&2
}

# What Bash ends with when it cannot go on is no status of ours.
signalled='' work=''
# shellcheck disable=SC2317	# trap calls it
leave() {
	local status=$?
	# Without a process for it the next run tidies up.
	((status != 254)) || exit 71
	[[ -z $work ]] || rm -rf "$work"
	case $status in
	125 | 126 | 127 | 129 | 141)
		[[ -z $signalled ]] || exit "$status"
		say 'what it needs of the system cannot be had'
		exit 71
		;;
	esac
}
trap leave EXIT

self=$(readlink -f "$0") || exit 126
bin=${self%/*}
# Without an environment it is nobody else's yet.
export PATH=$bin:$PATH
readonly PASSES=20		# a step that cannot be taken brings the next
readonly PROGRAM_DIES=10	# records that a stage died of, and of no other

usage() {
	echo 'usage: omni-run [-q] [-c file] [-o section.key=value]' >&2
	exit 64
}

print_help() {
	cat <<-'END' || exit 74
		usage: omni-run [-q] [-c file] [-o section.key=value]
		  -c file               configuration
		  -o section.key=value  override one setting of it
		  -q                    as for the others; no records are printed anyway
		  -h, --help            this text
		  -V, --version         the version
	END
	exit 0
}

# As the other programs: none of the three may become somebody else's file.
# Of a closed one bash makes its own, to read this script by.
for fd in 0 1 2; do
	[[ -e /proc/$$/fd/$fd && ! /proc/$$/fd/$fd -ef $0 ]] || {
		say "descriptor $fd: closed"
		exit 74
	}
done

# getopts knows short options only.
words=()
for word; do
	case $word in
	--help) words+=(-h) ;;
	--version) words+=(-V) ;;
	*) words+=("$word") ;;
	esac
done
set -- "${words[@]}"

options=()
while getopts 'c:o:qhV' option; do
	case $option in
	c) options+=(-c "$OPTARG") ;;
	o) options+=(-o "$OPTARG") ;;
	q) ;;	# it prints no records anyway
	h) print_help ;;
	V)
		version=$(omni-queue -V) || exit
		echo "omni-run ${version#* }" || exit 74
		exit 0
		;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
(($# == 0)) || usage

# A substitution that is cut off does not say so.
settings=$(omni-ledger "${options[@]}" setting paths.spool paths.ledger \
	run.jitter run.limit run.grace && echo end) || exit
[[ $settings == *?$'\n'end ]] || {
	say 'the settings cannot be read'
	exit 71
}
spool='' ledger='' jitter='' limit='' grace=''
for name in spool ledger jitter limit grace; do
	printf -v "$name" '%s' "${settings%%$'\n'*}"
	settings=${settings#*$'\n'}
done

# Each of its programs would say the same; one is enough.
[[ -e $ledger ]] || {
	rc=0
	omni-status -q "${options[@]}" >/dev/null || rc=$?
	((rc < 64)) || exit "$rc"
}

# seconds NAME: turns what the configuration writes there into seconds
seconds() {
	local -n given=$1
	local count=$((10#${given%?}))
	case $given in
	*s) given=$count ;;
	*m) given=$((count * 60)) ;;
	*h) given=$((count * 3600)) ;;
	*d) given=$((count * 86400)) ;;
	*w) given=$((count * 604800)) ;;
	esac
}

# clock: whole seconds of one that nobody sets, in `now`; what cannot be read
# stands still
clock() {
	local up
	read -r up _ </proc/uptime || return
	now=${up%.*}
}

# Many on one machine do not all start on the minute.  One that waits holds no
# lock, and ends at once when it is told to.
seconds jitter
if ((jitter > 0)); then
	sleep $((SRANDOM % (jitter + 1))) &
	trap 'kill $!; signalled=1; exit 129' HUP
	trap 'kill $!; exit 130' INT
	trap 'kill $!; exit 143' TERM
	wait $!
fi

mkdir -p "$spool/run" || exit 77
# Not emptied yet: that tells omni-status that a run has begun.
exec {lock}>>"$spool/run/run.lock" || exit 77
if ! flock -n "$lock"; then
	say "another run is going on ($spool/run/run.lock); nothing done"
	exit 75
fi
: >"$spool/run/run.lock"
# What a run that was killed left: the lock says that it is over.
rm -rf "$spool"/run/cycle.*
[[ -w $spool/run ]] || {
	say "$spool/run: may not be written"
	exit 77
}
work=$(mktemp -d "$spool/run/cycle.XXXXXX")
[[ $work == "$spool"/run/cycle.?????? ]] || {
	work=''
	say "$spool/run: no directory can be made there"
	exit 75
}
trap 'signalled=1; exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
export OMNI_RUN=${OMNI_RUN-omni-run/${OMNI_NOW:-$(date -u +%FT%TZ)}}

limit_seconds=$limit
seconds limit_seconds
seconds grace
clock || exit 71
end=$((now + limit_seconds))
hung=
# A limit that no run reaches stands for none.
((limit_seconds > 0)) || end=$((end + 10 ** 9))

# start PROGRAM ARGUMENT...: runs it until the run's time is over; then it is
# asked to end, and after the grace it is killed.  In our own process group, so
# that a signal to the run still reaches all of it.
start() {
	local left
	clock
	left=$((end - now))
	((left > 0)) || return 124
	timeout --foreground -k "$grace" "$left" "$@"
}

# is_over STATUS PROGRAM: whether it was stopped so; says it once
is_over() {
	(($1 == 124 || $1 == 137)) && clock && ((now >= end)) || return 1
	[[ -n $hung ]] || say "stopped at $2: the run took longer than $limit"
	hung=$2
	note 75
}

worst=0
# note STATUS: keep the gravest.  75 says that another run is needed; of those
# that need a person the first counts.  141 is SIGPIPE: the stage behind says
# why.  126 and 127 come from the shell: no such program.
note() {
	case $1 in
	0 | 141) ;;
	1) ((worst != 0)) || worst=1 ;;
	75) ((worst > 1)) || worst=75 ;;
	126 | 127) ((worst > 1 && worst != 75)) || worst=71 ;;
	*) ((worst > 1 && worst != 75)) || worst=$1 ;;
	esac
}

# note_pipe: a refused record (1) is in the ledger and in failed_message, and
# its ladder goes on: no failure of the run.  False when a stage did not take
# all records, so that the same ones would come again.
note_pipe() {
	local status whole=0
	for status in "${stages[@]}"; do
		((status == 1)) || note "$status"
		((status == 0 || status == 1)) || whole=1
	done
	return "$whole"
}

names=(omni-normalize omni-route omni-render omni-queue)
# pipe FILE [-n]: the filters and the gate over FILE; what each said goes into
# the array `stages`.  False when the time was over: of those that had not ended
# the first is named, since those behind it only wait.
pipe() {
	start omni-normalize "${options[@]}" <"$1" |
		start omni-route "${options[@]}" |
		start omni-render "${options[@]}" |
		start omni-queue -q "${options[@]}" "${@:2}"
	stages=("${PIPESTATUS[@]}")
	for i in "${!stages[@]}"; do
		! is_over "${stages[i]}" "${names[i]}" || return 1
	done
}

# died: whether a stage was killed or hit a bug (not: refused a record).  A
# stage before it then dies of SIGPIPE (141), which says nothing.
died() {
	local i
	for i in "${!stages[@]}"; do
		if ((stages[i] == 70 || stages[i] == 71 ||
			(stages[i] > 128 && stages[i] != 141))); then
			culprit="${names[i]} (status ${stages[i]})"
			return 0
		fi
	done
	return 1
}

# probe: whether the pipe lives through a plain record, which nothing is
# written of.
probe() {
	printf '%s\n' '{"id": "omni-run probe", "channel": "email",
		"to": "probe@example.org", "subject": "probe", "text": "probe"}' |
		tr -d '\n' >"$work/one"
	pipe "$work/one" -n >/dev/null 2>&1 && ! died
}

# set_aside LINE: a record that kills a stage is entered as refused
set_aside() {
	mkdir -p "$spool/bad"
	printf '%s\n' "$1" >>"$spool/bad/run.ndjson"
	say "$culprit died of a record; it is in $spool/bad/run.ndjson"
	printf '%s\n' "$1" | jq -c --arg by "$culprit" \
		'. + {error: {stage: "run", code: "killed",
		message: ($by + " died of this record"), temporary: false}}' |
		omni-queue -q "${options[@]}"
	note 70
}

# one_by_one FILE: those that kill a stage are set aside, so that those after
# them do not starve.  A program that dies of everything is no record's fault:
# when none got through, nor, for one alone, a plain one, they wait.
one_by_one() {
	local line dead=() lived=0
	while IFS= read -r line; do
		printf '%s\n' "$line" >"$work/one"
		pipe "$work/one" || return
		if died; then
			dead+=("$line")
			((lived > 0 || ${#dead[@]} < PROGRAM_DIES)) || break
		else
			lived=1
			note_pipe || true
		fi
	done <"$1"
	if ((lived == 0)) && { ((${#dead[@]} > 1)) || ! probe; }; then
		say "$culprit dies of every record: the program or what it needs is" \
			"broken; nothing is refused, they wait"
		note 70
		return 1
	fi
	for line in "${dead[@]}"; do
		set_aside "$line"
	done
}

# step PROGRAM ARGUMENT...: one that is no filter; nothing once time is over
step() {
	local status=0
	[[ -z $hung ]] || return
	start "$@" || status=$?
	is_over "$status" "$1" || note "$status"
}

# ask QUERY: what the ledger answers, or nothing
ask() {
	sqlite3 -readonly -cmd '.timeout 10000' "$ledger" "$1" 2>/dev/null
}

# What a person must see to, of what came of the journal since row $1.  A
# message of a ladder, or one with another channel to go by, is not lost when
# it fails; when all of them have failed there is a flag.
sum_up() {
	ask "WITH new AS (SELECT op, data ->> '\$.id' AS id, seq FROM journal
		WHERE seq > $1)
	SELECT group_concat(n || ' ' || what, ', ') FROM (
	SELECT 1 AS rank, count(DISTINCT m.id) AS n, 'failed' AS what
	FROM new JOIN message m ON m.id = new.id
	WHERE op IN ('attempt.finished', 'event.received', 'message.refused')
	AND m.state IN ('failed', 'refused') AND m.reminder IS NULL
	AND coalesce(m.failover, 'ready') = 'ready'
	UNION ALL SELECT 2, count(DISTINCT m.id), 'in doubt'
	FROM new JOIN message m ON m.id = new.id
	WHERE op = 'attempt.doubted' AND m.state = 'in_doubt'
	UNION ALL SELECT 3, count(DISTINCT m.id), 'held'
	FROM new JOIN message m ON m.id = new.id
	WHERE op = 'message.held' AND m.state = 'held'
	UNION ALL SELECT 4, count(*), iif(count(*) = 1, 'new flag',
	'new flags') FROM new JOIN flag f ON f.id = new.seq
	WHERE op = 'flag.put' AND f.resolved_at IS NULL
	ORDER BY rank) WHERE n > 0"
}

before=$(ask 'SELECT max(seq) FROM journal')

step omni-ingest -q "${options[@]}"

# What came in is answered, or drafted, where a model is configured.  It looks
# into the ledger and reads no events, so that none is lost with a run that died.
# draft --emergencies | --waiting
draft() {
	local asked=0 queued=0 drafts
	[[ -z $hung ]] || return
	exec {drafts}>"$work/drafts" || {
		note 75
		return
	}
	start omni-assist "$1" "${options[@]}" >&"$drafts" || asked=$?
	exec {drafts}>&-
	is_over "$asked" omni-assist || ((asked == 1)) || note "$asked"
	[[ -s $work/drafts ]] ||
		{ [[ -f $work/drafts && ! -s $work/drafts ]] && return; }
	# Its 1, of what it cannot open, is no refused record.
	exec {drafts}<"$work/drafts" || {
		note 75
		return
	}
	start omni-queue -q "${options[@]}" <&"$drafts" || queued=$?
	exec {drafts}<&-
	is_over "$queued" omni-queue || ((queued == 1)) || note "$queued"
}
# Who cannot wait does not wait for what a model takes its time over.  A 1 of
# Bash's does not say that nothing is set.
assistant=$(omni-ledger "${options[@]}" setting assist.provider
	echo "end $?")
case $assistant in
*$'\n''end 0')
	draft --emergencies
	draft --waiting
	;;
'end 1') ;;	# it is not set
*'end '[0-9]*) note "${assistant##*end }" ;;
*)
	say 'whether there is an assistant cannot be read'
	note 71
	;;
esac

for ((pass = 0; pass < PASSES; pass++)); do
	rc=0
	[[ -z $hung ]] || break
	# What cannot be kept cannot be queued; a 1 of Bash's is no status.
	exec {due}>"$work/due" || {
		note 75
		break
	}
	start omni-escalate "${options[@]}" >&"$due" || rc=$?
	exec {due}>&-
	! is_over "$rc" omni-escalate || break
	note "$rc"
	# 1: a reminder without a ladder was left out, and told.
	((rc <= 1)) || break
	# What cannot be looked at is not empty.
	[[ -s $work/due ]] || { [[ -f $work/due && ! -s $work/due ]] && break; }
	pipe "$work/due" || break
	if died; then
		say "$culprit died; trying each record by itself"
		one_by_one "$work/due" || break
		continue
	fi
	note_pipe || break
done

for sender in mail sms wa voice push; do
	step "omni-send-$sender" -q "${options[@]}"
done

summary=
[[ -z $before ]] || summary=$(sum_up "$before")
[[ -z $summary ]] || say "$summary; omni-status and the view open_flag have more"
exit "$worst"
