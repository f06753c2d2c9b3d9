#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats and make_ledger set them
# shellcheck disable=SC2016	# for other shells and templates, as they stand
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# Hostile surroundings: files that anybody may change, links and odd names in
# the spool, no room, no descriptors, other clocks, locales, limits and umasks,
# a ledger of yesterday.  Whatever it is, the ledger and what was sent are as
# they should be, and it is said.

setup() {
	load helper
	make_ledger 2026-11-24T16:00:00Z
	keep_console
	spool=$SITE/spool
	chmod 750 "$spool"
	order=$spool/outbound/sms
	programs=(omni-normalize omni-route omni-render omni-queue
		omni-send-mail omni-send-sms omni-send-wa omni-send-voice
		omni-send-push omni-ingest omni-schedule omni-escalate
		omni-contact omni-ledger omni-status omni-run)
	mounted='' held=
}

teardown() {
	exec 4>&-
	[ -z "$held" ] || kill "$held" 2>/dev/null || :
	[ -z "$mounted" ] || umount "$mounted"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can do this'
}

# sms ID...: a record for each, ready to be queued
sms() {
	local id
	for id; do
		printf '{"id":"%s","channel":"sms","account":"sms",' "$id"
		printf '"to":"+525512345678","route":{},'
		printf '"topic":"order","class":"transactional","text":"Sí %s",' \
			"$id"
		echo '"expires_at":"2026-11-26T00:00:00Z"}'
	done
}

queue() {
	sms "$@" | omni-queue -q
}

# sent: how often each was sent, as "ID ID"
sent() {
	[ ! -e "$console" ] ||
		sed -nE 's/^sms to .* \((.*), attempt [0-9]+\)$/\1/p' "$console" |
		sort | xargs
}

# refused_by STATUS PATTERN COMMAND...: it ends so, and says that in one line
refused_by() {
	local want=$1 pattern=$2
	shift 2
	run --separate-stderr "$@" </dev/null
	assert_equal "$* $status" "$* $want"
	# shellcheck disable=SC2053	# it is a pattern
	[[ $stderr == $pattern ]] || fail "$*: $stderr"
}

# rows: how many the journal has
rows() {
	sql 'SELECT count(*) FROM journal'
}

# ------------------------------------------------------- whose files, and modes

@test "a configuration that anybody may write is refused by every program" {
	local p
	chmod 666 "$OMNI_CONF"
	for p in "${programs[@]}"; do
		refused_by 78 "*$OMNI_CONF: mode 0666 lets everybody write to*" \
			"$p"
	done
	chmod 664 "$OMNI_CONF"
	run -0 omni-status
	# Who may exchange the file may write it.
	chmod 777 "$SITE/etc"
	refused_by 78 "*$SITE/etc: mode 0777 lets everybody write to*" omni-route
	chmod 1777 "$SITE/etc"
	run -0 omni-status
}

@test "root runs nothing that another's configuration names" {
	need_root
	chown 64001 "$OMNI_CONF"
	refused_by 78 '*belongs to user 64001, and this is root, who would run *' \
		omni-normalize
	refused_by 78 '*belongs to user 64001*' omni-run
}

@test "a secret that everybody may read is refused, and not repeated (Inv. 11)" {
	local secret=$SITE/etc/token p
	printf %s 12345678901234567890123456789012 >"$secret"
	cat >>"$OMNI_CONF" <<-END

	[links]
	key = file:token
	END
	chmod 604 "$secret"
	for p in omni-render omni-escalate; do
		[ "$p" = omni-render ] || continue
		refused_by 78 '*key of \[links\]: *token: mode 0604 lets everybody read*' \
			"$p"
	done
	[[ $stderr != *1234567* ]]
	chmod 640 "$secret"
	run -0 omni-render </dev/null
	sed -i 's|^auth_token = .*|auth_token = file:token|
		s|^provider = console|provider = twilio|' "$OMNI_CONF"
	chmod 666 "$secret"
	queue a
	refused_by 78 '*auth_token of \[provider twilio\]*mode 0666*' \
		omni-send-sms
	[[ $stderr != *1234567* ]]
	assert_equal "$(states)" 'queued 1'
	# A CGI says no, and keeps nothing.
	run --separate-stderr env GATEWAY_INTERFACE=CGI/1.1 \
		REQUEST_METHOD=POST PATH_INFO=/twilio/sms QUERY_STRING= \
		CONTENT_TYPE=application/x-www-form-urlencoded \
		CONTENT_LENGTH=1 HTTP_X_TWILIO_SIGNATURE=x \
		omni-ingest <<<x
	assert_output --regexp '^Status: 5'
	run -0 find "$spool/inbound" -path '*/new/*'
	assert_output ''
}

