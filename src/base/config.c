#include "config.h"

#include <ini.h>
#include <limits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "zone.h"

#define SYSTEM_FILE	"/etc/omni.conf"
#define FILE_MAX	(1024 * 1024)
#define LINE_MAX_INI	190	/* inih reads lines of at most 199 bytes */
#define SECTION_MAX_INI	49	/* and cuts sections at 49 */
#define SECRET_MAX	4096
#define NAME_LEN	64
#define RING_MIN	5	/* seconds */
#define RING_MAX	24

enum type {
	TYPE_STRING,
	TYPE_INTEGER,	/* 0 and more */
	TYPE_INTEGERS,	/* one, or two: where a warning begins, and worse */
	TYPE_DECIMAL,	/* "0.05" */
	TYPE_BOOL,	/* yes, no */
	TYPE_DURATION,	/* 90s 15m 2h 1d 1w */
	TYPE_DURATIONS,	/* one or two */
	TYPE_TIME,	/* 21:00 */
	TYPE_ZONE,
	TYPE_REGION,	/* MX: ISO 3166, two capitals */
	TYPE_PATH,
	TYPE_SECRET,	/* env:NAME or file:PATH */
	TYPE_CHANNEL,	/* email sms whatsapp voice push */
	TYPE_CHANNELS,	/* a list of them */
	TYPE_DOUBT,	/* resend flag */
	TYPE_ACCENTS,	/* keep plain */
	TYPE_SCOPE,	/* all channel */
	TYPE_HOLIDAYS,	/* send hold */
	TYPE_STEP	/* -24h email */
};

static const char *const type_name[] = {
	"string", "integer", "integers", "decimal", "yes|no", "duration",
	"durations", "HH:MM", "zone", "region",
	"path", "secret", "channel", "channels", "resend|flag", "keep|plain",
	"all|channel", "send|hold", "step"
};

/*
 * Every key there is.  `key` "step.*" stands for step.1 to step.99.  Defaults
 * follow the clinic that omni was first made for.
 */
