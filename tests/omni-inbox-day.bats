#!/usr/bin/env bats
# shellcheck disable=SC2154	# run(1) of bats and the helpers set them
# shellcheck disable=SC2034	# browser.bash reads $driver
# The day of a receptionist, in Chromium, with the web servers that share/server
# has a configuration for.

setup() {
	load helper
	load desk
	load browser
	load servers
	server='' hook='' driver=''
	make_clinic
	web=$BATS_TEST_TMPDIR
	printf 'ana:%s\nluis:%s\neva:%s\n' "$(openssl passwd -apr1 secreto)" \
		"$(openssl passwd -apr1 secreto)" \
		"$(openssl passwd -apr1 secreto)" >"$web/staff"
}

teardown() {
	stop_driver
	stop_server
	stop_hook
}

# shipped FILE: that of share/server, with the paths of this test
shipped() {
	sed -e "s|/usr/local/bin/|$ROOT/bin/|" \
		-e "s|/usr/local/etc/omni.conf|$OMNI_CONF|" \
		-e "s|/usr/local/etc/omni/staff|$web/staff|" \
		-e "s|/run/omni-inbox.socket|$web/socket|" \
		"$ROOT/share/server/$1"
}

# start_hook: what omni-inbox.service starts
start_hook() {
	local command
	need fcgiwrap
	command=$(shipped omni-inbox.service | sed -n 's/^ExecStart=//p')
	# shellcheck disable=SC2086	# it is a command with its arguments
	$command -s "unix:$web/socket" 3>&- >"$web/hook.log" 2>&1 &
	hook=$!
	until [ -S "$web/socket" ]; do
		kill -0 "$hook"
	done
}

# stop_hook: fcgiwrap leaves its workers behind when it is ended
stop_hook() {
	local workers
	[ -n "$hook" ] || return 0
	mapfile -t workers < <(pgrep -P "$hook")
	kill "$hook" "${workers[@]}" 2>/dev/null || :
	wait "$hook" || :
}

# serve COMMAND...: at $base, as ana
serve() {
	"$@" 3>&- >"$web/log" 2>&1 &
	server=$!
	base=http://ana:secreto@127.0.0.1:$port/inbox
	until curl -s -o /dev/null "http://127.0.0.1:$port/"; do
		kill -0 "$server" || {
			cat "$web/log"
			return 1
		}
	done
}

start_lighttpd() {
	need lighttpd
	port=$(free_port)
	mkdir -p "$web/www"
	cat >"$web/lighttpd.conf" <<-END
	server.document-root = "$web/www"
	server.bind = "127.0.0.1"
	server.port = $port
	server.errorlog = "$web/error.log"
	server.upload-dirs = ( "$web" )
	$(shipped inbox-lighttpd.conf)
	END
	serve lighttpd -D -f "$web/lighttpd.conf"
}

start_nginx() {
	need nginx
	[ -r /etc/nginx/fastcgi_params ] || skip 'no fastcgi_params of nginx'
	port=$(free_port)
	mkdir -p "$web/www"
	cat >"$web/nginx.conf" <<-END
	daemon off;
	$([ "$(id -u)" -ne 0 ] || echo 'user root;')
	pid $web/pid;
	error_log $web/error.log;
	events { }
	http {
	access_log off;
	client_body_temp_path $web/t1;
	proxy_temp_path $web/t2;
	fastcgi_temp_path $web/t3;
	uwsgi_temp_path $web/t4;
	scgi_temp_path $web/t5;
	server {
	listen 127.0.0.1:$port;
	root $web/www;
	$(shipped inbox-nginx.conf)
	} }
	END
	serve nginx -e "$web/error.log" -c "$web/nginx.conf"
}

start_apache() {
	local modules=/usr/lib/apache2/modules module
	need apache2
	port=$(free_port)
	mkdir -p "$web/www"
	{
		for module in mpm_event authz_core env proxy proxy_fcgi \
			authn_core auth_basic authn_file authz_user; do
			echo "LoadModule ${module}_module $modules/mod_$module.so"
		done
		cat <<-END
		ServerName clinic.example.com
		ServerRoot $web
		DefaultRuntimeDir $web
		PidFile $web/pid
		ErrorLog $web/error.log
		DocumentRoot $web/www
		Listen 127.0.0.1:$port
		$(shipped inbox-apache.conf)
		END
	} >"$web/apache.conf"
	serve apache2 -X -f "$web/apache.conf"
}

