/*
 * The keys of omni.conf(5), with their types and defaults.  To add one, add its
 * row; a new type needs a word here, and config_fits() in config_check.c.
 */
#include "config_impl.h"

#include <string.h>

static const char *const type_name[] = {
	"string", "integer", "integers", "decimal", "yes|no", "duration",
	"durations", "HH:MM", "zone", "region",
	"path", "secret", "channel", "channels", "resend|flag", "keep|plain",
	"all|channel", "send|hold", "hours", "step", "read|staff|admin",
	"draft|answer|never"
};

/*
 * Every key there is.  `key` "step.*" stands for step.1 to step.99.  Defaults
 * follow the clinic that omni was first made for.
 */
static const struct config_key keys[] = {
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
	{ "topic", "assist", TYPE_ASSIST, NULL },
	{ "quiet", "start", TYPE_TIME, "21:00" },
	{ "quiet", "end", TYPE_TIME, "09:00" },
	{ "open", "monday", TYPE_HOURS, NULL },
	{ "open", "tuesday", TYPE_HOURS, NULL },
	{ "open", "wednesday", TYPE_HOURS, NULL },
	{ "open", "thursday", TYPE_HOURS, NULL },
	{ "open", "friday", TYPE_HOURS, NULL },
	{ "open", "saturday", TYPE_HOURS, NULL },
	{ "open", "sunday", TYPE_HOURS, NULL },
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
	{ "inbox", "answer_within", TYPE_DURATION, "1h" },
	{ "inbox", "timeout", TYPE_DURATION, "30s" },
	{ "mcp", "hold", TYPE_BOOL, "yes" },
	{ "mcp", "per_hour", TYPE_INTEGER, "20" },
	{ "assist", "provider", TYPE_STRING, NULL },
	{ "assist", "model", TYPE_STRING, NULL },
	{ "assist", "mode", TYPE_ASSIST, "draft" },
	{ "assist", "facts", TYPE_PATH, NULL },
	{ "assist", "history", TYPE_INTEGER, "10" },
	{ "assist", "max_tokens", TYPE_INTEGER, "1024" },
	{ "assist", "max_age", TYPE_DURATION, "2h" },
	{ "assist", "per_person_day", TYPE_INTEGER, "5" },
	{ "assist", "per_day", TYPE_INTEGER, "200" },
	{ "assist", "input_cost", TYPE_DECIMAL, "0" },
	{ "assist", "output_cost", TYPE_DECIMAL, "0" },
	{ "assist", "currency", TYPE_STRING, "USD" },
	{ "assist", "reply", TYPE_STRING, "assist_reply" },
	{ "assist", "emergency", TYPE_STRING, "assist_emergency" },
	{ "staff", "name", TYPE_STRING, NULL },
	{ "staff", "role", TYPE_ROLE, "staff" },
	{ "staff", "language", TYPE_STRING, NULL },
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
	{ "filter", "confine", TYPE_BOOL, "yes" },
	{ "send", "confine", TYPE_BOOL, "yes" },
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
const char config_defaults[] =
    "[class transactional]\nchannels = email sms whatsapp\nquiet = no\n"
    "holidays = send\nunsubscribe = no\n"
    "[class reminder]\nchannels = sms whatsapp email\nholidays = send\n"
    "[class alert]\nchannels = sms whatsapp email\nquiet = no\n"
    "holidays = send\nunsubscribe = no\n"
    "[class reply]\nchannels = email sms whatsapp\nholidays = send\n"
    "unsubscribe = no\n"
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
	"ladder", "speech", "staff" };

const char *
config_type_name(enum config_type type)
{
	return type_name[type];
}

const struct config_key *
config_key_at(size_t i)
{
	return i < KEYS ? &keys[i] : NULL;
}

bool
config_is_named(const char *kind)
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
const struct config_key *
config_find_key(const char *kind, const char *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].key[0] == key[0] && keys[i].kind[0] == kind[0] &&
		    strcmp(keys[i].kind, kind) == 0 &&
		    (strcmp(keys[i].key, key) == 0 ||
		    (keys[i].type == TYPE_STEP && is_step_key(key))))
			return &keys[i];
	return NULL;
}

bool
config_is_kind(const char *kind)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].kind, kind) == 0)
			return true;
	return false;
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
	return !config_is_named(kind) && config_find_key(kind, key) != NULL;
}

bool
config_knows(const char *kind, const char *key)
{
	return config_find_key(kind, key) != NULL;
}

bool
config_is_path(const char *kind, const char *key)
{
	const struct config_key *def = config_find_key(kind, key);

	return def != NULL && def->type == TYPE_PATH;
}