static const struct key {
	const char *kind, *key;
	enum type type;
	const char *fallback;
} keys[] = {
	{ "paths", "ledger", TYPE_PATH, "../spool/ledger.db" },
	{ "paths", "spool", TYPE_PATH, "../spool" },
	{ "paths", "templates", TYPE_PATH, "../share/templates" },
	{ "paths", "phonenumber", TYPE_PATH, "../bin/phonenumber" },
	{ "paths", "holidays", TYPE_PATH, NULL },
	{ "paths", "attachments", TYPE_PATH, NULL },
	{ "site", "name", TYPE_STRING, NULL },
	{ "site", "timezone", TYPE_ZONE, "America/Mexico_City" },
	{ "site", "language", TYPE_STRING, "es" },
	{ "site", "region", TYPE_REGION, "MX" },
	{ "site", "currency", TYPE_STRING, "MXN" },
	{ "site", "emergency", TYPE_STRING, NULL },
	{ "site", "public_url", TYPE_STRING, NULL },
	{ "site", "channels", TYPE_CHANNELS, "whatsapp sms email" },
	{ "clock", "max_gap", TYPE_DURATION, "30d" },
	{ "channel", "type", TYPE_CHANNEL, NULL },
	{ "channel", "provider", TYPE_STRING, NULL },
	{ "channel", "active", TYPE_BOOL, "yes" },
	{ "channel", "from", TYPE_STRING, NULL },
	{ "channel", "per_second", TYPE_INTEGER, "0" },
	{ "channel", "per_hour", TYPE_INTEGER, "100" },
	{ "channel", "per_day", TYPE_INTEGER, "1000" },
	{ "channel", "cost", TYPE_DECIMAL, "0" },
	{ "channel", "verified_only", TYPE_BOOL, "no" },
	{ "channel", "max_segments", TYPE_INTEGER, "3" },
	{ "channel", "smart_encoding", TYPE_BOOL, "no" },
	{ "channel", "accents", TYPE_ACCENTS, "keep" },
	{ "channel", "doubt", TYPE_DOUBT, "flag" },
	{ "channel", "doubt_grace", TYPE_DURATION, "15m" },
	{ "channel", "max_age", TYPE_DURATION, "1d" },
	{ "channel", "pair_seconds", TYPE_INTEGER, "0" },
	{ "channel", "connections", TYPE_INTEGER, "8" },
	{ "channel", "mark_read", TYPE_BOOL, "no" },
	{ "channel", "ring", TYPE_DURATION, "20s" },
	{ "channel", "voice", TYPE_STRING, NULL },
	{ "provider", "kind", TYPE_STRING, NULL },
	{ "provider", "path", TYPE_PATH, NULL },
	{ "provider", "host", TYPE_STRING, NULL },
	{ "provider", "port", TYPE_INTEGER, "25" },
	{ "provider", "tls", TYPE_STRING, "starttls" },
	{ "provider", "ca_file", TYPE_PATH, NULL },
	{ "provider", "user", TYPE_STRING, NULL },
	{ "provider", "password", TYPE_SECRET, NULL },
	{ "provider", "reply_timeout", TYPE_DURATION, "10m" },
	{ "provider", "region", TYPE_STRING, NULL },
	{ "provider", "access_key_id", TYPE_SECRET, NULL },
	{ "provider", "secret_access_key", TYPE_SECRET, NULL },
	{ "provider", "session_token", TYPE_SECRET, NULL },
	{ "provider", "configuration_set", TYPE_STRING, NULL },
	{ "provider", "sns_topic", TYPE_STRING, NULL },
	{ "provider", "sns_certs", TYPE_PATH, NULL },
	{ "provider", "account_sid", TYPE_STRING, NULL },
	{ "provider", "auth_token", TYPE_SECRET, NULL },
	{ "provider", "api_key", TYPE_STRING, NULL },
	{ "provider", "messaging_service", TYPE_STRING, NULL },
	{ "provider", "base_url", TYPE_STRING, NULL },
	{ "provider", "timeout", TYPE_DURATION, "30s" },
	{ "provider", "version", TYPE_STRING, "v26.0" },
	{ "provider", "phone_number_id", TYPE_STRING, NULL },
	{ "provider", "access_token", TYPE_SECRET, NULL },
	{ "provider", "app_secret", TYPE_SECRET, NULL },
	{ "provider", "verify_token", TYPE_SECRET, NULL },
	{ "provider", "private_key", TYPE_SECRET, NULL },
	{ "provider", "subject", TYPE_STRING, NULL },
	{ "provider", "tags", TYPE_STRING, NULL },
	{ "provider", "allow", TYPE_STRING, "fcm.googleapis.com "
	    "push.services.mozilla.com push.apple.com notify.windows.com" },
	{ "class", "channels", TYPE_CHANNELS, NULL },
	{ "class", "quiet", TYPE_BOOL, "yes" },
	{ "class", "holidays", TYPE_HOLIDAYS, "hold" },
	{ "class", "unsubscribe", TYPE_BOOL, "yes" },
	{ "class", "expires", TYPE_DURATION, "1d" },
	{ "topic", "class", TYPE_STRING, NULL },
	{ "topic", "default", TYPE_BOOL, "yes" },
	{ "quiet", "start", TYPE_TIME, "21:00" },
	{ "quiet", "end", TYPE_TIME, "09:00" },
	{ "limits", "spend_day", TYPE_DECIMAL, NULL },
	{ "limits", "spend_run", TYPE_DECIMAL, NULL },
	{ "limits", "recipient_day", TYPE_INTEGER, "0" },
	{ "test", "redirect", TYPE_STRING, NULL },
	{ "ladder", "template", TYPE_STRING, NULL },
	{ "ladder", "topic", TYPE_STRING, NULL },
	{ "ladder", "class", TYPE_STRING, NULL },
	{ "ladder", "moved", TYPE_STRING, NULL },
	{ "ladder", "cancelled", TYPE_STRING, NULL },
	{ "ladder", "step.*", TYPE_STEP, NULL },
	{ "schedule", "max_cancel", TYPE_INTEGER, "10" },
	{ "mail", "from", TYPE_STRING, NULL },
	{ "mail", "reply_to", TYPE_STRING, NULL },
	{ "mail", "reply_token", TYPE_BOOL, "yes" },
	{ "mail", "bounce_domain", TYPE_STRING, NULL },
	{ "mail", "max_size", TYPE_INTEGER, "10485760" },
	{ "links", "key", TYPE_SECRET, NULL },
	{ "links", "ttl", TYPE_DURATION, "30d" },
	{ "links", "mailto", TYPE_STRING, NULL },
	{ "speech", "menu", TYPE_STRING, NULL },
	{ "speech", "confirmed", TYPE_STRING, NULL },
	{ "speech", "declined", TYPE_STRING, NULL },
	{ "speech", "call_back", TYPE_STRING, NULL },
	{ "speech", "goodbye", TYPE_STRING, NULL },
	{ "ingest", "max_body", TYPE_INTEGER, "1048576" },
	{ "ingest", "max_mail", TYPE_INTEGER, "10485760" },
	{ "ingest", "timeout", TYPE_DURATION, "10s" },
	{ "ingest", "confine", TYPE_BOOL, "yes" },
	{ "ingest", "stop_scope", TYPE_SCOPE, "all" },
	{ "ingest", "words", TYPE_PATH, NULL },
	{ "ingest", "auto_reply", TYPE_STRING, NULL },
	{ "ingest", "auto_reply_age", TYPE_DURATION, "2h" },
	{ "ingest", "max_media", TYPE_INTEGER, "16777216" },
	{ "ingest", "media", TYPE_STRING, "image audio video pdf" },
	{ "run", "jitter", TYPE_DURATION, "0s" },
	{ "run", "limit", TYPE_DURATION, "1h" },
	{ "run", "grace", TYPE_DURATION, "2m" },
	{ "status", "down", TYPE_INTEGERS, "1" },
	{ "status", "due_age", TYPE_DURATIONS, "30m 4h" },
	{ "status", "held", TYPE_INTEGERS, "0" },
	{ "status", "doubt", TYPE_INTEGERS, "10" },
	{ "status", "doubt_age", TYPE_DURATIONS, "1h" },
	{ "status", "failed_share", TYPE_INTEGERS, "20 50" },
	{ "status", "limited", TYPE_INTEGERS, "1" },
	{ "status", "inbound_age", TYPE_DURATIONS, "15m 4h" },
	{ "status", "inbound_bad", TYPE_INTEGERS, "1" },
	{ "status", "subscriptions", TYPE_INTEGERS, "1" },
	{ "status", "refused", TYPE_INTEGERS, "100" },
	{ "status", "flags", TYPE_INTEGERS, "20" },
	{ "status", "flag_age", TYPE_DURATIONS, "0s" },
	{ "status", "unread", TYPE_INTEGERS, "0" },
	{ "status", "run_age", TYPE_DURATIONS, "1h 6h" },
	{ "status", "schedule_age", TYPE_DURATIONS, "0s" },
	{ "status", "wal", TYPE_INTEGERS, "1000" },
	{ "status", "disk_free", TYPE_INTEGERS, "100 20" },
};
#define KEYS	(sizeof(keys) / sizeof(keys[0]))

