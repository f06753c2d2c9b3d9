#undef NDEBUG
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/config.h"

#define SECRET	"hunter2hunter2"

static char dir[] = "/tmp/omni-config-XXXXXX";
static char path[64];

static void
put(const char *name, const char *text)
{
	char file[PATH_MAX];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	f = fopen(file, "w");
	assert(f != NULL);
	assert(fputs(text, f) != EOF);
	assert(fclose(f) == 0);
	assert(chmod(file, 0600) == 0);
}

static struct config *
load(const char *text, const char *const *overrides, size_t count)
{
	struct error e = { .text = "" };
	struct config *c;

	put("omni.conf", text);
	c = config_load(path, overrides, count, &e);
	if (c == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(c != NULL);
	assert(e.text[0] == '\0');
	return c;
}

static void
refuses_with(const char *text, const char *override, int status,
    const char *why)
{
	struct error e = { .status = 0 };
	size_t count = override == NULL ? 0 : 1;

	put("omni.conf", text);
	assert(config_load(path, &override, count, &e) == NULL);
	if (e.status != status || strstr(e.text, why) == NULL)
		fprintf(stderr, "[%s] not [%s]\n", e.text, why);
	assert(e.status == status);
	assert(strstr(e.text, why) != NULL);
	/* Wherever a secret was written, it is not said again. */
	assert(strstr(e.text, SECRET) == NULL);
}

static void
refuses(const char *text, const char *why)
{
	refuses_with(text, NULL, EX_CONFIG, why);
}

static bool
is(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
test_defaults(void)
{
	struct config *c = load("", NULL, 0);

	assert(is(config_file(c), path));
	assert(is(config_string(c, "site", NULL, "timezone"),
	    "America/Mexico_City"));
	assert(is(config_string(c, "site", NULL, "language"), "es"));
	assert(config_string(c, "site", NULL, "name") == NULL);
	assert(config_duration(c, "clock", NULL, "max_gap") == 30 * 86400);
	assert(config_duration(c, "class", "reminder", "expires") == 86400);
	assert(config_time_of_day(c, "quiet", NULL, "start") == 21 * 60);
	assert(config_time_of_day(c, "quiet", NULL, "end") == 9 * 60);
	assert(config_integer(c, "ingest", NULL, "max_body") == 1048576);
	assert(is(config_string(c, "class", "transactional", "channels"),
	    "email sms whatsapp"));
	assert(!config_bool(c, "class", "transactional", "quiet"));
	assert(config_bool(c, "class", "reminder", "quiet"));
	assert(!config_bool(c, "class", "transactional", "unsubscribe"));
	assert(!config_bool(c, "class", "alert", "unsubscribe"));
	assert(config_bool(c, "class", "marketing", "unsubscribe"));
	assert(is(config_string(c, "topic", "payment", "class"),
	    "transactional"));
	assert(!config_bool(c, "topic", "marketing", "default"));
	assert(config_bool(c, "topic", "appointment", "default"));
	assert(is(config_name(c, "class", 0), "transactional"));
	assert(is(config_name(c, "class", 5), "marketing"));
	assert(config_name(c, "class", 6) == NULL);
	assert(config_name(c, "channel", 0) == NULL);
	assert(config_has(c, "topic", "order"));
	assert(!config_has(c, "topic", "weather"));
	config_free(c);
	config_free(NULL);
}

static void
test_values(void)
{
	struct config *c = load("# a comment\n; another\n"
	    "[channel a]\ntype = email\nprovider=p\nactive = no\n"
	    "from = Cl\xc3\xadnica <a@b.example>\nper_hour = 7\n"
	    "cost = 0.05\ndoubt_grace = 90s\ndoubt = resend\n\n"
	    "[channel b]\ntype=sms\nprovider = p\n"
	    "[provider p]\nkind = console\n"
	    "[class reminder]\nquiet = no\n"
	    "[ladder x]\nstep.1 = -24h email\nstep.99 = -1h flag\n"
	    "step.2 = +2h sms another_template\nstep.3 = +1w preferred\n"
	    "[ingest]\nstop_scope = channel\n", NULL, 0);
	int n;

	assert(is(config_name(c, "channel", 0), "a"));
	assert(is(config_name(c, "channel", 1), "b"));
	assert(config_name(c, "channel", 2) == NULL);
	assert(!config_bool(c, "channel", "a", "active"));
	assert(config_bool(c, "channel", "b", "active"));
	assert(config_integer(c, "channel", "a", "per_hour") == 7);
	assert(config_integer(c, "channel", "b", "per_hour") == 100);
	assert(is(config_string(c, "channel", "a", "from"),
	    "Cl\xc3\xadnica <a@b.example>"));
	assert(is(config_string(c, "channel", "a", "cost"), "0.05"));
	assert(config_duration(c, "channel", "a", "doubt_grace") == 90);
	assert(config_duration(c, "channel", "b", "doubt_grace") == 900);
	assert(!config_bool(c, "class", "reminder", "quiet"));
	assert(is(config_string(c, "class", "reminder", "channels"),
	    "sms whatsapp email"));
	assert(is(config_string(c, "ladder", "x", "step.1"), "-24h email"));
	assert(is(config_string(c, "ladder", "x", "step.99"), "-1h flag"));
	assert(config_string(c, "ladder", "x", "step.4") == NULL);
	/* In the order of their numbers, not of the file. */
	assert(is(config_step(c, "ladder", "x", 0, &n), "-24h email") &&
	    n == 1);
	assert(is(config_step(c, "ladder", "x", n, &n),
	    "+2h sms another_template") && n == 2);
	assert(is(config_step(c, "ladder", "x", n, &n), "+1w preferred") &&
	    n == 3);
	assert(is(config_step(c, "ladder", "x", n, &n), "-1h flag") && n == 99);
	assert(config_step(c, "ladder", "x", n, &n) == NULL);
	assert(config_step(c, "ladder", "y", 0, &n) == NULL);
	assert(is(config_string(c, "ingest", NULL, "stop_scope"), "channel"));
	config_free(c);
}

static void
test_errors_name_file_and_line(void)
{
	char where[128];

	snprintf(where, sizeof(where), "%s:2: unknown key colour", path);
	refuses("[site]\ncolour = red\n", where);
	snprintf(where, sizeof(where), "%s:4: unknown section chanel", path);
	refuses("[site]\nname = x\n[chanel sms]\ntype = sms\n", where);
	snprintf(where, sizeof(where), "%s:3: key given twice: name", path);
	refuses("[site]\nname = x\nname = y\n", where);
	snprintf(where, sizeof(where), "%s:5: key given twice: name", path);
	refuses("[site]\nname = x\n[quiet]\n[site]\nname = y\n", where);
	snprintf(where, sizeof(where), "%s:3: ", path);
	refuses("[site]\n\nnothing at all\n", where);
	refuses("# x\n\n[site\n", where);
	snprintf(where, sizeof(where), "%s:2: line too long", path);
	refuses("[site]\nname = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", where);
	refuses("[site]\nname = \xff\n", "not UTF-8");
	refuses("[channel]\ntype = sms\n", "section channel needs a name");
	refuses("[site x]\nname = sms\n", "section site takes no name");
	refuses("[channel a/b]\ntype = sms\n", "bad section name a/b");
}

static void
test_types(void)
{
	static const struct { const char *section, *line; } bad[] = {
		{ "site", "timezone = Mars/Base" },
		{ "site", "timezone = EST" }, { "clock", "max_gap = 30" },
		{ "clock", "max_gap = 1y" }, { "channel x", "type = fax" },
		{ "channel x", "active = true" }, { "channel x", "active = YES" },
		{ "channel x", "per_hour = -1" }, { "channel x", "per_hour = 1e3" },
		{ "channel x", "per_hour = 1234567890" },
		{ "channel x", "cost = 0,05" }, { "channel x", "cost = .05" },
		{ "channel x", "cost = 5." }, { "channel x", "cost = 0.0000001" },
		{ "channel x", "doubt = ask" }, { "quiet", "start = 9:00" },
		{ "quiet", "start = 24:00" }, { "quiet", "start = 12:60" },
		{ "quiet", "start = 12-30" }, { "class x", "channels = email fax" },
		{ "class x", "channels = ," }, { "ingest", "stop_scope = some" },
		{ "ladder x", "step.1 = 24h email" },
		{ "ladder x", "step.1 = -24h" }, { "ladder x", "step.1 = -24h fax" },
		{ "ladder x", "step.1 = -24 email" },
		{ "ladder x", "step.1 = -1h sms a b" },
	};
	static const char *const keys[] = { "step.0", "step.100", "step.",
	    "step.1x", "step.01" };
	char text[256], where[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "[%s]\n%s\n", bad[i].section,
		    bad[i].line);
		snprintf(where, sizeof(where), "%s:2: %.*s is not a value of "
		    "type", path, (int)strcspn(bad[i].line, " "), bad[i].line);
		refuses(text, where);
	}
	refuses("[site]\nname =\n", "name is empty");
	refuses("[site]\ntimezone =\n", "timezone is empty");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(text, sizeof(text), "[ladder x]\n%s = -1h sms\n",
		    keys[i]);
		refuses(text, "unknown key");
	}
}

