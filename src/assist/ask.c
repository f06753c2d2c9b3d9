/*
 * Asks the model, once for each message: that it is asked is written down
 * before, and what it said after, so that a crash costs neither the limits of a
 * day nor, once there is an answer, a second one.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "assist_impl.h"
#include "send/wire.h"
#include "store/spool.h"

#define WAIT_MS		3600000	/* longer than any [provider] timeout */
#define PROMPT_MAX	(1024 * 1024)
#define MICRO		1000000
#define LOCK		"assist"	/* below spool/run */
#define NAMES_OUTCOME	\
    { "answered", "refused", "unusable", "later", "setup" }

/*
 * What was said before
 */

/* A call that is kept: {"tool", "input"}. */
static bool
load_answer(const char *body, struct llm_answer *out)
{
	struct error e;
	struct value *v = body == NULL ? NULL : value_parse(body,
	    strlen(body), &e);
	const char *tool = value_get_string(v, "tool");

	*out = (struct llm_answer){ .input = NULL };
	if (tool != NULL) {
		snprintf(out->tool, sizeof(out->tool), "%s", tool);
		out->input = value_copy(value_get(v, "input"));
	}
	value_free(v);
	return out->input != NULL;
}

/* False: nobody has answered about this message. */
static bool
was_answered(struct assist *a, const struct story *s, struct proposal *out,
    enum ask_outcome *outcome, struct error *why)
{
	struct llm_answer answer = { .input = NULL };
	struct ledger_rows *r;
	bool found;

	r = ledger_select(a->ledger, "SELECT c.body, a.reason FROM assist a "
	    "LEFT JOIN content c ON c.key = a.content WHERE a.message = ?1 AND "
	    "a.outcome IN ('answered', 'refused', 'unusable') ORDER BY a.id "
	    "LIMIT 1", "s", s->id);
	found = ledger_next(r);
	*outcome = ASK_UNUSABLE;
	if (found && load_answer(ledger_text(r, 0), &answer) &&
	    proposal_read(&answer, s->mem, out, why) == 0)
		*outcome = ASK_PROPOSED;
	else if (found)
		error_set(why, EX_DATAERR, "%.300s", ledger_text(r, 1) ==
		    NULL ? "the answer was erased" : ledger_text(r, 1));
	ledger_end(r);
	llm_release(&answer);
	return found;
}

/*
 * Limits
 */

/* What came to nothing by no fault of theirs is not counted. */
static int64_t
asked_for(struct assist *a, const struct story *s)
{
	char since[CLOCK_TEXT];

	clock_format(clock_now() - ASSIST_DAY, since);
	if (s == NULL)
		return ledger_count(a->ledger, "SELECT count(*) FROM assist "
		    "WHERE asked_at > ? AND coalesce(outcome, '') NOT IN "
		    "('later', 'setup')", "s", since);
	return ledger_count(a->ledger, "SELECT count(*) FROM assist WHERE "
	    "(hash = ?1 OR contact = ?2) AND asked_at > ?3 AND "
	    "coalesce(outcome, '') NOT IN ('later', 'setup')", "sss",
	    s->asker.hash, s->asker.contact, since);
}

static int
look_at_limits(struct assist *a, const struct story *s, struct error *why)
{
	if (asked_for(a, s) >= config_integer(a->config, "assist", NULL,
	    "per_person_day"))
		return error_set(why, EX_TEMPFAIL, "asked often enough for "
		    "this person in 24 hours (per_person_day)");
	if (asked_for(a, NULL) >= config_integer(a->config, "assist", NULL,
	    "per_day"))
		return error_set(why, EX_TEMPFAIL, "asked often enough in 24 "
		    "hours (per_day)");
	return 0;
}

/* The row's number, or -1 where a limit is reached. */
static int64_t
note_asked(struct assist *a, const struct story *s, struct error *why)
{
	struct value *data;
	int64_t row = -1;

	ledger_begin(a->ledger);
	if (look_at_limits(a, s, why) == -1) {
		ledger_rollback(a->ledger);
		return -1;
	}
	data = value_new_object();
	value_set_string(data, "message", s->id);
	value_set_string(data, "hash", s->asker.hash);
	if (s->asker.contact != NULL)
		value_set_string(data, "contact", s->asker.contact);
	value_set_string(data, "provider", a->provider);
	value_set_string(data, "model", a->model);
	row = ledger_append_take(a->ledger, "assist.asked", data);
	ledger_commit(a->ledger);
	return row;
}