/* Read before the file, so that a file may leave all of this out. */
static const char defaults[] =
    "[class transactional]\nchannels = email sms whatsapp\nquiet = no\n"
    "holidays = send\nunsubscribe = no\n"
    "[class reminder]\nchannels = sms whatsapp email\nholidays = send\n"
    "[class alert]\nchannels = sms whatsapp email\nquiet = no\n"
    "holidays = send\nunsubscribe = no\n"
    "[class announcement]\nchannels = email\n"
    "[class marketing]\nchannels = email\n"
    "[topic appointment]\nclass = reminder\n"
    "[topic vaccination]\nclass = reminder\n"
    "[topic prescription]\nclass = reminder\n"
    "[topic followup]\nclass = reminder\n"
    "[topic order]\nclass = transactional\n"
    "[topic payment]\nclass = transactional\n"
    "[topic marketing]\nclass = marketing\ndefault = no\n"
    "[topic promotion]\nclass = marketing\ndefault = no\n"
    "[speech es]\nmenu = Para confirmar, oprima uno. Para cancelar, oprima "
    "dos. Para que le llamemos, oprima tres.\n"
    "confirmed = Gracias. Anotamos su confirmación. Hasta luego.\n"
    "declined = Gracias. Anotamos que no podrá venir. Hasta luego.\n"
    "call_back = Gracias. Le llamaremos en cuanto podamos. Hasta luego.\n"
    "goodbye = No recibimos respuesta. Hasta luego.\n"
    "[speech en]\nmenu = To confirm, press one. To cancel, press two. "
    "To be called back, press three.\n"
    "confirmed = Thank you. We have noted your confirmation. Goodbye.\n"
    "declined = Thank you. We have noted that you cannot come. Goodbye.\n"
    "call_back = Thank you. We will call you back as soon as we can. "
    "Goodbye.\n"
    "goodbye = We did not receive an answer. Goodbye.\n";

/* The kinds whose sections carry a name, "[channel sms]". */
static const char *const named[] = { "channel", "provider", "class", "topic",
	"ladder", "speech" };

/* A secret that was read early. */
struct kept {
	struct buf text;
	struct error why;	/* if `failed` */
	bool failed;
};

struct entry {
	struct entry *next;
	const struct key *def;
	char *kind, *name, *key, *value, *path;
	struct kept *kept;	/* of a secret, or NULL */
	int line;		/* 0: a built-in default, -1: -o */
};

struct config {
	char file[PATH_MAX], dir[PATH_MAX];
	struct entry *first, **last;
	/* While reading: */
	const char *text;	/* what is left of the file */
	int line, pass;
	bool failed;
	struct error *error;
};

static char *
duplicate(const char *s)
{
	char *copy = s == NULL ? NULL : strdup(s);

	if (s != NULL && copy == NULL)
		die(EX_OSERR, "out of memory");
	return copy;
}

static bool
is_named(const char *kind)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strcmp(named[i], kind) == 0)
			return true;
	return false;
}