@test "a ledger, or its key, that everybody may read is refused" {
	local p before
	queue a
	before=$(rows)
	chmod 644 "$spool/ledger.db"
	for p in omni-route omni-queue omni-send-sms omni-escalate omni-status \
		'omni-ledger verify' omni-schedule omni-run; do
		# shellcheck disable=SC2086	# a command and its arguments
		refused_by 78 '*ledger.db: mode 0644 lets everybody read it: chmod o-rw*' \
			$p
	done
	chmod 660 "$spool/ledger.db"
	assert_equal "$(rows)" "$before"
	chmod 604 "$spool/ledger.db.key"
	refused_by 78 '*ledger.db.key: mode 0604 lets everybody read*' \
		omni-send-sms
	chmod 600 "$spool/ledger.db.key"
	run -0 omni-send-sms -q
	assert_equal "$(sent)" a
}

@test "root leaves nothing in what is another's" {
	need_root
	queue a
	chown 64001 "$spool/ledger.db"
	refused_by 77 '*ledger.db: belongs to user 64001*' omni-send-sms
	run -0 omni-status
	chown 0 "$spool/ledger.db"
	chown 64001 "$order"
	refused_by 0 '*outbound/sms: belongs to user 64001*' omni-send-sms
	assert_equal "$(sent)" a
}

@test "a spool that anybody may write to is refused" {
	local d
	queue a
	omni-ingest
	for d in "$order" "$order/new" "$spool/outbound" "$spool"; do
		chmod 777 "$d"
		# It decides nothing, and is done without.
		refused_by 0 "*$d: mode 0777 lets everybody write to*" \
			omni-send-sms
		chmod 750 "$d"
	done
	assert_equal "$(sent)" a
	run -0 find "$order/new" -type f
	refute_output ''
	for d in "$spool/inbound" "$spool/inbound/"{tmp,new,cur,bad} "$spool"; do
		chmod 777 "$d"
		refused_by 78 "*$d: mode 0777 lets everybody write to*" \
			omni-ingest
		chmod 750 "$d"
	done
	chmod 777 "$spool/run"
	refused_by 78 '*spool/run: mode 0777*' omni-ingest
	refused_by 78 '*spool/run: mode 0777*' omni-send-sms
}

@test "templates that anybody may write to are refused, and nothing is queued" {
	local t=$SITE/templates d
	mkdir -p "$t/hola/es"
	echo 'Sí' >"$t/hola/es/sms"
	printf '[template]\nname = hola\nclass = transactional\n' \
		>"$t/hola/meta.conf"
	sed -i "s|^templates = .*|templates = ../templates|" "$OMNI_CONF"
	echo '{"id":"1","template":"hola","language":"es","channel":"sms",
		"account":"sms","topic":"order","to":"+525512345678"}' | jq -c . >"$in"
	run -0 --separate-stderr omni-render <"$in"
	assert_equal "$(jq -r .text <<<"$output")" 'Sí'
	chmod 777 "$t"
	refused_by 78 "*templates: mode 0777 lets everybody write to*" omni-render
	chmod 750 "$t"
	for d in "$t/hola" "$t/hola/es/sms"; do
		chmod o+w "$d"
		run -75 --separate-stderr omni-render <"$in"
		assert_equal "$(jq -r .error.temporary <<<"$output")" true
		[[ $stderr == *"lets everybody write to it"* ]]
		chmod o-w "$d"
	done
}

# -------------------------------------------------------------------- the spool