static void
test_references(void)
{
	refuses("[channel x]\nprovider = p\n[provider p]\nkind = console\n",
	    "[channel x] has no type");
	refuses("[channel x]\ntype = sms\n", "[channel x] names no [provider");
	refuses("[channel x]\ntype = sms\nprovider = q\n",
	    "[channel x] names no [provider q]");
	refuses("[provider p]\nhost = localhost\n",
	    "[provider p] has no kind");
	refuses("[provider p]\nkind = twilio\ntimeout = 0s\n",
	    "[provider p] timeout: less than 1s");
	refuses("[topic x]\nclass = nothing\n",
	    "[topic x] names no [class nothing]");
}

static void
test_overrides(void)
{
	static const char *const overrides[] = { "site.name=Cl\xc3\xadnica = B",
	    "channel a.per_hour=9", "channel a.per_hour=10",
	    "ladder x.step.1=-1h sms", "mail.from=A <a@b.example>" };
	struct config *c = load("[site]\nname = A\n[channel a]\ntype = sms\n"
	    "provider = p\nper_hour = 8\n[provider p]\nkind = console\n",
	    overrides, 5);

	assert(is(config_string(c, "site", NULL, "name"), "Cl\xc3\xadnica = B"));
	assert(config_integer(c, "channel", "a", "per_hour") == 10);
	assert(is(config_string(c, "ladder", "x", "step.1"), "-1h sms"));
	assert(is(config_string(c, "mail", NULL, "from"), "A <a@b.example>"));
	config_free(c);
	refuses_with("", "site.colour=red", EX_CONFIG, "-o: unknown key colour");
	refuses_with("", "sight.name=x", EX_CONFIG, "-o: unknown section sight");
	refuses_with("", "quiet.start=late", EX_CONFIG,
	    "-o: start is not a value of type");
	refuses_with("", "site.name", EX_USAGE, "not section.key=value");
	refuses_with("", "name=x", EX_USAGE, "not section.key=value");
	refuses_with("", "", EX_USAGE, "not section.key=value");
}