static bool
is_step_key(const char *key)
{
	return strncmp(key, "step.", 5) == 0 && key[5] >= '1' &&
	    key[5] <= '9' && (key[6] == '\0' ||
	    (key[6] >= '0' && key[6] <= '9' && key[7] == '\0'));
}

/* Every record asks for a dozen keys: most of the table ends at a letter. */
static const struct key *
find_key(const char *kind, const char *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].key[0] == key[0] && keys[i].kind[0] == kind[0] &&
		    strcmp(keys[i].kind, kind) == 0 &&
		    (strcmp(keys[i].key, key) == 0 ||
		    (keys[i].type == TYPE_STEP && is_step_key(key))))
			return &keys[i];
	return NULL;
}

static bool
is_kind(const char *kind)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].kind, kind) == 0)
			return true;
	return false;
}

static bool
is_integer(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 9 && s[n] == '\0';
}

static bool
is_decimal(const char *s)
{
	size_t n = strspn(s, "0123456789"), m;

	if (n == 0 || n > 9)
		return false;
	if (s[n] == '\0')
		return true;
	m = strspn(s + n + 1, "0123456789");
	return s[n] == '.' && m > 0 && m <= 6 && s[n + 1 + m] == '\0';
}

const char *
config_channel_type(size_t i)
{
	static const char *const types[CONFIG_CHANNEL_TYPES] = { "email",
	    "sms", "whatsapp", "voice", "push" };

	return i < CONFIG_CHANNEL_TYPES ? types[i] : NULL;
}

const char *
config_channel_type_of(const char *name)
{
	const char *type;

	for (size_t i = 0; name != NULL &&
	    (type = config_channel_type(i)) != NULL; i++)
		if (strcmp(type, name) == 0)
			return type;
	return NULL;
}

static bool
are_channel_types(const char *list)
{
	char word[NAME_LEN];
	size_t i;

	for (i = 0; config_word(list, i, word, sizeof(word)); i++)
		if (config_channel_type_of(word) == NULL)
			return false;
	return i > 0;
}

/* "-24h email", "+2h sms appointment_reminder_short", "-1h flag" */
static bool
is_step(const char *s)
{
	char word[NAME_LEN];
	int64_t seconds;

	if (!config_word(s, 0, word, sizeof(word)) ||
	    (word[0] != '-' && word[0] != '+') ||
	    !duration_parse(word + 1, &seconds))
		return false;
	if (!config_word(s, 1, word, sizeof(word)) ||
	    (config_channel_type_of(word) == NULL && strcmp(word, "flag") != 0 &&
	    strcmp(word, "preferred") != 0))
		return false;
	return !config_word(s, 3, word, sizeof(word));
}

/* "30m 2h": where a warning begins, and where it becomes critical. */
static bool
are_levels(const char *s, bool durations)
{
	char word[NAME_LEN];
	int64_t n;
	size_t i;

	for (i = 0; config_word(s, i, word, sizeof(word)); i++)
		if (!(durations ? duration_parse(word, &n) : is_integer(word)))
			return false;
	return i == 1 || i == 2;
}

static bool
is_of_type(enum type type, const char *s)
{
	int64_t n;

	switch (type) {
	case TYPE_INTEGER:
		return is_integer(s);
	case TYPE_INTEGERS:
	case TYPE_DURATIONS:
		return are_levels(s, type == TYPE_DURATIONS);
	case TYPE_DECIMAL:
		return is_decimal(s);
	case TYPE_BOOL:
		return strcmp(s, "yes") == 0 || strcmp(s, "no") == 0;
	case TYPE_DURATION:
		return duration_parse(s, &n);
	case TYPE_TIME:
		return time_of_day_parse(s) != -1;
	case TYPE_ZONE:
		return zone_is_valid(s);
	case TYPE_REGION:
		return strlen(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' &&
		    s[1] >= 'A' && s[1] <= 'Z';
	case TYPE_SECRET:
		return strncmp(s, "env:", 4) == 0 ||
		    strncmp(s, "file:", 5) == 0;
	case TYPE_CHANNEL:
		return config_channel_type_of(s) != NULL;
	case TYPE_CHANNELS:
		return are_channel_types(s);
	case TYPE_DOUBT:
		return strcmp(s, "resend") == 0 || strcmp(s, "flag") == 0;
	case TYPE_ACCENTS:
		return strcmp(s, "keep") == 0 || strcmp(s, "plain") == 0;
	case TYPE_SCOPE:
		return strcmp(s, "all") == 0 || strcmp(s, "channel") == 0;
	case TYPE_HOLIDAYS:
		return strcmp(s, "send") == 0 || strcmp(s, "hold") == 0;
	case TYPE_STEP:
		return is_step(s);
	case TYPE_STRING:
	case TYPE_PATH:
	default:
		return *s != '\0';
	}
}

bool
config_word(const char *list, size_t i, char *out, size_t size)
{
	size_t len;

	for (;;) {
		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if (len == 0)
			return false;
		if (i-- == 0)
			break;
		list += len;
	}
	if (len >= size)
		len = size - 1;
	memcpy(out, list, len);
	out[len] = '\0';
	return true;
}

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct entry *
find_entry(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	for (struct entry *e = c->first; e != NULL; e = e->next)
		if (strcmp(e->kind, kind) == 0 && same_name(e->name, name) &&
		    (key == NULL || strcmp(e->key, key) == 0))
			return e;
	return NULL;
}

/* The same for a key of the table, of which there are several for steps. */
static struct entry *
find_value(const struct config *c, const struct key *def, const char *name,
    const char *key)
{
	for (struct entry *e = c->first; e != NULL; e = e->next)
		if (e->def == def && same_name(e->name, name) &&
		    (def->type != TYPE_STEP || strcmp(e->key, key) == 0))
			return e;
	return NULL;
}

/* "the file:LINE" or "-o", for messages. */
static const char *
place(const struct config *c, int line, char *out, size_t size)
{
	if (line == -1)
		snprintf(out, size, "-o");
	else if (line == 0)
		snprintf(out, size, "built-in default");
	else
		snprintf(out, size, "%s:%d", c->file, line);
	return out;
}

static void
fail(struct config *c, int line, const char *what, const char *object,
    const char *rest)
{
	char where[PATH_MAX + 32];

	if (c->failed)
		return;
	c->failed = true;
	error_set(c->error, EX_CONFIG, "%.300s: %s %.60s%.100s",
	    place(c, line, where, sizeof(where)), what, object, rest);
}

static bool
is_section_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n < NAME_LEN && s[n] == '\0';
}

