# shellcheck shell=bash
# Loaded by the .bats files that run a Postfix of their own.  What is special
# for it are three functions: NAME_settings and NAME_services print lines for
# main.cf and master.cf, NAME_files makes what these name.  "maildir" is here.

DAEMONS=/usr/lib/postfix/sbin
home=
postfix=

# certificate: for localhost, of an authority of its own
certificate() (
	cd "$home/etc" || exit
	openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=Test \
		-keyout ca.key -out ca.pem
	openssl req -new -newkey rsa:2048 -nodes -subj /CN=localhost \
		-keyout key.pem -out cert.csr
	echo subjectAltName=DNS:localhost >extensions
	openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -days 9 \
		-CAcreateserial -extfile extensions -out cert.pem
) 2>/dev/null

maildir_settings() {
	cat <<-END
	myhostname = localhost
	mydestination =
	virtual_mailbox_domains = example.org xn--clnica-4va.example
	virtual_mailbox_base = $home/box
	virtual_mailbox_maps = static:all/
	virtual_uid_maps = static:$(id -u nobody)
	virtual_gid_maps = static:$(id -g nobody)
	virtual_alias_maps =
	alias_maps =
	smtpd_tls_security_level = encrypt
	smtpd_tls_cert_file = $home/etc/cert.pem
	smtpd_tls_key_file = $home/etc/key.pem
	smtpd_recipient_restrictions = check_recipient_access
	    inline:{{grey@example.org=450 4.7.1 Greylisted}}, permit_mynetworks, reject
	message_size_limit = ${size_limit-20000}
	END
}

maildir_services() {
	cat <<-END
	tlsmgr unix - - n 1000? 1 tlsmgr
	virtual unix - n n - - virtual
	END
}

maildir_files() {
	mkdir "$home/box"
	chown nobody "$home/box"
	certificate
}

# settings NAME
settings() {
	cat >"$home/etc/main.cf" <<-END
	compatibility_level = 3.6
	queue_directory = $home/queue
	data_directory = $home/data
	command_directory = /usr/sbin
	daemon_directory = $DAEMONS
	mail_owner = postfix
	setgid_group = postdrop
	mynetworks = 127.0.0.0/8
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	maillog_file = $home/log
	maillog_file_prefixes = $home
	multi_instance_name = postfix-omni-test
	END
	"$1_settings" >>"$home/etc/main.cf"
	cat >"$home/etc/master.cf" <<-END
	127.0.0.1:$port inet n - n - - smtpd
	pickup unix n - n 1 1 pickup
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	proxymap unix - - n - - proxymap
	error unix - - n - - error
	retry unix - - n - - error
	anvil unix - - n - 1 anvil
	postlog unix-dgram n - n - 1 postlogd
	END
	"$1_services" >>"$home/etc/master.cf"
}

listens() {
	# shellcheck disable=SC2188	# to connect is all
	(: 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# wait_for COMMAND...: until it ends with 0; in vain it shows the log
wait_for() {
	local i
	for ((i = 0; i < 600; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	cat "$home/log"
	return 1
}

# has_files DIRECTORY OPERATOR COUNT: OPERATOR as of test(1)
has_files() {
	test "$(find "$1" -type f 2>/dev/null | wc -l)" "$2" "$3"
}

# make_home: the directory $home, where users who are not root get
make_home() {
	home=$(mktemp -d /tmp/omni-postfix.XXXXXX)
	chmod 755 "$home"
}

# start_postfix NAME: a Postfix of the test's own in $home, on $port; where
# that cannot be, the test is skipped.  With "maildir" it wants STARTTLS, and
# puts mails into the Maildir $home/box/all.
start_postfix() {
	export PATH=$PATH:/usr/sbin
	[ "$(id -u)" -eq 0 ] || skip 'Postfix starts for root alone'
	[ -x "$DAEMONS/master" ] || skip 'postfix is not installed'
	[ -n "$home" ] || make_home
	mkdir "$home/etc" "$home/queue" "$home/data"
	chown postfix "$home/data"
	port=$(free_port)
	settings "$1"
	"$1_files"
	/usr/sbin/postfix -c "$home/etc" start 3>&- 2>"$home/start" || {
		cat "$home/start"
		return 1
	}
	postfix=yes
	wait_for listens
}

# stop_postfix: for teardown
stop_postfix() {
	[ -z "$postfix" ] || /usr/sbin/postfix -c "$home/etc" stop 2>/dev/null ||
		/usr/sbin/postfix -c "$home/etc" abort
	[ -z "$home" ] || rm -rf "$home"
}

# delivered COUNT: waits until so many mails are in the Maildir
delivered() {
	wait_for has_files "$home/box/all/new" -ge "$1"
}