@test "links in the place of spool directories are not followed" {
	local away=$BATS_TEST_TMPDIR/away d
	queue a
	omni-ingest
	mkdir "$away"
	echo kept >"$away/kept"
	for d in "$order/"{tmp,new,cur,bad}; do
		mv "$d" "$d.real"
		ln -s "$away" "$d"
		refused_by 0 "*$d: not a directory" omni-send-sms
		rm "$d"
		mv "$d.real" "$d"
	done
	for d in "$spool/inbound/"{tmp,new,cur,bad}; do
		rmdir "$d"
		ln -s "$away" "$d"
		refused_by 78 "*$d: not a directory" omni-ingest
		rm "$d"
	done
	# Locks and notes are not made where a link says.
	rm -f "$spool/run/"*
	ln -s "$away/lock" "$spool/run/sms.lock"
	queue b
	refused_by 71 '*sms.lock: Too many levels of symbolic links' omni-send-sms
	rm "$spool/run/sms.lock"
	rm "$spool/run/omni-send-sms.started"
	ln -s "$away/started" "$spool/run/omni-send-sms.started"
	ln -s "$away/seen" "$spool/ledger.db.seen.tmp"
	run -0 omni-send-sms -q
	assert_equal "$(sent)" 'a b'
	assert_equal "$(ls "$away")" kept
	assert_equal "$(cat "$away/kept")" kept
	verified
}

@test "what is no plain file in a spool is set aside, and stops nobody" {
	local away=$BATS_TEST_TMPDIR/away
	queue a
	sms a >"$away"
	ln -s "$away" "$order/new/1link"
	ln -s nowhere "$order/new/2link"
	mkfifo "$order/new/3fifo" "$order/cur/4fifo"
	mkdir "$order/new/5directory"
	run -0 --separate-stderr timeout 60 omni-send-sms -q
	assert_equal "$(sent)" a
	run -0 ls "$order/new" "$order/cur"
	refute_output --regexp 'link|fifo|directory'
	run -0 ls "$order/bad"
	assert_line 1link
	assert_line 3fifo.reason
	assert_line 4fifo
	assert_line 5directory
	sms a | cmp - "$away"
}

@test "odd file names: said in one line without control characters, set aside" {
	local new=$spool/inbound/new long name n=0
	omni-ingest
	long=$(printf '%0255d' 0)
	for name in $'a\nb' $'a\e[31mb' $'\xff\xfe' "$long" '-rf' '*' ' ' \
		'a;b' '$(x)'; do
		echo junk >"$new/$name"
		n=$((n + 1))
	done
	run -1 --separate-stderr omni-ingest
	assert_equal "${#stderr_lines[@]}" $n
	printf '%s\n' "${stderr_lines[@]}" >"$BATS_TEST_TMPDIR/err"
	run -1 grep -aP '[\x00-\x08\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/err"
	run -0 iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/err"
	run -0 find "$new" -type f
	assert_output ''
	[ -e "$spool/inbound/bad/$long" ]
	[ -e "$spool/inbound/bad/"$'a\nb.reason' ]
	run -0 omni-ingest
	# And as work orders, each of the same message.
	queue a
	for name in $'a\nb' $'\xff\xfe' "$long" '-rf' '*'; do
		sms a >"$order/new/$name"
	done
	run -0 --separate-stderr omni-send-sms -q
	assert_equal "$(sent)" a
	run -0 find "$order/new" "$order/cur" -mindepth 1
	assert_output ''
	run -1 omni-status	# some were set aside
	verified
}

@test "rm -rf spool/outbound/* at any instant: nothing is lost or doubled (Inv. 8)" {
	local round pid ids=()
	for round in {1..8}; do
		ids+=("$round-"{1..12})
		queue "$round-"{1..12} &
		pid=$!
		omni-send-sms -q 2>/dev/null 3>&- &
		while kill -0 $pid 2>/dev/null; do
			rm -rf "$spool/outbound/"* 2>/dev/null || :
		done
		# 71: a directory was gone, which it says.
		wait $pid || [ $? -eq 71 ]
		rm -rf "$spool/outbound/"* 2>/dev/null || :
		wait || :
	done
	run -0 omni-send-sms -q
	assert_equal "$(sent)" "$(printf '%s\n' "${ids[@]}" | sort | xargs)"
	verified
}

# ------------------------------------------------------------- room and limits