/* Splits "channel sms" in place; false when it is no section of ours. */
static bool
split_section(struct config *c, int line, char *section, char **name)
{
	*name = strpbrk(section, " \t");
	if (*name != NULL) {
		*(*name)++ = '\0';
		*name += strspn(*name, " \t");
	}
	if (*section == '\0') {
		fail(c, line, "key before any section", "", "");
		return false;
	}
	if (!is_kind(section)) {
		fail(c, line, "unknown section", section, "");
		return false;
	}
	if (is_named(section) != (*name != NULL)) {
		fail(c, line, "section", section, *name != NULL ?
		    " takes no name" : " needs a name");
		return false;
	}
	if (*name != NULL && !is_section_name(*name)) {
		fail(c, line, "bad section name", *name, "");
		return false;
	}
	return true;
}

static void
set(struct config *c, int line, const char *section, const char *key,
    const char *value)
{
	char copy[256], *name;
	const struct key *def;
	struct entry *e;

	if (snprintf(copy, sizeof(copy), "%s", section) >= (int)sizeof(copy)) {
		fail(c, line, "section name too long:", section, "");
		return;
	}
	if (!split_section(c, line, copy, &name))
		return;
	def = find_key(copy, key);
	if (def == NULL) {
		fail(c, line, "unknown key", key, "");
		return;
	}
	if (!is_of_type(def->type, value)) {
		/* A secret written where it does not belong is not repeated. */
		fail(c, line, key, def->type == TYPE_SECRET ?
		    "must be env:NAME or file:PATH" : "is not a value of type ",
		    def->type == TYPE_SECRET ? "" : type_name[def->type]);
		return;
	}
	e = find_entry(c, copy, name, key);
	if (e != NULL && e->line > 0 && line > 0) {
		fail(c, line, "key given twice:", key, "");
		return;
	}
	if (e == NULL) {
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			die(EX_OSERR, "out of memory");
		e->kind = duplicate(copy);
		e->name = duplicate(name);
		e->key = duplicate(key);
		*c->last = e;
		c->last = &e->next;
	}
	free(e->value);
	e->value = duplicate(value);
	e->def = def;
	e->line = line;
}