/*
 * What it cost
 */

/* "3.75" in millionths; more decimals than that are left away. */
static int64_t
micro_of(const char *s)
{
	int64_t n = 0, unit = MICRO;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n < INT32_MAX ? n * 10 + (*s - '0') : n;
	n *= MICRO;
	if (*s == '.')
		while (*++s >= '0' && *s <= '9' && unit > 1) {
			unit /= 10;
			n += (*s - '0') * unit;
		}
	return n;
}

static int64_t
cost_of(const struct assist *a, const char *key, int64_t tokens)
{
	int64_t price = micro_of(config_string(a->config, "assist", NULL,
	    key));

	/* No server counts so many; one that says so is wrong. */
	if (tokens < 0 || tokens > 100 * (int64_t)MICRO || price <= 0)
		return 0;
	return tokens * (price / 1000) / 1000;
}

static void
put_usage(const struct assist *a, const struct llm_answer *answer,
    struct value *data)
{
	int64_t micro = cost_of(a, "input_cost", answer->input_tokens) +
	    cost_of(a, "output_cost", answer->output_tokens);
	char cost[48];

	if (answer->input_tokens < 0 && answer->output_tokens < 0)
		return;
	if (answer->input_tokens >= 0)
		value_set_integer(data, "input_tokens",
		    answer->input_tokens);
	if (answer->output_tokens >= 0)
		value_set_integer(data, "output_tokens",
		    answer->output_tokens);
	snprintf(cost, sizeof(cost), "%jd.%06jd", (intmax_t)(micro / MICRO),
	    (intmax_t)(micro % MICRO));
	value_set_string(data, "cost", cost);
	value_set_string(data, "currency", config_string(a->config, "assist",
	    NULL, "currency"));
}

static void
keep_call(struct assist *a, const struct llm_answer *answer,
    struct value *data, struct arena *mem)
{
	struct value *v = value_new_object();
	char key[LEDGER_KEY];
	const char *json;

	value_set_string(v, "tool", answer->tool);
	value_set_take(v, "input", value_copy(answer->input));
	json = value_json(v, mem);
	ledger_content_put(a->ledger, "assist", json, strlen(json), key);
	value_set_string(data, "content", key);
	value_free(v);
}

/* `good`: what it called can be used, and is kept. */
static void
note_answered(struct assist *a, const struct story *s, int64_t row,
    const struct llm_answer *answer, bool good)
{
	static const char *const names[] = NAMES_OUTCOME;
	struct value *data = value_new_object();

	value_set_integer(data, "ask", row);
	value_set_string(data, "outcome", good ? names[LLM_CALLED] :
	    answer->outcome == LLM_CALLED ? names[LLM_UNUSABLE] :
	    names[answer->outcome]);
	if (!good)
		value_set_string(data, "reason", answer->reason);
	if (answer->request_id[0] != '\0')
		value_set_string(data, "request_id", answer->request_id);
	put_usage(a, answer, data);
	ledger_begin(a->ledger);
	if (good)
		keep_call(a, answer, data, s->mem);
	ledger_append_take(a->ledger, "assist.answered", data);
	ledger_commit(a->ledger);
}

/*
 * The network
 */

static void
forget(struct buf *headers)
{
	if (headers->data != NULL)
		explicit_bzero(headers->data, headers->size);
	buf_release(headers);
}

static int
build(struct assist *a, const struct story *s, struct request *out,
    struct error *e)
{
	struct buf rules = BUF_INIT(PROMPT_MAX), user = BUF_INIT(PROMPT_MAX);
	struct llm_question q = { .model = a->model, .tools = a->tools,
	    .max_tokens = config_integer(a->config, "assist", NULL,
	    "max_tokens") };
	int rc;

	prompt_rules(a, s, &rules);
	prompt_message(a, s, &user);
	q.rules = buf_text(&rules);
	q.user = buf_text(&user);
	if (rules.full || user.full)
		rc = error_set(e, EX_DATAERR, "too much to ask about");
	else
		rc = llm_build(a->config, a->provider, &q,
		    wire_credentials(a->wire), out, e);
	buf_release(&rules);
	buf_release(&user);
	return rc;
}