# works: with this server; a page, its style, a form, a refusal
works() {
	local token
	contact rosa 5512345678 'Rosa Díaz'
	text +525512345678 'Hola'
	run -0 curl -s -o /dev/null -w '%{http_code}' \
		"http://127.0.0.1:$port/inbox/"
	assert_output 401
	run -0 curl -s -o /dev/null -w '%{http_code}' \
		-u ana:otro "http://127.0.0.1:$port/inbox/"
	assert_output 401
	run -0 curl -s -L "$base"
	assert_output --partial 'Rosa Díaz'
	run -0 curl -s "$base/style.css"
	assert_output --partial 'prefers-color-scheme'
	run -0 curl -s "$base/conversation?id=contact:rosa"
	assert_output --partial 'Ana Ruiz'
	token=$(value_of token <<<"$output")
	run -0 curl -s -D - -d "token=$token&id=contact%3Arosa&read=1" \
		"$base/act"
	assert_output --partial 'conversation?id=contact%3Arosa&done=read'
	assert_equal "$(sql 'SELECT unread_count FROM conversation')" 0
	head -c 70000 /dev/zero | tr '\0' x >"$web/long"
	run -0 curl -s -w '%{http_code}' -d "@$web/long" "$base/send"
	assert_output --partial 'su texto sigue en el formulario'
	assert_line --index -1 --partial 413
	run -0 curl -s "$base/nothing"
	assert_output --partial 'Esta página no existe'
}

@test "lighttpd as share/server has it" {
	start_hook
	start_lighttpd
	works
}

@test "nginx as share/server has it" {
	start_hook
	start_nginx
	works
}

@test "Apache as share/server has it" {
	start_hook
	start_apache
	works
}

# a_morning: two appointments of tomorrow, reminded of; three people write
a_morning() {
	contact rosa 5512345678 'Rosa Díaz'
	contact juan 5522222222 'Juan Pérez Ocampo'
	contact eva 5533333333 'Eva Luna'
	jq -cn '{id: "a1", at: "2026-11-24T16:30", contact: {id: "rosa"},
		vars: {owner_name: "Rosa", pet_name: "Luna"}},
		{id: "a2", at: "2026-11-24T16:45", contact: {id: "juan"},
		vars: {owner_name: "Juan", pet_name: "Max"}},
		{id: "a3", at: "2026-11-24T12:00", contact: {id: "eva"},
		vars: {owner_name: "Eva", pet_name: "Sol"}} |
		.type = "appointment"' >"$in"
	run -0 omni-schedule -q <"$in"
	run omni-run
	text +525522222222 'No puedo ir, perdón'
	text +525512345678 '¿Puedo darle de comer a Luna antes de la cirugía?'
	at 2026-11-23T23:01:00Z
	text +525512345678 'Es mañana a las 4:30'
}