/* inih's fgets: it cannot tell line numbers, so we count what it takes. */
static char *
next_line(char *out, int size, void *ctx)
{
	struct config *c = ctx;
	size_t len = strcspn(c->text, "\n");

	if (*c->text == '\0')
		return NULL;
	c->line++;
	if (len > LINE_MAX_INI || len + 2 > (size_t)size) {
		fail(c, c->line, "line too long:", "", "more than 190 bytes");
		return NULL;
	}
	/* inih would cut a longer name off without a word. */
	if (*c->text == '[' && strcspn(c->text, "]\n") > SECTION_MAX_INI) {
		fail(c, c->line, "section name too long", "", "");
		return NULL;
	}
	memcpy(out, c->text, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	c->text += len + (c->text[len] == '\n');
	return out;
}

static int
on_entry(void *ctx, const char *section, const char *key, const char *value)
{
	struct config *c = ctx;

	set(c, c->pass == 0 ? 0 : c->line, section, key, value);
	return c->failed ? 0 : 1;
}

static int
read_text(struct config *c, const char *text, int pass)
{
	int rc;

	c->text = text;
	c->line = 0;
	c->pass = pass;
	rc = ini_parse_stream(next_line, c, on_entry, c);
	if (rc > 0 && !c->failed) {
		char where[PATH_MAX + 32];

		c->failed = true;
		error_set(c->error, EX_CONFIG, "%.300s: not a section, a "
		    "key = value or a comment",
		    place(c, rc, where, sizeof(where)));
	}
	return c->failed ? -1 : 0;
}

static int
read_file(struct config *c)
{
	struct buf text = BUF_INIT(FILE_MAX);
	int rc;

	if (io_read_file(AT_FDCWD, c->file, &text, c->error) == -1) {
		c->error->status = EX_CONFIG;
		return -1;
	}
	if (!utf8_valid(buf_text(&text), text.len))
		rc = error_set(c->error, EX_CONFIG, "%.300s: not UTF-8 text",
		    c->file);
	else
		rc = read_text(c, buf_text(&text), 1);
	buf_release(&text);
	return rc;
}

/* "channel sms.active=no": section up to the first dot, key up to "=". */
static int
override(struct config *c, const char *text)
{
	const char *dot = strchr(text, '.'), *eq = strchr(text, '=');
	char section[256], key[NAME_LEN];

	if (dot == NULL || eq == NULL || dot > eq ||
	    (size_t)(dot - text) >= sizeof(section) ||
	    (size_t)(eq - dot) > sizeof(key))
		/* What follows "=" may be a secret. */
		return error_set(c->error, EX_USAGE,
		    "-o %.*s: not section.key=value",
		    (int)strcspn(text, "="), text);
	snprintf(section, sizeof(section), "%.*s", (int)(dot - text), text);
	snprintf(key, sizeof(key), "%.*s", (int)(eq - dot - 1), dot + 1);
	set(c, -1, section, key, eq + 1);
	return c->failed ? -1 : 0;
}

static int
check_channel(struct config *c, const char *name)
{
	const char *provider = config_string(c, "channel", name, "provider");
	const char *type = config_string(c, "channel", name, "type");
	int64_t ring = config_duration(c, "channel", name, "ring");

	if (type == NULL)
		return error_set(c->error, EX_CONFIG,
		    "%.300s: [channel %s] has no type", c->file, name);
	if (provider == NULL || !config_has(c, "provider", provider))
		return error_set(c->error, EX_CONFIG,
		    "%.300s: [channel %s] names no [provider %s]", c->file,
		    name, provider == NULL ? "..." : provider);
	/* Twilio adds 5 seconds, and after 30 a mailbox answers. */
	if (ring < RING_MIN || ring > RING_MAX)
		return error_set(c->error, EX_CONFIG,
		    "%.300s: [channel %s] ring: not %ds to %ds", c->file, name,
		    RING_MIN, RING_MAX);
	return 0;
}

/* A language has all sentences of a call, or none. */
static int
check_speech(struct config *c, const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].kind, "speech") == 0 &&
		    config_string(c, "speech", name, keys[i].key) == NULL)
			return error_set(c->error, EX_CONFIG,
			    "%.300s: [speech %s] has no %s", c->file, name,
			    keys[i].key);
	return 0;
}

/* By law in many places, and by decency in all. */
static int
check_marketing(struct config *c)
{
	const char *list = config_string(c, "class", "marketing", "channels");
	char word[NAME_LEN];

	for (size_t i = 0; list != NULL && config_word(list, i, word,
	    sizeof(word)); i++)
		if (strcmp(word, "voice") == 0)
			return error_set(c->error, EX_CONFIG, "%.300s: [class "
			    "marketing] channels: voice: marketing is never "
			    "spoken", c->file);
	return 0;
}

/* What omni-queue takes a sender must be able to build: REQUEST_MAX. */
static int
check_mail(struct config *c)
{
	int64_t max = config_integer(c, "mail", NULL, "max_size");

	if (max >= 1 && max <= 31457280)
		return 0;
	return error_set(c->error, EX_CONFIG, "%.300s: [mail] max_size: not "
	    "from 1 to 31457280", c->file);
}

