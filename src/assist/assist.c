#include "assist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "assist_impl.h"
#include "base/embed.h"
#include "base/output.h"
#include "message/contact.h"
#include "message/email.h"
#include "message/emergency.h"
#include "send/wire.h"

EMBED(assist_tools, "share/assist/tools.json");
extern const char assist_tools[];

#define ID_HEX		32
#define TYPE		"assist"
#define TYPE_EMERGENCY	"assist_emergency"
#define DRAFT		"draft of the assistant"
#define EACH_MAX	50	/* messages of one address, of a run: the newest */
#define EMERGENCY_AGE	(3 * ASSIST_DAY)	/* a weekend without a run */
#define MEMORY		((size_t)64 * 1024 * 1024)

/*
 * Set-up
 */

static bool
never(void)
{
	return false;
}

static int
read_settings(struct assist *a, struct error *e)
{
	a->provider = config_string(a->config, "assist", NULL, "provider");
	a->model = config_string(a->config, "assist", NULL, "model");
	if (a->provider == NULL || a->model == NULL)
		return error_set(e, EX_CONFIG, "[assist] %s: missing",
		    a->provider == NULL ? "provider" : "model");
	if (!config_has(a->config, "provider", a->provider))
		return error_set(e, EX_CONFIG, "[assist] provider: there is "
		    "no [provider %.100s]", a->provider);
	a->kind = config_string(a->config, "provider", a->provider, "kind");
	if (llm_provider(a->kind) == NULL)
		return error_set(e, EX_CONFIG, "[provider %.100s] kind: "
		    "neither anthropic nor openai", a->provider);
	return 0;
}

static int
check_template(struct assist *a, const char *key, struct error *e)
{
	struct error why;

	if (templates_get(a->pass.router.templates, config_string(a->config,
	    "assist", NULL, key), &why) != NULL)
		return 0;
	return error_set(e, EX_CONFIG, "[assist] %s: %.400s", key, why.text);
}

/* A site's own words of emergencies stand among its words for answers. */
static int
read_words(struct assist *a, struct error *e)
{
	const char *file = config_path(a->config, "ingest", NULL, "words");

	return file == NULL ? 0 : emergency_add(file, e);
}

static int
prepare(struct assist *a, struct error *e)
{
	struct error why;

	if (read_settings(a, e) == -1 || onepass_open(&a->pass, a->config,
	    a->ledger, e) == -1)
		return -1;
	a->pass.unqueued = true;
	a->tools = value_parse(assist_tools, strlen(assist_tools), &why);
	if (a->tools == NULL)
		die(EX_SOFTWARE, "share/assist/tools.json: %s", why.text);
	if (check_template(a, "reply", e) == -1 ||
	    check_template(a, "emergency", e) == -1 ||
	    facts_read(config_path(a->config, "assist", NULL, "facts"),
	    &a->facts, e) == -1 || read_words(a, e) == -1)
		return -1;
	a->wire = wire_open(a->config, a->provider, llm_provider(a->kind), 1,
	    never, e);
	return a->wire == NULL ? -1 : 0;
}

struct assist *
assist_open(struct config *c, struct ledger *l, struct error *e)
{
	struct assist *a = calloc(1, sizeof(*a));

	if (a == NULL)
		die(EX_OSERR, "out of memory");
	a->config = c;
	a->ledger = l;
	if (prepare(a, e) == 0)
		return a;
	assist_close(a);
	return NULL;
}

void
assist_close(struct assist *a)
{
	if (a == NULL)
		return;
	wire_close(a->wire);
	if (a->pass.router.templates != NULL)
		onepass_close(&a->pass);
	value_free(a->tools);
	buf_release(&a->facts);
	free(a);
}

int
assist_status(const struct assist *a)
{
	return a->setup ? EX_CONFIG : EX_OK;
}

/*
 * What goes on
 */