/* Whatever is wrong around it, a secret's text is not repeated. */
static void
test_secrets_stay_secret(void)
{
	refuses("[provider p]\nkind = twilio\nauth_token = " SECRET "\n",
	    ":3: auth_token must be env:NAME or file:PATH");
	refuses("[provider p]\npassword = " SECRET "\n",
	    "password must be env:NAME or file:PATH");
	refuses("[provider p]\nauth_token " SECRET "\n", ":2: ");
	refuses("[provider p]\nauth_tokn = " SECRET "\n",
	    ":2: unknown key auth_tokn");
	refuses("[providr p]\nauth_token = " SECRET "\n", "unknown section");
	refuses("[provider p]\nauth_token = env:A\nauth_token = file:" SECRET
	    "\n", ":3: key given twice: auth_token");
	refuses_with("", "provider p.auth_token=" SECRET, EX_CONFIG,
	    "-o: auth_token must be");
	refuses_with("", "provider p auth_token=" SECRET, EX_USAGE,
	    "not section.key=value");
	refuses_with("", "auth_token=" SECRET ".x", EX_USAGE,
	    "not section.key=value");
}

static void
secret(const char *source, const char *expected, const char *why)
{
	struct buf out = BUF_INIT(4096);
	struct error e = { .text = "" };
	struct config *c;
	char text[256];
	int rc;

	snprintf(text, sizeof(text), "[provider p]\nkind = twilio\n%s%s\n",
	    source == NULL ? "" : "auth_token = ",
	    source == NULL ? "" : source);
	c = load(text, NULL, 0);
	rc = config_secret(c, "provider", "p", "auth_token", &out, &e);
	assert(rc == (expected == NULL ? -1 : 0));
	if (expected != NULL)
		assert(strcmp(buf_text(&out), expected) == 0);
	else {
		if (strstr(e.text, why) == NULL)
			fprintf(stderr, "[%s] not [%s]\n", e.text, why);
		assert(e.status == EX_CONFIG);
		assert(strstr(e.text, "auth_token") != NULL);
		assert(strstr(e.text, why) != NULL);
	}
	buf_release(&out);
	config_free(c);
}

