/* Whether a value is of its type, and what one key alone cannot tell. */
#include "config_impl.h"

#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "step.h"
#include "zone.h"

#define RING_MIN	5	/* seconds */
#define RING_MAX	24

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

const char *
config_active_channel(const struct config *c, const char *type)
{
	const char *name;

	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL; i++)
		if (strcmp(config_string(c, "channel", name, "type"),
		    type) == 0 && config_bool(c, "channel", name, "active"))
			return name;
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

/* "09:00-14:00 16:00-19:30", or "closed" */
static bool
is_hours(const char *s)
{
	struct config_span spans[CONFIG_SPANS];

	return config_spans(s, spans) >= 0;
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

bool
config_fits(enum config_type type, const char *s)
{
	struct step step;
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
	case TYPE_ROLE:
		return strcmp(s, "read") == 0 || strcmp(s, "staff") == 0 ||
		    strcmp(s, "admin") == 0;
	case TYPE_ASSIST:
		return strcmp(s, "draft") == 0 || strcmp(s, "answer") == 0 ||
		    strcmp(s, "never") == 0;
	case TYPE_STEP:
		return step_parse(s, &step);
	case TYPE_HOURS:
		return is_hours(s);
	case TYPE_STRING:
	case TYPE_PATH:
	default:
		return *s != '\0';
	}
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
	const struct config_key *k;

	for (size_t i = 0; (k = config_key_at(i)) != NULL; i++)
		if (strcmp(k->kind, "speech") == 0 &&
		    config_string(c, "speech", name, k->key) == NULL)
			return error_set(c->error, EX_CONFIG,
			    "%.300s: [speech %s] has no %s", c->file, name,
			    k->key);
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
int
config_check(struct config *c)
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