/* The event, and why it has no answer. */
static void
say(struct record *r, const struct story *s, const char *state,
    const char *flag, const char *reason)
{
	struct value *v = value_new_object();

	value_set_string(v, "state", state);
	if (s->id != NULL)
		value_set_string(v, "message", s->id);
	if (flag != NULL) {
		value_set_string(v, "flag", flag);
		if (s->asker.contact != NULL)
			value_set_string(v, "contact", s->asker.contact);
		if (s->reminder != NULL)
			value_set_string(v, "reminder", s->reminder);
	}
	if (reason != NULL)
		value_set_string(v, "reason", reason);
	record_set_take(r, "assist", v);
}

static const char *
answer_id(const struct story *s, const char *prefix)
{
	char hash[DIGEST_HEX];

	digest_sha256(s->id, strlen(s->id), hash);
	return arena_printf(s->mem, "%s:%.*s", prefix, ID_HEX, hash);
}

static void
put_reader(struct assist *a, const struct story *s, struct record *r)
{
	struct value *address = value_new_object(), *one = value_new_object();
	const char *thread = value_get_string(s->event, "message_id");
	struct value *v;

	value_set_string(one, "to", s->asker.from);
	value_set_take(address, s->asker.type, one);
	record_set_take(r, "address", address);
	if (s->asker.contact != NULL) {
		v = contact_record(a->ledger, s->asker.contact);
		record_set_take(r, "contact", v);
	}
	if (email_is_message_id(thread))
		record_set_string(r, "in_reply_to", thread);
}

/* A new record: nothing that a stranger wrote is carried over into it. */
static void
write_record(struct assist *a, const struct story *s, struct record *r,
    const char *type, const char *template)
{
	char text[CLOCK_TEXT];

	record_release(r);
	record_new(r);
	record_set_string(r, "id", answer_id(s, type));
	record_set_string(r, "type", type);
	record_set_string(r, "author", ASSIST_AUTHOR);
	record_set_string(r, "template", config_string(a->config, "assist",
	    NULL, template));
	record_set_string(r, "channel", s->channel);
	record_set_string(r, "priority", "high");
	record_set_string(r, "expires_at", clock_format(clock_now() +
	    ASSIST_DAY, text));
	put_reader(a, s, r);
}

/* As omni-route and omni-render do it; omni-queue does the rest. */
static void
make_ready(struct assist *a, const struct story *s, struct record *r)
{
	struct error why = { .text = "" };

	onepass_record(&a->pass, r, false, &why);
	if (record_is_refused(r))
		diag("%s: no answer: %s", s->id, why.text);
}

static void
write_answer(struct assist *a, const struct story *s,
    const struct proposal *p, bool held, struct record *r)
{
	struct value *vars = value_new_object();

	write_record(a, s, r, TYPE, "reply");
	value_set_string(vars, "answer", p->text);
	record_set_take(r, "vars", vars);
	if (held) {
		record_set_string(r, "hold", DRAFT);
		/* By the time it is released they may be asleep. */
		record_set_string(r, "class", "reply");
	}
	say(r, s, held ? "draft" : "answer", p->kind == PROPOSAL_STAFF ?
	    "assist" : NULL, p->wish);
	make_ready(a, s, r);
}

/*
 * Who is answered
 */

static bool
had_emergency(struct assist *a, const struct story *s)
{
	char since[CLOCK_TEXT];

	return ledger_count(a->ledger, "SELECT count(*) FROM message WHERE "
	    "type = '" TYPE_EMERGENCY "' AND direction = 'outbound' AND (hash "
	    "= ?1 OR contact = ?2) AND created_at > ?3 AND id <> ?4", "ssss",
	    s->asker.hash, s->asker.contact, clock_format(clock_now() -
	    ASSIST_DAY, since), answer_id(s, TYPE_EMERGENCY)) > 0;
}

/* What stands in a subject that comes back to us was said before. */
static bool
is_emergency(const struct story *s)
{
	const char *subject = value_get_string(s->event, "subject");

	if (s->text != NULL && emergency_find(s->text, strlen(s->text)) != NULL)
		return true;
	return subject != NULL && strncasecmp(subject, "re:", 3) != 0 &&
	    emergency_find(subject, strlen(subject)) != NULL;
}