@test "a full disk: said, nothing lost, and all is well once there is room" {
	local n
	need_root
	mount -t tmpfs -o size=1500k omni "$spool" 2>/dev/null ||
		skip 'no tmpfs to be had'
	mounted=$spool
	omni-ledger init
	queue a
	# All that is left; a ledger's log takes what it needs from it.
	head -c 2000000 /dev/zero >"$spool/filler" 2>/dev/null || :
	n=$(rows)
	# shellcheck disable=SC2046	# a hundred of them
	sms $(seq -f 'x%g' 100) >"$in"
	run --separate-stderr omni-queue -q <"$in"
	assert_equal "$status" 75
	[[ $stderr == *'full'* || $stderr == *'No space left'* ]]
	assert_equal "$(rows)" "$n"
	run --separate-stderr omni-send-sms -q
	assert_equal "$status" 75
	assert_equal "$(sent)" ''
	run --separate-stderr omni-ingest --mail <<<'Subject: x'
	assert_equal "$status" 75
	run -0 find "$spool/inbound" -type f
	assert_output ''
	rm "$spool/filler"
	mount -o remount,size=20m "$spool"
	run -0 omni-queue -q <"$in"
	run -0 omni-send-sms -q
	assert_equal "$(sent | wc -w)" 101
	verified
}

@test "a file system that may not be written: said, and who reads can" {
	need_root
	mount -t tmpfs -o size=20m omni "$spool" 2>/dev/null ||
		skip 'no tmpfs to be had'
	mounted=$spool
	omni-ledger init
	queue a
	mount -o remount,ro "$spool"
	sms b >"$in"
	run --separate-stderr omni-queue -q <"$in"
	assert_equal "$status" 77
	[[ $stderr == *'Read-only file system'* || $stderr == *'may not be'* ]]
	run --separate-stderr omni-send-sms -q
	assert_equal "$status" 77
	run --separate-stderr omni-ingest --mail <<<'Subject: x'
	assert_equal "$status" 75
	echo '{"id":"r","channel":"sms","address":{"sms":{"to":"+525512345678"}},
		"topic":"order","text":"x"}' | jq -c . >"$in.route"
	run -0 --separate-stderr omni-route <"$in.route"
	run -0 omni-escalate
	run --separate-stderr omni-status
	assert_line --regexp '^sms  '
	mount -o remount,rw "$spool"
	run -0 omni-queue -q <"$in"
	run -0 omni-send-sms -q
	assert_equal "$(sent)" 'a b'
	verified
}

@test "limits on files, memory, time, descriptors: said, and nothing is lost" {
	local limit p s
	[ -z "${SANITIZED-}" ] || skip 'a sanitizer needs more'
	queue a
	# shellcheck disable=SC2046	# five hundred of them
	sms $(seq -f 'x%g' 500) >"$in"
	for limit in '-f 8' '-f 0' '-v 30000' '-v 60000' '-n 5' '-n 8' \
		'-n 12' '-u 0' '-t 1' '-s 64'; do
		for p in omni-normalize omni-route omni-render omni-queue \
			omni-send-sms omni-escalate omni-status omni-ingest; do
			# A pipe, since a file would be limited, too.
			run bash -c "(ulimit $limit; exec $p -q) 2>&1 |
				cat; s=\${PIPESTATUS[0]}
				exit \$((s == 127 ? 126 : s))" <"$in"
			s=$status
			case $s in
			0 | 1 | 69 | 71 | 74 | 75 | 77 | 78) ;;
			# The loader, which finds no room for a library.
			126) [[ $output == *'shared'* ]] ;;
			# The kernel's own, as limits are defined.
			137 | 139 | 152) [[ $limit != '-f'* && $limit != -n* ]] ;;
			*) fail "$p with $limit: $s: $output" ;;
			esac
			[ "$s" -eq 0 ] || [ -n "$output" ] || [ "$s" -gt 128 ] ||
				fail "$p with $limit: $s, and no word"
		done
	done
	run -0 omni-queue -q <"$in"
	run -0 omni-send-sms -q
	assert_equal "$(sent | wc -w)" 501
	assert_equal "$(sent | tr ' ' '\n' | sort -u | wc -l)" 501
	verified
}

# ------------------------------------------------------------------ descriptors

