#!/usr/bin/env bats
# make install, uninstall and dist.

setup() {
	load helper
	dest=$BATS_TEST_TMPDIR/dest
}

@test "what is installed works from there, and uninstall leaves the settings" {
	run -0 make -s -C "$ROOT" install DESTDIR= \
		PREFIX="$dest/usr" STATEDIR="$dest/spool"
	assert_file_exist "$dest/usr/etc/omni.conf"
	assert_file_exist "$dest/usr/share/man/man7/omni.7"
	PATH=$dest/usr/bin:/usr/bin:/bin
	at 2026-11-23T23:00:00Z
	run -0 omni-ledger init
	assert_file_exist "$dest/spool/ledger.db"
	run -0 omni-ledger setting paths.templates
	assert_dir_exist "$output"
	printf '%s\n' '{"id":"a","template":"appointment_reminder",
		"contact":{"phone":"5512345678"},"vars":{"owner_name":"Ana",
		"pet_name":"Luna","at":"2026-11-24T16:30:00Z"}}' |
		tr -d '\n' >"$BATS_TEST_TMPDIR/in"
	echo >>"$BATS_TEST_TMPDIR/in"
	omni-normalize <"$BATS_TEST_TMPDIR/in" | omni-route | omni-render |
		omni-queue -q
	run -0 omni-run
	assert_output --partial 'Luna tiene cita'
	run -0 omni-ledger setting paths.holidays
	assert_equal "$output" "$dest/usr/etc/omni/holidays"
	assert_file_exist "$output"
	echo '# mine' >>"$dest/usr/etc/omni.conf"
	echo '12-12 ours' >>"$dest/usr/etc/omni/holidays"
	echo 'our words' >"$dest/usr/etc/omni/templates/appointment_reminder/es/sms"
	run -0 make -s -C "$ROOT" install DESTDIR= \
		PREFIX="$dest/usr" STATEDIR="$dest/spool"
	run -0 tail -n 1 "$dest/usr/etc/omni.conf"
	assert_output '# mine'
	run -0 tail -n 1 "$dest/usr/etc/omni/holidays"
	assert_output '12-12 ours'
	run -0 cat "$dest/usr/etc/omni/templates/appointment_reminder/es/sms"
	assert_output 'our words'
	run -0 make -s -C "$ROOT" uninstall DESTDIR= PREFIX="$dest/usr"
	run -0 find "$dest/usr" -type f -not -path '*/etc/omni/templates/*'
	assert_equal "$(sort <<<"$output")" "$dest/usr/etc/omni.conf
$dest/usr/etc/omni/assist/clinica.md
$dest/usr/etc/omni/holidays"
	assert_file_exist "$dest/usr/etc/omni/templates/appointment_reminder/es/sms"
}

@test "the configuration that is shipped works as it stands" {
	run -0 omni-ledger -c "$ROOT/etc/omni.conf" setting site.name
	assert_output 'Clinica Roma'
}