/* Staff hears of it whatever else there is; the person gets the text once. */
static void
take_emergency(struct assist *a, const struct story *s, struct record *r)
{
	static const char reason[] = "writes of an emergency";
	const char *why;

	why = objection_to_answer(a->ledger, a->config, &s->asker,
	    config_duration(a->config, "assist", NULL, "max_age"), s->mem);
	if (why != NULL || had_emergency(a, s)) {
		say(r, s, "emergency", "emergency", reason);
		return;
	}
	write_record(a, s, r, TYPE_EMERGENCY, "emergency");
	say(r, s, "emergency", "emergency", reason);
	make_ready(a, s, r);
}

static const char *
mode_of(const struct assist *a, const struct story *s)
{
	const char *mode = NULL;

	if (s->topic != NULL && config_has(a->config, "topic", s->topic))
		mode = config_string(a->config, "topic", s->topic, "assist");
	return mode != NULL ? mode : config_string(a->config, "assist", NULL,
	    "mode");
}

/* What the code understood by itself, it has seen to, or a person must. */
static bool
is_for_model(const struct story *s)
{
	static const char *const intents[] = { "question", "help", "unclear",
	    "reschedule" };

	for (size_t i = 0; s->intent != NULL && i < 4; i++)
		if (strcmp(intents[i], s->intent) == 0)
			return true;
	return false;
}

/* Why nobody is asked about it, or NULL. */
static const char *
objection(struct assist *a, const struct story *s)
{
	const char *why;

	if (!is_for_model(s))
		return "understood without a model, or for staff alone";
	if (strcmp(mode_of(a, s), "never") == 0)
		return "the mode of this topic is never";
	why = objection_to_answer(a->ledger, a->config, &s->asker,
	    config_duration(a->config, "assist", NULL, "max_age"), s->mem);
	if (why != NULL)
		return why;
	return story_repeats(a, s) ? "the same words as before: a machine "
	    "may be writing" : NULL;
}

/* Only what was asked, and what promises nothing, goes without a look at it. */
static bool
needs_look(struct assist *a, const struct story *s, const struct proposal *p)
{
	return strcmp(mode_of(a, s), "answer") != 0 ||
	    p->kind == PROPOSAL_STAFF || strcmp(s->intent, "reschedule") ==
	    0 || proposal_promises(p->text);
}

static void
take_question(struct assist *a, struct filter *f, const struct story *s,
    struct record *r)
{
	struct proposal p;
	struct error why;

	switch (ask_model(a, s, &p, &why)) {
	case ASK_PROPOSED:
		if (p.text == NULL)
			say(r, s, "staff", "assist", p.wish);
		else
			write_answer(a, s, &p, needs_look(a, s, &p), r);
		break;
	case ASK_UNUSABLE:
		diag("%s: %s", s->id, why.text);
		say(r, s, "staff", "assist", "the assistant had no answer "
		    "that can be used");
		break;
	case ASK_LIMIT:
	case ASK_SETUP:
		say(r, s, "none", NULL, why.text);
		break;
	case ASK_LATER:
	default:
		filter_refuse_temporarily(f, r, "assist", "%s: %s", s->id,
		    why.text);
		break;
	}
}

static void
take_story(struct assist *a, struct filter *f, const struct story *s,
    struct record *r)
{
	const char *why;

	if (s->unread && is_emergency(s)) {
		take_emergency(a, s, r);
		return;
	}
	if (!s->unread || s->text == NULL) {
		say(r, s, "none", NULL, s->text == NULL ? "no words" :
		    "staff has read it, or need not");
		return;
	}
	why = objection(a, s);
	if (why != NULL)
		say(r, s, "none", NULL, why);
	else if (story_wants_person(a, s))
		say(r, s, "staff", "assist", "would rather talk to a person");
	else
		take_question(a, f, s, r);
}

void
assist_record(struct filter *f, struct record *r)
{
	struct assist *a = f->ctx;
	const char *id = record_string(r, "message");
	const char *kind = record_string(r, "kind");
	struct story s;

	/* A message for omni-queue goes by, and so does what nobody wrote. */
	if (kind == NULL || record_get(r, "id") != NULL)
		return;
	s = (struct story){ .id = id };
	if (strcmp(kind, "message") != 0 || id == NULL)
		say(r, &s, "none", NULL, "not a message that came in");
	else if (!story_load(a, arena_strdup(&f->mem, id), &f->mem, &s))
		say(r, &s, "none", NULL, "the ledger has no such message");
	else
		take_story(a, f, &s, r);
	story_release(&s);
}