/* What one key cannot tell: references from one section to another. */
static int
check(struct config *c)
{
	const char *name, *class;
	int64_t seconds;

	for (size_t i = 0; (name = config_name(c, "channel", i)); i++)
		if (check_channel(c, name) == -1)
			return -1;
	for (size_t i = 0; (name = config_name(c, "provider", i)); i++) {
		if (config_string(c, "provider", name, "kind") == NULL)
			return error_set(c->error, EX_CONFIG,
			    "%.300s: [provider %s] has no kind", c->file, name);
		/* 0 means never to libcurl. */
		if (config_duration(c, "provider", name, "timeout") < 1)
			return error_set(c->error, EX_CONFIG, "%.300s: "
			    "[provider %s] timeout: less than 1s", c->file,
			    name);
		seconds = config_duration(c, "provider", name,
		    "reply_timeout");
		if (seconds < 1 || seconds > 86400)
			return error_set(c->error, EX_CONFIG, "%.300s: "
			    "[provider %s] reply_timeout: less than 1s or "
			    "more than 1d", c->file, name);
	}
	for (size_t i = 0; (name = config_name(c, "topic", i)); i++) {
		class = config_string(c, "topic", name, "class");
		if (class == NULL || !config_has(c, "class", class))
			return error_set(c->error, EX_CONFIG,
			    "%.300s: [topic %s] names no [class %s]", c->file,
			    name, class == NULL ? "..." : class);
	}
	for (size_t i = 0; (name = config_name(c, "speech", i)); i++)
		if (check_speech(c, name) == -1)
			return -1;
	return check_mail(c) == -1 ? -1 : check_marketing(c);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Where the running program lies, without /bin/NAME. */
static bool
beside_program(char *out, size_t size)
{
	char exe[PATH_MAX], *slash;
	ssize_t n;

	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n <= 0)
		return false;
	exe[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(exe, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	n = snprintf(out, size, "%s/etc/omni.conf", exe);
	return n > 0 && (size_t)n < size && exists(out);
}

static int
find_file(struct config *c, const char *path)
{
	char beside[PATH_MAX];

	if (path == NULL)
		path = getenv("OMNI_CONF");
	if (path == NULL && beside_program(beside, sizeof(beside)))
		path = beside;
	if (path == NULL && exists(SYSTEM_FILE))
		path = SYSTEM_FILE;
	if (path == NULL)
		return error_set(c->error, EX_CONFIG, "no configuration: "
		    "neither -c, OMNI_CONF, ../etc/omni.conf beside the "
		    "program nor %s", SYSTEM_FILE);
	if (realpath(path, c->file) == NULL) {
		error_errno(c->error, "%.300s", path);
		c->error->status = EX_CONFIG;
		return -1;
	}
	snprintf(c->dir, sizeof(c->dir), "%s", c->file);
	*strrchr(c->dir, '/') = '\0';
	return 0;
}

struct config *
config_load(const char *path, const char *const *overrides, size_t count,
    struct error *e)
{
	struct config *c;
	int rc;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		die(EX_OSERR, "out of memory");
	c->last = &c->first;
	c->error = e;
	rc = read_text(c, defaults, 0);
	if (rc == 0)
		rc = find_file(c, path);
	if (rc == 0)
		rc = read_file(c);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = override(c, overrides[i]);
	if (rc == 0)
		rc = check(c);
	if (rc == 0)
		return c;
	config_free(c);
	return NULL;
}

void
config_free(struct config *c)
{
	struct entry *next;

	if (c == NULL)
		return;
	for (struct entry *e = c->first; e != NULL; e = next) {
		next = e->next;
		free(e->kind);
		free(e->name);
		free(e->key);
		free(e->value);
		free(e->path);
		if (e->kept != NULL) {
			if (e->kept->text.len > 0)
				explicit_bzero(e->kept->text.data,
				    e->kept->text.len);
			buf_release(&e->kept->text);
			free(e->kept);
		}
		free(e);
	}
	free(c);
}

const char *
config_file(const struct config *c)
{
	return c->file;
}

bool
config_has(const struct config *c, const char *kind, const char *name)
{
	return find_entry(c, kind, name, NULL) != NULL;
}

const char *
config_name(const struct config *c, const char *kind, size_t i)
{
	for (const struct entry *e = c->first; e != NULL; e = e->next)
		if (strcmp(e->kind, kind) == 0 && e->name != NULL &&
		    find_entry(c, kind, e->name, NULL) == e && i-- == 0)
			return e->name;
	return NULL;
}

static const struct entry *
get(const struct config *c, const char *kind, const char *name,
    const char *key, const char **value)
{
	const struct key *def = find_key(kind, key);
	const struct entry *e;

	if (def == NULL)
		die(EX_SOFTWARE, "no such configuration key: %s.%s", kind, key);
	e = find_value(c, def, name, key);
	*value = e == NULL ? def->fallback : e->value;
	return e;
}

const char *
config_string(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *value;

	get(c, kind, name, key, &value);
	return value;
}

int64_t
config_integer(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);

	return s == NULL ? 0 : strtoll(s, NULL, 10);
}

bool
config_bool(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);

	return s != NULL && strcmp(s, "yes") == 0;
}

int64_t
config_duration(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);
	int64_t seconds = 0;

	if (s != NULL && !duration_parse(s, &seconds))
		die(EX_SOFTWARE, "%s.%s was not checked", kind, key);
	return seconds;
}