static void
test_secrets(void)
{
	setenv("OMNI_TEST_SECRET", SECRET, 1);
	setenv("OMNI_TEST_EMPTY", "", 1);
	unsetenv("OMNI_TEST_NONE");
	put("token", SECRET "\n");
	put("two", SECRET "\n\n");
	put("empty", "\n");
	secret("env:OMNI_TEST_SECRET", SECRET, NULL);
	secret("file:token", SECRET, NULL);
	secret("file:two", SECRET "\n", NULL);
	secret("env:OMNI_TEST_NONE", NULL, "OMNI_TEST_NONE");
	secret("env:OMNI_TEST_EMPTY", NULL, "empty");
	secret("file:empty", NULL, "empty");
	secret("file:missing", NULL, "missing: No such file");
	secret(NULL, NULL, "has no auth_token");
}

static void
test_paths(void)
{
	struct config *c = load("[paths]\nspool = ../spool\n"
	    "templates = /usr/share/omni\n", NULL, 0);
	char expected[PATH_MAX];
	const char *ledger, *slash = strrchr(dir, '/');
	int up = (int)(slash - dir);

	snprintf(expected, sizeof(expected), "%.*s/spool", up, dir);
	assert(is(config_path(c, "paths", NULL, "spool"), expected));
	assert(is(config_path(c, "paths", NULL, "templates"),
	    "/usr/share/omni"));
	snprintf(expected, sizeof(expected), "%.*s/spool/ledger.db", up, dir);
	ledger = config_path(c, "paths", NULL, "ledger");
	assert(is(ledger, expected));
	assert(config_path(c, "paths", NULL, "ledger") == ledger);
	assert(is(config_string(c, "paths", NULL, "ledger"),
	    "../spool/ledger.db"));
	config_free(c);
}

