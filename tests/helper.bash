# shellcheck shell=bash
# Loaded by every .bats file.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

ROOT=${BATS_TEST_DIRNAME%/tests*}
PATH=$ROOT/bin:$PATH
: "${OMNI_CORPORA:=$ROOT/../shared/corpora}"
export ROOT PATH OMNI_CORPORA LC_ALL=C.UTF-8 TZ=UTC
unset OMNI_NOW OMNI_CONF OMNI_RUN	# never the real ones

# make_site: a clinic of its own under $SITE.  No file of the checkout is
# written, and the programs find the site through OMNI_CONF.
make_site() {
	SITE=$BATS_TEST_TMPDIR/site
	OMNI_CONF=$SITE/etc/omni.conf
	export SITE OMNI_CONF
	mkdir -p "$SITE/etc" "$SITE/spool"
	cat >"$OMNI_CONF" <<-END
	[paths]
	ledger = ../spool/ledger.db
	spool = ../spool
	templates = $ROOT/share/templates
	phonenumber = $ROOT/bin/phonenumber

	[site]
	name = Clinica Roma
	timezone = America/Mexico_City
	language = es
	region = MX
	currency = MXN
	emergency = +52 55 5000 0000
	public_url = https://hooks.example.com/omni

	[channel email]
	type = email
	provider = maildir
	from = Clinica Roma <citas@clinic.example>
	doubt = resend
	per_hour = 100000
	per_day = 100000

	[channel sms]
	type = sms
	provider = console
	from = +525587654321
	cost = 0.05
	per_hour = 100000
	per_day = 100000

	[channel whatsapp]
	type = whatsapp
	provider = console
	from = +525587654321
	cost = 0.01
	per_hour = 100000
	per_day = 100000

	[provider maildir]
	kind = maildir
	path = ../spool/Maildir

	[provider console]
	kind = console

	[provider twilio]
	kind = twilio
	account_sid = AC00000000000000000000000000000000
	auth_token = env:TWILIO_AUTH_TOKEN

	[mail]
	from = Clinica Roma <citas@clinic.example>
	reply_to = citas@clinic.example

	[ladder appointment]
	template = appointment_reminder
	step.1 = -24h email
	step.2 = +2h sms
	step.3 = +2h whatsapp
	step.4 = -2h whatsapp
	step.5 = -1h flag
	END
}

# sql QUERY: what the site's ledger answers, columns divided by "|"
sql() {
	sqlite3 -readonly "$SITE/spool/ledger.db" "$1"
}

# at TIME: from here on it is TIME for all programs
at() {
	export OMNI_NOW=$1
}

# free_port: a TCP port of 127.0.0.1 that nobody listens on now
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