@test "in Chromium: the whole day of a receptionist" {
	a_morning
	start_hook
	start_lighttpd
	start_driver es
	# Unread: who wrote, and the last of it.
	open_page "$base/"
	press 'a[href="./?list=unread"]'
	sees 'Rosa Díaz' 'Juan Pérez' 'Es mañana a las 4:30'
	press 'a[href="conversation?id=contact%3Arosa"]'
	sees '¿Puedo darle de comer a Luna' 'Espera respuesta' 'Sin confirmar'
	# Mine now.
	press 'button[name=take]'
	sees 'Listo, se guardó' 'Asignada a: Ana Ruiz'
	write_into '#tag' '#cirugía'
	press '#tag + button'
	sees '#cirugía'
	# By template, looked at first, corrected, and sent.
	press '#template option[value=custom]'
	press 'button[name=edit]'
	# Another one, although this one lacks something.
	press '#template option[value=appointment_reminder]'
	press 'button[name=edit]'
	press '#template option[value=custom]'
	press 'button[name=edit]'
	write_into '[id="var.body"]' 'No le dé de comer desde las diez.'
	press 'button[name=look]'
	sees 'Así saldrá' 'No le dé de comer desde las diez.' '0.05 MXN'
	press '.preview button.other'
	write_into '[id="var.body"]' ' ¡Gracias!'
	press 'button[name=look]'
	sees 'No le dé de comer desde las diez. ¡Gracias!'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE author =
		'ana'")" 0
	press '.preview button:not(.other)'
	sees 'su respuesta sale con el próximo envío' 'En espera'
	assert_equal "$(sql "SELECT count(*) FROM message WHERE author =
		'ana' AND state = 'queued'")" 1
	run omni-run
	press 'button[name=close]'
	sees 'la conversación está cerrada' 'Enviado'
	# A colleague is quicker with Juan.
	press 'header nav a[href="./"]'
	press 'a[href="conversation?id=contact%3Ajuan"]'
	write_into '#text' '¿Le busco otro día?'
	USER=luis run -0 omni-inbox reply juan 'Le llamo en un momento.'
	press 'button[name=look]'
	sees 'ya le contestó Luis' 'Le llamo en un momento.'
	assert_equal "$(script 'return document.querySelector("#text").value')" \
		'"¿Le busco otro día?"'
	# His flag is resolved.
	press 'a[href="flags"]'
	sees 'Juan Pérez Ocampo' 'No puedo ir'
	before=$(sql 'SELECT count(*) FROM open_flag')
	press 'button[name=resolve]'
	sees 'el aviso está resuelto'
	assert_equal "$(sql 'SELECT count(*) FROM open_flag')" $((before - 1))
	# Rosa confirms: it is there with the next look.
	press 'a[href="day"]'
	press 'a[href="day?day=2026-11-24"]'
	sees 'Sin confirmar'
	text +525512345678 'Sí, confirmo'
	open_page "$base/day?day=2026-11-24"
	assert_equal "$(script 'return document.querySelector(
		"tr.good").innerText.includes("Rosa Díaz")')" true
	sees 'Confirmada'
	assert_equal "$(sql "SELECT group_concat(DISTINCT data ->> '$.by') FROM
		journal WHERE op IN ('conversation.put', 'flag.resolved') AND
		data ->> '$.by' IS NOT NULL AND data ->> '$.by' <> ''")" ana
	verified
}

@test "in Chromium: a telephone, a desktop, axe, by day and by night, a keyboard" {
	local scheme url size
	need_axe
	a_morning
	start_hook
	start_lighttpd
	start_driver es
	run -0 omni-inbox tag rosa cirugía urgente
	run -0 omni-inbox priority rosa urgent
	run -0 omni-inbox assign rosa luis
	open_page "$base/"
	for scheme in light dark; do
		cdp Emulation.setEmulatedMedia "{features: [{name:
			\"prefers-color-scheme\", value: \"$scheme\"}]}"
		for url in '' 'conversation?id=contact:rosa' flags \
			'day?day=2026-11-24' 'search?q=luna' nothing; do
			open_page "$base/$url"
			for size in 360,740 1280,800; do
				screen "$size"
				fits
				photo "$scheme-$size-${url%%\?*}"
			done
			accessible
		done
		# The template's form and the preview, and a refusal.
		open_page "$base/conversation?id=contact:rosa"
		press '#template option[value=appointment_reminder]'
		press 'button[name=edit]'
		screen 360,740
		fits
		photo "$scheme-template"
		accessible
		press 'button[name=look]'
		fits
		photo "$scheme-preview"
		accessible
		open_page "$base/conversation?id=contact:rosa"
		press 'button[name=look]'
		sees 'Escriba primero la respuesta'
		photo "$scheme-trouble"
		accessible
	done
	# By keyboard: the skip link is first, and what has the focus is seen.
	open_page "$base/"
	curl -s -o /dev/null "$wd/actions" -d '{"actions": [{"type": "key",
		"id": "k", "actions": [{"type": "keyDown", "value": "\ue004"},
		{"type": "keyUp", "value": "\ue004"}]}]}'
	assert_equal "$(script 'const e = document.activeElement;
		return [e.className, e.getBoundingClientRect().left >= 0,
		getComputedStyle(e).outlineStyle]')" '["skip",true,"solid"]'
	# Nothing of ours is refused by our own policy, and no script is there.
	open_page "$base/conversation?id=contact:rosa"
	assert_equal "$(script 'return [document.scripts.length,
		document.styleSheets[0].cssRules.length > 50]')" '[0,true]'
}
