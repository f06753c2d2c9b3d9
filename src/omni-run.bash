#!/bin/bash
# omni-run - one whole cycle, as cron starts it: take in what came back, queue
# what is due, send.  See omni-run(1).

set -u -o pipefail
export LC_ALL=C.UTF-8

bin=$(dirname "$(readlink -f "$0")")
PATH=$bin:$PATH
readonly PASSES=20		# a step that cannot be taken brings the next

usage() {
	echo 'usage: omni-run [-q] [-c file] [-o section.key=value]' >&2
	exit 64
}

say() {
	printf 'omni-run: %s\n' "$*" >&2
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
	[[ -e /proc/$$/fd/$fd && ! /proc/$$/fd/$fd -ef $0 ]] || exit 74
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

spool=$(omni-ledger "${options[@]}" setting paths.spool) || exit
mkdir -p "$spool/run" || exit 77
exec {lock}>"$spool/run/run.lock" || exit 77
if ! flock -n "$lock"; then
	say "another run is going on ($spool/run/run.lock); nothing done"
	exit 75
fi
# What a run that was killed left: the lock says that it is over.
rm -rf "$spool"/run/cycle.*
[[ -w $spool/run ]] || {
	say "$spool/run: may not be written"
	exit 77
}
work=$(mktemp -d "$spool/run/cycle.XXXXXX") || exit 75
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export OMNI_RUN=${OMNI_RUN-omni-run/${OMNI_NOW:-$(date -u +%FT%TZ)}}

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

# pipe FILE: the filters and the gate over FILE; what each said goes into
# the array `stages`.
pipe() {
	omni-normalize "${options[@]}" <"$1" |
		omni-route "${options[@]}" |
		omni-render "${options[@]}" |
		omni-queue -q "${options[@]}"
	stages=("${PIPESTATUS[@]}")
}

# died: whether a stage was killed or hit a bug (not: refused a record).  A
# stage before it then dies of SIGPIPE (141), which says nothing.
died() {
	local i names=(omni-normalize omni-route omni-render omni-queue)
	for i in "${!stages[@]}"; do
		if ((stages[i] == 70 || stages[i] == 71 ||
			(stages[i] > 128 && stages[i] != 141))); then
			culprit="${names[i]} (status ${stages[i]})"
			return 0
		fi
	done
	return 1
}

# one_by_one FILE: a record that kills a stage is set aside and entered as
# refused, so that those after it do not starve.
one_by_one() {
	local line
	while IFS= read -r line; do
		printf '%s\n' "$line" >"$work/one"
		pipe "$work/one"
		if died; then
			mkdir -p "$spool/bad"
			printf '%s\n' "$line" >>"$spool/bad/run.ndjson"
			say "$culprit died of a record; it is in" \
				"$spool/bad/run.ndjson"
			printf '%s\n' "$line" | jq -c --arg by "$culprit" \
				'. + {error: {stage: "run", code: "killed",
				message: ($by + " died of this record"),
				temporary: false}}' |
				omni-queue -q "${options[@]}"
			note 70
		else
			note_pipe || true
		fi
	done <"$1"
}

omni-ingest -q "${options[@]}" || note $?

for ((pass = 0; pass < PASSES; pass++)); do
	rc=0
	omni-escalate "${options[@]}" >"$work/due" || rc=$?
	note "$rc"
	# 1: a reminder without a ladder was left out, and told.
	((rc <= 1)) || break
	[[ -s $work/due ]] || break
	pipe "$work/due"
	if died; then
		say "$culprit died; trying each record by itself"
		one_by_one "$work/due"
		continue
	fi
	note_pipe || break
done

for sender in mail sms wa voice push; do
	"omni-send-$sender" -q "${options[@]}" || note $?
done
exit "$worst"
