#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats sets stderr
# shellcheck disable=SC2030,SC2031	# each test is a subshell, and meant to be
# The index of words is a convenience: whatever becomes of it, what is in the
# ledger is found.

setup() {
	load helper
	load people
	load inbox
	make_inbox
	text +525512345678 '¿Puedo llevar a Canción en ayunas? El Niño, 3.5 kg'
	index=$SITE/spool/search.db
}

# finds: Rosa's message is found
finds() {
	run -0 --separate-stderr omni-inbox search cancion
	assert_equal "${#lines[@]}" 1
	assert_output --partial 'Canción'
	assert_equal "$stderr" ''
}

@test "words as people type them: accents, signs, the language of queries" {
	for words in cancion CANCIÓN canci niño nino '¿puedo' 'ayunas?' 3.5 \
	    '-cancion' '"ayunas"' 'canc*' 'cancion OR' 'en:ayunas' '(kg)' \
	    'ayunas - cancion' '+kg' "o'niño kg" '^puedo'; do
		run -0 --separate-stderr omni-inbox search -- "$words"
		case $words in
		*OR | o\'*)
			assert_output '' ;;
		*)
			assert_output --partial 'Canción' ;;
		esac
		assert_equal "$stderr" ''
	done
	for words in '' '¿?' '- "" *' "$(printf 'a\377')"; do
		run -1 omni-inbox search -- "$words"
		assert_output --partial 'no word to look for'
	done
	run -0 omni-inbox search "$(printf 'palabra%.0s ' {1..2000})"
	assert_output ''
}

@test "an index that is damaged, of another version or another ledger is made anew" {
	finds
	echo 'this is no database, but something else' >"$index"
	finds
	head -c 9000 /dev/zero | dd of="$index" bs=1 seek=4096 conv=notrunc \
		status=none
	finds
	sqlite3 "$index" 'PRAGMA user_version = 7'
	finds
	sqlite3 "$index" 'DELETE FROM known'
	finds
	sqlite3 "$index" "UPDATE known SET message = 'another'"
	finds
	sqlite3 "$index" 'DROP TABLE words'
	finds
	: >"$index"
	finds
	rm "$index"
	echo nonsense >"$index-journal"
	finds
	# It was mended each time: what is new is found too.
	text +525512345678 'Otra cancion'
	run -0 omni-inbox search cancion
	assert_equal "${#lines[@]}" 2
}

@test "without room or leave to write it, it is done without" {
	ln -s /dev/full "$index"
	finds
	rm "$index"
	mkdir "$index"
	finds
	rmdir "$index"
	[ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
	finds
	text +525512345678 'Una cosa nueva'
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" \
		"$(dirname "$BATS_TEST_TMPDIR")" "$SITE" "$SITE/etc"
	chmod 644 "$OMNI_CONF"
	chgrp -R nogroup "$SITE/spool"
	chmod 750 "$SITE/spool"
	chmod 640 "$SITE"/spool/ledger.db "$SITE"/spool/ledger.db-wal "$index"
	chmod 660 "$SITE"/spool/ledger.db-shm
	chmod 600 "$SITE"/spool/ledger.db.key
	as_staff() {
		setpriv --reuid nobody --regid nogroup --clear-groups "$@"
	}
	# What the file has, and what it lacks.
	run -0 --separate-stderr as_staff omni-inbox search cancion
	assert_output --partial 'Canción'
	assert_equal "$stderr" ''
	run -0 as_staff omni-inbox search nueva
	assert_output --partial 'Una cosa nueva'
	rm "$index" "$index.lock"
	run -0 as_staff omni-inbox search cosa nueva
	assert_output --partial 'Una cosa nueva'
	[ ! -e "$index" ]
	run -0 as_staff omni-inbox list held
	run -77 as_staff omni-inbox release x
	# Who may not come in at all is told that.
	chmod 600 "$SITE/spool/ledger.db"
	run -77 as_staff omni-inbox list
	assert_output --partial "$SITE/spool/ledger.db: unable to open database file: Permission denied"
}

@test "two who search at once, and one who forgets, do no harm (Inv. 2)" {
	local i pids=()
	for i in {1..30}; do
		text +525512345678 "Canción número $i"
	done
	for i in 1 2 3 4 5 6; do
		omni-inbox search -l 1000 cancion \
			>"$BATS_TEST_TMPDIR/found.$i" &
		pids+=($!)
		[ "$i" -ne 3 ] || rm -f "$index"
	done
	contact luz 5512340000 'Luz Peña'
	omni-contact forget -q luz
	for i in "${pids[@]}"; do
		wait "$i"
	done
	for i in 1 2 3 4 5 6; do
		run -0 wc -l <"$BATS_TEST_TMPDIR/found.$i"
		assert_output 31
	done
	run -0 omni-inbox search -l 1000 cancion
	assert_equal "${#lines[@]}" 31
	assert_equal "$(sqlite3 "$index" 'PRAGMA integrity_check')" ok
}

@test "killed in the middle of making it, the next one finds all (Inv. 2)" {
	need_strace
	local n
	find_spots 'pwrite64 fdatasync unlink' omni-inbox search cancion
	[ "${#spots[@]}" -gt 8 ]
	# One of each few: there are many pages.
	for ((n = 0; n < ${#spots[@]}; n += 1 + ${#spots[@]} / 12)); do
		rm -f "$index" "$index-journal"
		kill_at "${spots[n]}" omni-inbox search cancion
		assert_equal "$status" 137
		finds
	done
}