@test "closed descriptors: no message becomes a part of a file" {
	local p combination before
	queue a
	before=$(cat "$spool/ledger.db" "$spool/ledger.db-wal" \
		"$OMNI_CONF" | sha256sum)
	for p in "${programs[@]}" 'omni-ledger verify' 'omni-ingest --mail' \
		phonenumber; do
		for combination in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' \
			'>&- 2>&-' '<&- >&- 2>&-'; do
			run bash -c "exec $p $combination" </dev/null
			case "$p $status" in
			'omni-ingest --mail 75' | *' 74') ;;
			*) fail "$p $combination: $status $output" ;;
			esac
		done
	done
	assert_equal "$(cat "$spool/ledger.db" "$spool/ledger.db-wal" \
		"$OMNI_CONF" | sha256sum)" "$before"
	run -1 grep -rl 'Bad file descriptor' "$SITE"
	verified
}

@test "no /dev/null: what has use for it says so, the rest goes on" {
	need_root
	queue a
	sed -i 's|^path = ../spool/Maildir|path = mta|
		s|^kind = maildir|kind = sendmail|' "$OMNI_CONF"
	printf '#!/bin/sh\nexec cat >>"%s"\n' "$SITE/mta.out" >"$SITE/etc/mta"
	chmod 755 "$SITE/etc/mta"
	cat >"$BATS_TEST_TMPDIR/without" <<-'END'
	mount -t tmpfs omni /dev 2>/dev/null || exit 99
	omni-send-sms -q || exit
	omni-escalate || exit
	omni-ingest -q || exit
	omni-status -q || exit
	omni-run
	END
	run unshare -m bash "$BATS_TEST_TMPDIR/without" </dev/null
	[ "$status" -ne 99 ] && [ "$status" -ne 1 ] || skip 'no mount to be had'
	assert_success
	assert_equal "$(sent)" a
	verified
}

# ---------------------------------------------------------- clock, locale, umask

@test "a clock that goes back: nothing goes out again, no age is negative" {
	queue a b
	run -0 omni-send-sms -q
	at 2026-11-24T10:00:00Z
	run -0 omni-send-sms -q
	queue a
	run -0 omni-send-sms -q
	assert_equal "$(sent)" 'a b'
	queue c
	run --separate-stderr omni-status -j
	assert_equal "$(jq '[.. | numbers | select(. < 0)] | length' \
		<<<"$output")" 0
	run -0 omni-status -p
	refute_output --regexp ' -[0-9]'
	run omni-run
	assert_equal "$(sql "SELECT count(*) FROM (SELECT at, lag(at) OVER
		(ORDER BY seq) AS before FROM journal) WHERE at < before")" 0
	# Further than [clock] max_gap a person is asked.
	at 2026-01-01T00:00:00Z
	run -75 omni-send-sms -q
	run -75 omni-run
	assert_output --partial 'it is 2026-01-01T00:00:00Z'
	assert_equal "$(sent | tr ' ' '\n' | grep -c '^[ab]$')" 2
	verified
}

@test "another locale changes no byte (Inv. 12)" {
	local locale first=
	echo '{"id":"1","template":"custom","contact":{"name":"Íñigo",
		"phone":"55 1234 5678","language":"es"},"topic":"order",
		"vars":{"text":"Mañana a las 10:30, $1,234.50 ¿sí?",
		"subject":"İı"}}' | jq -c . >"$in"
	for locale in C.UTF-8 C es_MX.ISO-8859-1 de_DE tr_TR.UTF-8 nowhere; do
		# Not bash, which has a word to say about it.
		here=(env LC_ALL="$locale" LANG="$locale" LANGUAGE="$locale")
		run --separate-stderr bash -c '"${@:2}" omni-normalize <"$1" |
			"${@:2}" omni-route | "${@:2}" omni-render' - "$in" \
			"${here[@]}"
		[ -n "$first" ] || first=$output$stderr
		assert_equal "$locale $output$stderr" "$locale $first"
	done
	assert_equal "$(jq -r .to <<<"$output")" +525512345678
	[[ $output == *Íñigo* ]]
}

@test "whatever the umask is, files are for this user and its group" {
	local mask
	for mask in 000 777; do
		(
			umask $mask
			queue "a$mask"
			omni-ingest --mail <<<'Subject: x'
			omni-ledger -q export
			omni-ledger backup "$spool/backup$mask"
			omni-run || :
			omni-send-sms -q
		)
		run -0 find "$spool" -perm /007 -not -type l
		assert_output ''
		run -0 find "$spool" -type d -not -perm -700
		assert_output ''
		run -0 find "$spool" -type f \( -perm /111 -o -not -perm -600 \)
		assert_output ''
	done
	assert_equal "$(sent)" 'a000 a777'
	run -0 find "$spool" -name 'backup*.key' -not -perm 600
	assert_output ''
	verified
}

