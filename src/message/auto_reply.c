#include "auto_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "message/contact.h"
#include "message/email.h"
#include "message/onepass.h"
#include "message/policy.h"

#define TYPE		"auto_reply"
#define DAY		86400
#define DIGITS		"0123456789"
#define NUMBER_MIN	8	/* digits; less is a short code */
#define NUMBER_MAX	15
#define ID_HEX		32

struct auto_reply {
	struct config *config;
	struct ledger *ledger;
	const char *template;
	int64_t age;		/* older than that nobody is answered */
	struct onepass pass;
	struct arena mem;	/* of one event */
	uintmax_t failed;
};

/* What was written, as the ledger has it. */
struct question {
	struct value *event;
	const char *id, *from, *type, *channel, *hash;
	const char *contact;	/* or NULL */
	instant at;
};

static int
prepare(struct auto_reply *a, struct error *e)
{
	if (onepass_open(&a->pass, a->config, a->ledger, e) == -1)
		return -1;
	return templates_get(a->pass.router.templates, a->template, e) ==
	    NULL ? -1 : 0;
}

int
auto_reply_open(struct auto_reply **out, struct config *c, struct ledger *l,
    struct error *e)
{
	const char *template = config_string(c, "ingest", NULL, "auto_reply");
	struct error why;

	*out = NULL;
	if (template == NULL)
		return 0;
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		die(EX_OSERR, "out of memory");
	(*out)->config = c;
	(*out)->ledger = l;
	(*out)->template = template;
	(*out)->age = config_duration(c, "ingest", NULL, "auto_reply_age");
	(*out)->mem = (struct arena)ARENA_INIT(64 * 1024 * 1024);
	if (prepare(*out, &why) == 0)
		return 0;
	auto_reply_close(*out);
	*out = NULL;
	return error_set(e, why.status, "[ingest] auto_reply: %.600s",
	    why.text);
}

void
auto_reply_close(struct auto_reply *a)
{
	if (a == NULL)
		return;
	onepass_close(&a->pass);
	arena_release(&a->mem);
	free(a);
}

uintmax_t
auto_reply_failed(const struct auto_reply *a)
{
	return a == NULL ? 0 : a->failed;
}

/*
 * Who is answered
 */

/* False: it is no message that waits for staff. */
static bool
load_question(struct auto_reply *a, struct question *q)
{
	const char *id = value_get_string(q->event, "message");
	const char *applied = value_get_string(q->event, "applied");
	const char *kind = value_get_string(q->event, "kind");
	struct ledger_rows *r;
	bool found;

	if (id == NULL || strcmp(kind, "message") != 0 || applied == NULL ||
	    strcmp(applied, "recorded") != 0)
		return false;
	r = ledger_select(a->ledger, "SELECT channel_type, channel, hash, "
	    "contact FROM message WHERE id = ? AND is_unread = 1", "s", id);
	found = ledger_next(r) && ledger_text(r, 1) != NULL;
	if (found) {
		q->id = id;
		q->type = arena_strdup(&a->mem, ledger_text(r, 0));
		q->channel = arena_strdup(&a->mem, ledger_text(r, 1));
		q->hash = arena_strdup(&a->mem, ledger_text(r, 2));
		if (ledger_text(r, 3) != NULL)
			q->contact = arena_strdup(&a->mem, ledger_text(r, 3));
	}
	ledger_end(r);
	q->from = value_get_string(q->event, "from");
	return found;
}

/* By the provider's clock, if it tells, and no later than now. */
static instant
written_at(const struct value *event)
{
	const char *s = value_get_string(event, "at");
	instant t, now = clock_now();

	if (s == NULL)
		s = value_get_string(event, "received_at");
	return s != NULL && clock_parse(s, &t) && t < now ? t : now;
}

/* Short codes have no plus, names of senders have letters. */
static bool
is_number(const char *from)
{
	size_t n = from[0] != '+' ? 0 : strspn(from + 1, DIGITS);

	return n >= NUMBER_MIN && n <= NUMBER_MAX && from[1 + n] == '\0';
}

/* "Clinica <citas@clinic.example>" and "citas@clinic.example" are one. */
static bool
is_address_of(const char *configured, const char *from)
{
	size_t len = strlen(from), n = configured == NULL ? 0 :
	    strlen(configured);

	if (n > 0 && configured[n - 1] == '>')
		n--;
	return n >= len && strncasecmp(configured + n - len, from, len) == 0 &&
	    (n == len || strchr("< :", configured[n - len - 1]) != NULL);
}

static bool
is_our_own(const struct auto_reply *a, const char *from)
{
	const struct config *c = a->config;
	const char *name;

	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL; i++)
		if (is_address_of(config_string(c, "channel", name, "from"),
		    from))
			return true;
	return is_address_of(config_string(c, "mail", NULL, "from"), from) ||
	    is_address_of(config_string(c, "mail", NULL, "reply_to"), from) ||
	    is_address_of(config_string(c, "links", NULL, "mailto"), from);
}