/*
 * What waits in the ledger
 */

/* Nothing is left to do: an answer, or a flag of ours, is there. */
static bool
is_done(struct assist *a, const char *id, struct arena *mem)
{
	const struct story s = { .id = id, .mem = mem };

	return ledger_count(a->ledger, "SELECT count(*) FROM flag WHERE "
	    "message = ? AND kind IN ('assist', 'emergency')", "s", id) > 0 ||
	    ledger_count(a->ledger, "SELECT count(*) FROM message WHERE id IN "
	    "(?1, ?2)", "ss", answer_id(&s, TYPE),
	    answer_id(&s, TYPE_EMERGENCY)) > 0;
}

/*
 * Of one address only the newest, lest who writes a thousand times keeps the
 * others waiting; of emergencies all.
 */
static struct value *
find_waiting(struct assist *a, bool emergencies)
{
	const int64_t age = emergencies ? EMERGENCY_AGE : config_duration(
	    a->config, "assist", NULL, "max_age");
	struct value *list = value_new_array();
	char since[CLOCK_TEXT];
	struct ledger_rows *r;

	r = ledger_select(a->ledger, "SELECT id FROM (SELECT id, created_at, "
	    "rowid AS row, row_number() OVER (PARTITION BY hash ORDER BY "
	    "created_at DESC, rowid DESC) AS place FROM message INDEXED BY "
	    "message_inbox WHERE direction = 'inbound' AND created_at > ?1 AND "
	    "is_unread = 1) WHERE place <= ?2 ORDER BY created_at, row", "si",
	    clock_format(clock_now() - age, since), emergencies ? INT64_MAX :
	    (int64_t)EACH_MAX);
	while (ledger_next(r))
		value_append_take(list, value_new_string(ledger_text(r, 0)));
	ledger_end(r);
	return list;
}

/* As the drain printed it, as far as it matters here. */
static void
make_event(struct record *r, const char *id)
{
	record_release(r);
	record_new(r);
	record_set_string(r, "kind", "message");
	record_set_string(r, "message", id);
}

static void
print(struct filter *f, const struct record *r)
{
	const char *state = value_get_string(record_get(r, "assist"),
	    "state");
	struct buf line = BUF_INIT(16 * RECORD_MAX);

	f->records++;
	if (record_is_refused(r)) {
		f->refused++;
		f->temporary += record_is_refused_temporarily(r);
	}
	if (!f->quiet && (state == NULL || strcmp(state, "none") != 0)) {
		record_write(r, &line);
		output_put(&line);
		output_flush();
	}
	buf_release(&line);
}

static bool
tells_of_emergency(struct assist *a, const char *id, struct arena *mem)
{
	struct story s;
	bool is = story_load(a, id, mem, &s) && is_emergency(&s);

	story_release(&s);
	return is;
}

static void
take_waiting(struct assist *a, struct filter *f, bool emergencies)
{
	struct value *list = find_waiting(a, emergencies);
	struct record r = RECORD_INIT;
	const char *id;

	for (size_t i = 0; i < value_count(list); i++) {
		id = value_string(value_at(list, i));
		arena_reset(&f->mem);
		if (is_done(a, id, &f->mem) ||
		    tells_of_emergency(a, id, &f->mem) != emergencies)
			continue;
		f->line++;
		make_event(&r, id);
		assist_record(f, &r);
		print(f, &r);
	}
	record_release(&r);
	value_free(list);
}

int
assist_waiting(struct assist *a, bool quiet, bool emergencies)
{
	struct filter f = { .stage = "assist", .ctx = a, .quiet = quiet,
	    .mem = ARENA_INIT(MEMORY) };

	/* No model takes its time before somebody who cannot wait. */
	take_waiting(a, &f, true);
	if (!emergencies)
		take_waiting(a, &f, false);
	arena_release(&f.mem);
	return filter_status(&f);
}