/* Some servers repeat the key that they do not like, and logs are read. */
static void
hide_key(const struct buf *key, struct buf *body)
{
	char *p = body->data;

	if (key->len == 0 || body->len == 0)
		return;
	while ((p = memmem(p, body->len - (size_t)(p - body->data), key->data,
	    key->len)) != NULL)
		memset(p, '*', key->len);
}

/* Fills the answer, whatever happens. */
static void
exchange(struct assist *a, const struct story *s, struct llm_answer *out)
{
	struct transfer t = { .request = { .body = BUF_INIT(1) } };
	struct error e;

	if (build(a, s, &t.request, &e) == -1) {
		*out = (struct llm_answer){ .outcome = e.status == EX_CONFIG ?
		    LLM_SETUP : LLM_UNUSABLE, .input_tokens = -1,
		    .output_tokens = -1 };
		snprintf(out->why, sizeof(out->why), "%s", e.text);
		snprintf(out->reason, sizeof(out->reason), "%s",
		    "the question could not be made");
		return;
	}
	wire_start(a->wire, &t);
	if (wire_wait(a->wire, WAIT_MS) == NULL)
		die(EX_SOFTWARE, "a transfer did not come back");
	hide_key(&wire_credentials(a->wire)->secret, &t.response.body);
	llm_read(a->kind, &t.response, out);
	forget(&t.request.headers);
	buf_release(&t.request.body);
	buf_release(&t.response.body);
}

/* A text that no reader may get is as bad as none. */
static bool
is_good(struct assist *a, const struct story *s, struct llm_answer *answer,
    struct proposal *out)
{
	struct error why;

	if (answer->outcome != LLM_CALLED)
		return false;
	if (proposal_read(answer, s->mem, out, &why) == 0 &&
	    (out->text == NULL || check_text(a->config, buf_text(&a->facts),
	    out->text, &why) == 0))
		return true;
	snprintf(answer->why, sizeof(answer->why), "%s", why.text);
	snprintf(answer->reason, sizeof(answer->reason), "%.120s", why.text);
	return false;
}

/* Who does not answer one does not answer the next. */
static enum ask_outcome
pause_asking(struct assist *a, const struct llm_answer *answer,
    struct error *why)
{
	a->setup = answer->outcome == LLM_SETUP;
	snprintf(a->pause, sizeof(a->pause), "%.100s: %.380s", a->provider,
	    answer->why);
	error_set(why, a->setup ? EX_CONFIG : EX_TEMPFAIL, "%s", a->pause);
	if (a->setup)
		diag("%s; nobody gets a draft", a->pause);
	return a->setup ? ASK_SETUP : ASK_LATER;
}

static enum ask_outcome
ask_alone(struct assist *a, const struct story *s, struct proposal *out,
    struct error *why)
{
	struct llm_answer answer;
	enum ask_outcome outcome;
	int64_t row;

	if (was_answered(a, s, out, &outcome, why))
		return outcome;
	if (a->pause[0] != '\0') {
		error_set(why, EX_TEMPFAIL, "%s", a->pause);
		return a->setup ? ASK_SETUP : ASK_LATER;
	}
	row = note_asked(a, s, why);
	if (row == -1)
		return ASK_LIMIT;
	exchange(a, s, &answer);
	outcome = is_good(a, s, &answer, out) ? ASK_PROPOSED : ASK_UNUSABLE;
	/* As after a crash: nobody knows, and it counts. */
	if (!answer.lost)
		note_answered(a, s, row, &answer, outcome == ASK_PROPOSED);
	if (answer.outcome == LLM_LATER || answer.outcome == LLM_SETUP)
		outcome = pause_asking(a, &answer, why);
	else if (outcome == ASK_UNUSABLE)
		error_set(why, EX_DATAERR, "%s", answer.why);
	llm_release(&answer);
	return outcome;
}

/* Two that ask about the same message would have two answers, and pay twice. */
enum ask_outcome
ask_model(struct assist *a, const struct story *s, struct proposal *out,
    struct error *why)
{
	enum ask_outcome outcome;
	int lock = spool_lock_wait(config_path(a->config, "paths", NULL,
	    "spool"), LOCK, why);

	if (lock == -1)
		return ASK_LATER;
	outcome = ask_alone(a, s, out, why);
	close(lock);
	return outcome;
}