int
config_time_of_day(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);

	return time_of_day_parse(s);
}

static char *
absolute(const struct config *c, const char *path)
{
	char dir[PATH_MAX], out[PATH_MAX], *slash;
	int n;

	if (path[0] == '/')
		return duplicate(path);
	/* The directory has no links in it: going up is cutting off. */
	snprintf(dir, sizeof(dir), "%s", c->dir);
	for (; strncmp(path, "../", 3) == 0; path += 3) {
		slash = strrchr(dir, '/');
		if (slash != NULL)
			*slash = '\0';
	}
	n = snprintf(out, sizeof(out), "%s/%s", dir, path);
	if (n < 0 || (size_t)n >= sizeof(out))
		die(EX_CONFIG, "%.100s...: path too long", path);
	return duplicate(out);
}

const char *
config_path(struct config *c, const char *kind, const char *name,
    const char *key)
{
	struct entry *e = find_entry(c, kind, name, key);
	const char *value = config_string(c, kind, name, key);

	if (value == NULL)
		return NULL;
	if (e == NULL) {
		/* A default: remember it as an entry, to own the path. */
		char section[256];

		snprintf(section, sizeof(section), "%s%s%s", kind,
		    name == NULL ? "" : " ", name == NULL ? "" : name);
		set(c, 0, section, key, value);
		e = find_entry(c, kind, name, key);
	}
	if (e->path == NULL)
		e->path = absolute(c, value);
	return e->path;
}

static int
read_secret(struct config *c, const char *source, struct buf *out,
    struct error *e)
{
	const char *s;
	char *path;
	int rc;

	if (strncmp(source, "env:", 4) == 0) {
		s = getenv(source + 4);
		if (s == NULL)
			return error_set(e, EX_CONFIG, "the environment has "
			    "no %.60s", source + 4);
		buf_str(out, s);
		return 0;
	}
	path = absolute(c, source + 5);
	rc = io_read_file(AT_FDCWD, path, out, e);
	if (rc == -1)
		e->status = EX_CONFIG;
	free(path);
	if (rc == 0 && out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	return rc;
}

static void
keep_secret(struct config *c, struct entry *e)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (k == NULL)
		die(EX_OSERR, "out of memory");
	*k = (struct kept){ .text = BUF_INIT(SECRET_MAX) };
	k->failed = read_secret(c, e->value, &k->text, &k->why) == -1;
	e->kept = k;
}

void
config_keep_secrets(struct config *c, const char *kind, const char *key)
{
	for (struct entry *e = c->first; e != NULL; e = e->next)
		if (e->kept == NULL && strcmp(e->kind, kind) == 0 &&
		    strcmp(e->key, key) == 0)
			keep_secret(c, e);
}

/* As it was kept, or now. */
static int
get_secret(struct config *c, const struct kept *k, const char *source,
    struct buf *out, struct error *why)
{
	if (k == NULL)
		return read_secret(c, source, out, why);
	if (!k->failed) {
		buf_add(out, buf_text(&k->text), k->text.len);
		return 0;
	}
	*why = k->why;
	return -1;
}

int
config_secret(struct config *c, const char *kind, const char *name,
    const char *key, struct buf *out, struct error *e)
{
	const char *source = config_string(c, kind, name, key);
	const struct entry *entry = find_entry(c, kind, name, key);
	const char *space = name == NULL ? "" : " ";
	struct error why;

	buf_clear(out);
	if (name == NULL)
		name = "";
	if (source == NULL)
		return error_set(e, EX_CONFIG, "[%s%s%s] has no %s", kind,
		    space, name, key);
	if (get_secret(c, entry == NULL ? NULL : entry->kept, source, out,
	    &why) == -1)
		return error_set(e, EX_CONFIG, "%s of [%s%s%s]: %.300s", key,
		    kind, space, name, why.text);
	if (out->len == 0)
		return error_set(e, EX_CONFIG, "%s of [%s%s%s] is empty", key,
		    kind, space, name);
	return 0;
}

const char *
config_describe(size_t i, struct buf *out)
{
	if (i >= KEYS)
		return NULL;
	buf_clear(out);
	buf_printf(out, "%s %s %s %s", keys[i].kind, keys[i].key,
	    type_name[keys[i].type],
	    keys[i].fallback == NULL ? "-" : keys[i].fallback);
	return buf_text(out);
}

bool
config_is_key(const char *kind, const char *key)
{
	return !is_named(kind) && find_key(kind, key) != NULL;
}

bool
config_knows(const char *kind, const char *key)
{
	return find_key(kind, key) != NULL;
}

bool
config_is_path(const char *kind, const char *key)
{
	const struct key *def = find_key(kind, key);

	return def != NULL && def->type == TYPE_PATH;
}