static void
test_which_file(void)
{
	char missing[PATH_MAX];
	struct config *c;
	struct error e;

	put("omni.conf", "[site]\nname = by environment\n");
	setenv("OMNI_CONF", path, 1);
	c = config_load(NULL, NULL, 0, &e);
	assert(c != NULL);
	assert(is(config_string(c, "site", NULL, "name"), "by environment"));
	config_free(c);
	snprintf(missing, sizeof(missing), "%s/missing", dir);
	assert(config_load(missing, NULL, 0, &e) == NULL);
	assert(e.status == EX_CONFIG);
	assert(strstr(e.text, missing) != NULL);
	setenv("OMNI_CONF", missing, 1);
	assert(config_load(NULL, NULL, 0, &e) == NULL);
	unsetenv("OMNI_CONF");
	assert(config_load(dir, NULL, 0, &e) == NULL);
	assert(e.status == EX_CONFIG);
}

static void
test_words(void)
{
	static const char list[] = " email, sms  voice,\twhatsapp ,";
	char w[6];

	assert(config_word(list, 0, w, sizeof(w)) && is(w, "email"));
	assert(config_word(list, 1, w, sizeof(w)) && is(w, "sms"));
	assert(config_word(list, 2, w, sizeof(w)) && is(w, "voice"));
	assert(config_word(list, 3, w, sizeof(w)) && is(w, "whats"));
	assert(!config_word(list, 4, w, sizeof(w)));
	assert(!config_word("", 0, w, sizeof(w)));
}

/* A key that is not in the table is a bug, and is not passed over. */
static void
test_unknown_to_us(void)
{
	struct config *c = load("", NULL, 0);
	int status;
	pid_t pid = fork();

	assert(pid != -1);
	if (pid == 0) {
		close(STDERR_FILENO);
		config_string(c, "site", NULL, "colour");
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == EX_SOFTWARE);
	config_free(c);
}

static void
test_describe(void)
{
	struct buf b = BUF_INIT(4096);
	char kind[64], key[64], type[64], value[64];
	bool seen = false;
	size_t i;

	for (i = 0; config_describe(i, &b) != NULL; i++) {
		assert(sscanf(buf_text(&b), "%63s %63s %63s %63s", kind, key,
		    type, value) == 4);
		seen |= is(buf_text(&b), "quiet start HH:MM 21:00");
	}
	assert(i > 30 && seen);
	buf_release(&b);
}

/* Kept is what was there, and what was not: for who cannot look again. */
static void
test_kept_secrets(void)
{
	struct buf out = BUF_INIT(4096);
	struct config *c;
	struct error e;

	put("token", SECRET "\n");
	c = load("[provider p]\nkind = twilio\nauth_token = file:token\n"
	    "app_secret = file:token\n[provider q]\nkind = twilio\n"
	    "auth_token = file:none\n", NULL, 0);
	config_keep_secrets(c, "provider", "auth_token");
	config_keep_secrets(c, "provider", "auth_token");
	config_keep_secrets(c, "links", "key");
	put("token", "another\n");
	put("none", "something\n");
	assert(config_secret(c, "provider", "p", "auth_token", &out, &e) == 0 &&
	    strcmp(buf_text(&out), SECRET) == 0);
	assert(config_secret(c, "provider", "p", "app_secret", &out, &e) == 0 &&
	    strcmp(buf_text(&out), "another") == 0);
	assert(config_secret(c, "provider", "q", "auth_token", &out, &e) == -1 &&
	    strstr(e.text, "none: No such file") != NULL);
	buf_release(&out);
	config_free(c);
}

int
main(void)
{
	unsetenv("OMNI_CONF");
	assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/omni.conf", dir);
	test_defaults();
	test_values();
	test_errors_name_file_and_line();
	test_types();
	test_references();
	test_overrides();
	test_secrets_stay_secret();
	test_secrets();
	test_kept_secrets();
	test_paths();
	test_which_file();
	test_words();
	test_unknown_to_us();
	test_describe();
	assert(chdir(dir) == 0);
	unlink("omni.conf");
	unlink("token");
	unlink("two");
	unlink("empty");
	unlink("none");
	assert(rmdir(dir) == 0);
	return 0;
}