/* Anybody can write any sender into a mail: strangers get none from us. */
static bool
is_strange_mail(const struct question *q)
{
	return strcmp(q->type, "email") == 0 && q->contact == NULL &&
	    value_get_string(q->event, "reference") == NULL;
}

static bool
is_thumb(const struct value *event)
{
	const char *type = value_get_string(event, "message_type");

	return type != NULL && (strcmp(type, "reaction") == 0 ||
	    strcmp(type, "system") == 0);
}

/* Whatever became of that one: it may yet go. */
static bool
had_one(const struct auto_reply *a, const struct question *q)
{
	char since[CLOCK_TEXT];

	return ledger_count(a->ledger, "SELECT 1 FROM message WHERE type = '"
	    TYPE "' AND direction = 'outbound' AND (hash = ?1 OR contact = "
	    "?2) AND created_at > ?3 LIMIT 1", "sss", q->hash, q->contact,
	    clock_format(clock_now() - DAY, since)) > 0;
}

/* Why nobody is answered, or NULL. */
static const char *
objection(struct auto_reply *a, const struct question *q)
{
	const struct policy_reader who = { .hash = q->hash, .type = q->type,
	    .contact = q->contact };
	char why[160];

	if (strcmp(q->type, "email") != 0 && strcmp(q->type, "sms") != 0 &&
	    strcmp(q->type, "whatsapp") != 0)
		return "not a channel to answer on";
	if (is_thumb(q->event))
		return "nothing was written";
	if (value_get_string(q->event, "opt_out_type") != NULL)
		return "the provider answers that word";
	if (strcmp(q->type, "email") != 0 && !is_number(q->from))
		return "not from a telephone";
	if (is_our_own(a, q->from))
		return "from an address of our own";
	if (is_strange_mail(q))
		return "a mail of nobody that is known";
	if (q->at < clock_now() - a->age)
		return "too old";
	if (policy_is_opted_out(a->ledger, a->config, &who, why, sizeof(why)))
		return arena_strdup(&a->mem, why);
	return had_one(a, q) ? "answered within the last 24 hours" : NULL;
}

/*
 * What they get
 */

static void
put_reader(const struct auto_reply *a, const struct question *q,
    struct record *r)
{
	struct value *address = value_new_object(), *one = value_new_object();
	const char *thread = value_get_string(q->event, "message_id");

	value_set_string(one, "to", q->from);
	value_set_take(address, q->type, one);
	record_set_take(r, "address", address);
	if (q->contact != NULL)
		record_set_take(r, "contact", contact_record(a->ledger,
		    q->contact));
	if (email_is_message_id(thread))
		record_set_string(r, "in_reply_to", thread);
}

static void
write_record(struct auto_reply *a, const struct question *q, struct record *r)
{
	const char *key = value_get_string(q->event, "key");
	char hash[DIGEST_HEX], text[CLOCK_TEXT];

	digest_sha256(key, strlen(key), hash);
	record_set_string(r, "id", arena_printf(&a->mem, "auto:%.*s", ID_HEX,
	    hash));
	record_set_string(r, "type", TYPE);
	record_set_string(r, "template", a->template);
	record_set_string(r, "channel", q->channel);
	record_set_string(r, "priority", "high");
	record_set_string(r, "expires_at", clock_format(q->at + a->age, text));
	put_reader(a, q, r);
}

static void
say(struct value *event, const char *state, const char *id,
    const char *reason)
{
	struct value *v = value_new_object();

	value_set_string(v, "state", state);
	if (id != NULL)
		value_set_string(v, "id", id);
	if (reason != NULL)
		value_set_string(v, "reason", reason);
	value_set_take(event, "auto_reply", v);
}

/* One that is refused stands in failed_message, with the reason. */
static void
answer(struct auto_reply *a, const struct question *q)
{
	struct error why = { .text = "" };
	struct record r = RECORD_INIT;
	const char *id;

	record_new(&r);
	write_record(a, q, &r);
	onepass_record(&a->pass, &r, true, &why);
	id = record_string(&r, "id");
	if (record_is_refused(&r)) {
		a->failed++;
		diag("%s: no automatic answer: %s", q->id, why.text);
		say(q->event, "refused", id, why.text);
	} else
		say(q->event, "queued", id, NULL);
	record_release(&r);
}

void
auto_reply_answer(struct auto_reply *a, struct value *event)
{
	struct question q = { .event = event };
	const char *why;

	if (a == NULL)
		return;
	arena_reset(&a->mem);
	if (!load_question(a, &q))
		return;
	q.at = written_at(event);
	why = objection(a, &q);
	if (why != NULL)
		say(event, "none", NULL, why);
	else
		answer(a, &q);
}

void
auto_reply_commit(struct auto_reply *a)
{
	onepass_commit(&a->pass);
}