# ----------------------------------------------------------- a ledger of yesterday

# yesterday: the ledger is as it was when $spool/backup was made
yesterday() {
	rm -f "$spool/ledger.db"{,-wal,-shm}
	cp "$spool/backup" "$spool/ledger.db"
}

@test "a ledger of yesterday stops the senders until a person has looked (Inv. 3)" {
	queue a b
	omni-ledger backup "$spool/backup"
	run -0 omni-send-sms -q
	assert_equal "$(sent)" 'a b'
	omni-ledger -q export
	yesterday
	assert_equal "$(states)" 'queued 2'
	run -75 omni-send-sms -q
	assert_output --partial 'an older file was put in its place'
	run omni-status
	assert_equal "$status" 2
	assert_output --partial 'an older file was put in its place'
	# Rows that are entered meanwhile do not hide it.
	queue {1..20}
	run -75 omni-send-sms -q
	run -75 omni-run
	assert_equal "$(sent)" 'a b'
	# As omni-ledger(1) has it.
	cat "$spool"/journal/*.ndjson |
		jq -r 'select(.op == "attempt.started") | .data.id' |
		sort -u | xargs omni-queue cancel
	run -0 omni-ledger confirm
	run -0 omni-send-sms -q
	assert_equal "$(sent)" "$(echo a b {1..20} | tr ' ' '\n' | sort | xargs)"
	# And the same once more: what was confirmed then is not this.
	yesterday
	run -75 omni-send-sms -q
	assert_equal "$(sent | wc -w)" 22
}

@test "a new ledger in the place of one that is lost stops the senders, too" {
	queue a
	run -0 omni-send-sms -q
	rm "$spool/ledger.db"{,-wal,-shm,.key}
	omni-ledger init
	queue a
	run -75 omni-send-sms -q
	assert_output --partial 'an older file was put in its place'
	assert_equal "$(sent)" a
}

@test "a note of the last row that was cut off, or is not there, stops nobody" {
	queue a
	: >"$spool/ledger.db.seen"
	run -0 omni-send-sms -q
	queue b
	printf 99 >"$spool/ledger.db.seen"
	run -0 omni-send-sms -q
	rm "$spool/ledger.db.seen"
	queue c
	run -0 omni-send-sms -q
	assert_equal "$(sent)" 'a b c'
	assert_equal "$(cut -d ' ' -f 1 "$spool/ledger.db.seen")" "$(rows)"
	# Only who may write the ledger changes it.
	run -0 omni-escalate
	assert_equal "$(cut -d ' ' -f 1 "$spool/ledger.db.seen")" "$(rows)"
}

# ------------------------------------------------------------ what is handed down

# inherit CODE COMMAND...: started after these lines of Python
inherit() {
	python3 -c "import os, signal, sys, ctypes
$1
os.execvp(sys.argv[1], sys.argv[1:])" "${@:2}"
}

@test "signals that are ignored or blocked by who starts us change nothing" {
	local code
	sed -i 's|^path = ../spool/Maildir|path = mta|
		s|^kind = maildir|kind = sendmail|' "$OMNI_CONF"
	printf '#!/bin/sh\ncat >/dev/null\nexit 67\n' >"$SITE/etc/mta"
	chmod 755 "$SITE/etc/mta"
	local n=0
	for code in 'signal.signal(signal.SIGCHLD, signal.SIG_IGN)' \
		'signal.pthread_sigmask(signal.SIG_BLOCK, 
			signal.valid_signals())' \
		'signal.signal(signal.SIGPIPE, signal.SIG_IGN)' \
		'signal.signal(signal.SIGXFSZ, signal.SIG_DFL)'; do
		id=${code//[^a-zA-Z]/} n=$((n + 1))
		echo '{"id":"'"$id"'","channel":"email",
			"account":"email","to":"a'$n'@example.org","route":{},
			"subject":"x","text":"x","topic":"order",
			"class":"transactional",
			"expires_at":"2026-11-26T00:00:00Z"}' | jq -c . >"$in"
		inherit "$code" omni-queue -q <"$in"
		run --separate-stderr inherit "$code" omni-send-mail
		assert_equal "$stderr" "omni-send-mail: $id: attempt 1: address"
		# What sendmail(8) said is what counts: EX_NOUSER.
		assert_equal "$(jq -r .result.outcome <<<"$output")" \
			address
		echo '{"contact":{"phone":"55 1234 5678"}}' >"$in"
		run -0 --separate-stderr inherit "$code" omni-normalize <"$in"
		assert_equal "$(jq -r .address.sms.to <<<"$output")" \
			+525512345678
		run -0 inherit "$code" omni-run
	done
	verified
}

@test "SIGTERM ends a sender that was started with it blocked" {
	mkfifo "$BATS_TEST_TMPDIR/slow"
	(exec python3 -c 'import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.execvp("omni-send-sms", ["omni-send-sms", "-q", "-"])') \
		<"$BATS_TEST_TMPDIR/slow" 3>&- 4>&- &
	held=$!
	exec 4>"$BATS_TEST_TMPDIR/slow"
	# It has its lock when it is set up.
	until [ -e "$spool/run/sms.lock" ]; do
		sleep 0.1
	done
	kill -TERM "$held"
	wait "$held" || status=$?
	assert_equal "$status" 75
}

@test "an empty environment, none, no arguments, or many" {
	queue a
	run -0 env -i "$ROOT/bin/omni-send-sms" -q -c "$OMNI_CONF" \
		-o channel\ sms.active=no
	run -0 env -i "$ROOT/bin/omni-run" -c "$OMNI_CONF"
	run -0 env PATH= IFS=/ omni_ENV=x BASH_ENV=/nowhere CDPATH=/ \
		LD_LIBRARY_PATH=/nowhere POSIXLY_CORRECT=1 \
		"$ROOT/bin/omni-run" -c "$OMNI_CONF"
	# The programs are those beside omni-run, whatever the path says.
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho stolen\nexit 1\n' \
		>"$BATS_TEST_TMPDIR/bin/omni-queue"
	chmod 755 "$BATS_TEST_TMPDIR/bin/omni-queue"
	run env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$ROOT/bin/omni-run"
	assert_output ''
	assert_success
	run inherit 'a = (ctypes.c_char_p * 1)(None)
ctypes.CDLL(None).execv(os.fsencode(sys.argv[2]), a)' x \
		"$ROOT/bin/omni-status"
	assert_output --regexp '^(omni: [^|]*)?channel '
	run bash -c 'exec -a "" omni-route --nonsense'
	assert_equal "$status" 64
	# shellcheck disable=SC2046	# so many arguments
	run omni-route $(seq 100000)
	assert_equal "$status" 64
	run -64 omni-queue "$(head -c 100000 /dev/zero | tr '\0' x)"
	verified
}

# ----------------------------------------------------------------- confinement

# need_confinement: skips the test where nothing is confined
need_confinement() {
	[ -z "${SANITIZED-}" ] || skip 'a sanitizer needs what is forbidden'
	grep -q '^Seccomp:' /proc/self/status || skip 'no seccomp here'
}

# hold COMMAND...: it waits for its input; $held is its process.  Ends with
# let_go
hold() {
	rm -f "$BATS_TEST_TMPDIR/slow"
	mkfifo "$BATS_TEST_TMPDIR/slow"
	"$@" <"$BATS_TEST_TMPDIR/slow" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- &
	held=$!
	exec 4>"$BATS_TEST_TMPDIR/slow"
	# read(2) of it, or poll(2): by their numbers, on either machine.
	until grep -qE '^(0|63) 0x0 |^(7|271|73) 0x' "/proc/$held/syscall"; do
		sleep 0.02
	done
}

let_go() {
	exec 4>&-
	# 65: to omni-escalate --rules no rows are a mistake.
	wait "$held" || [ $? -eq 65 ]
	held=
}

# confined PID: "NONEWPRIVS SECCOMP CORE" of that process
confined() {
	echo "$(sed -nE 's/^(NoNewPrivs|Seccomp):\t//p' "/proc/$1/status" |
		xargs) $(awk '/^Max core/ { print $5 }' "/proc/$1/limits")"
}

@test "filters are confined while they wait for input, unless told not to" {
	local p
	need_confinement
	[ -r /proc/self/syscall ] || skip 'no /proc/PID/syscall'
	for p in omni-normalize omni-route omni-render 'omni-render --try' \
		'omni-escalate --rules' phonenumber; do
		# shellcheck disable=SC2086	# a command and its options
		hold $p
		assert_equal "$p $(confined $held)" "$p 1 2 0"
		let_go
		[ "$p" != phonenumber ] || p=
		# shellcheck disable=SC2086
		hold ${p:-phonenumber -u} ${p:+-o filter.confine=no}
		assert_equal "$p $(confined $held | cut -c 1-3)" "$p 0 0"
		let_go
	done
}

@test "what starts phonenumber is a process of its own, and ends with the rest" {
	local child helper
	need_confinement
	[ -r /proc/self/syscall ] || skip 'no /proc/PID/syscall'
	hold omni-normalize
	echo '{"contact":{"phone":"55 1234 5678"}}' >&4
	until [ -s "$BATS_TEST_TMPDIR/out" ]; do
		sleep 0.1
	done
	child=$(cat "/proc/$held/task/$held/children")
	helper=$(cat "/proc/${child% }/task/${child% }/children")
	assert_equal "$(confined "$held")" '1 2 0'
	assert_equal "$(cat "/proc/${helper% }/comm")" phonenumber
	assert_equal "$(confined "${helper% }")" '1 2 0'
	# It holds neither input nor output open.
	run -0 find "/proc/${child% }/fd" -lname "$BATS_TEST_TMPDIR/*"
	refute_output --partial /fd/0
	refute_output --partial /fd/1
	# Helpers die, and others come.
	kill -KILL "${helper% }"
	echo '{"contact":{"phone":"55 8765 4321"}}' >&4
	let_go
	assert_equal "$(jq -r .address.sms.to "$BATS_TEST_TMPDIR/out" | xargs)" \
		'+525512345678 +525587654321'
	assert_not_exists "/proc/${child% }"
}

@test "a sender may write its own files and run nothing; told not to, anything" {
	need_confinement
	queue a
	hold omni-send-sms -q -
	assert_equal "$(confined "$held" | cut -d ' ' -f 1,3)" '1 0'
	let_go
	hold omni-send-sms -q -o send.confine=no -
	assert_equal "$(confined "$held" | cut -d ' ' -f 1)" 0
	let_go
	# One that hands over to a program is not.
	hold omni-send-sms -q -o 'provider other.kind=sendmail' -
	assert_equal "$(confined "$held" | cut -d ' ' -f 1)" 0
	let_go
}

@test "what a folder of templates links to may be read, and nothing else" {
	local t=$SITE/templates
	mkdir -p "$t/hola/es" "$SITE/texts/adios/es"
	echo 'Uno' >"$SITE/texts/uno"
	echo 'Dos' >"$SITE/texts/adios/es/sms"
	printf '[template]\nname = hola\nclass = transactional\n' \
		>"$t/hola/meta.conf"
	sed 's/hola/adios/' "$t/hola/meta.conf" >"$SITE/texts/adios/meta.conf"
	ln -s "$SITE/texts/uno" "$t/hola/es/sms"
	ln -s ../texts/adios "$t/adios"
	sed -i "s|^templates = .*|templates = ../templates|" "$OMNI_CONF"
	for name in hola adios; do
		echo '{"id":"1","template":"'$name'","language":"es",
			"channel":"sms","account":"sms","topic":"order",
			"to":"+525512345678"}' | jq -c .
	done >"$in"
	run -0 --separate-stderr omni-render <"$in"
	assert_equal "$(jq -r .text <<<"$output" | xargs)" 'Uno Dos'
}

# ---------------------------------------------------------------------- systemd

@test "the units leave little open, and let the programs confine themselves" {
	local unit level
	for unit in omni omni-hook; do
		run -0 grep '^SystemCallFilter=.*landlock_restrict_self' \
			"$ROOT/share/server/$unit.service"
		assert_output --partial seccomp
	done
	command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
	for unit in omni omni-hook; do
		run systemd-analyze security --offline=true --no-pager \
			"$ROOT/share/server/$unit.service"
		level=$(sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p' \
			<<<"$output")
		[ -n "$level" ] || skip 'systemd-analyze cannot say'
		[ "${level/./}" -le 20 ] || fail "$unit: $level"
	done
}
