/* From what the ledger has of a message to what a provider is asked. */
#include "engine_impl.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"

/* A number begins with a plus or a digit, a topic of push with a letter. */
static bool
can_reach(const char *type, const char *word)
{
	bool mail = strchr(word, '@') != NULL;
	bool number = !mail && strchr("+0123456789", word[0]) != NULL;

	if (strcmp(type, "email") == 0)
		return mail;
	return !mail && number == (strcmp(type, "push") != 0);
}

/*
 * [test] redirect: nobody else is written to.  Who is on the list gets their
 * own; for all others it is the first one that this type of channel can reach.
 */
static int
redirect(const struct engine *n, const char *to, char *out, size_t size,
    struct error *e)
{
	const char *list = config_string(n->config, "test", NULL, "redirect");
	char word[256];
	bool any = false;

	snprintf(out, size, "%s", to);
	for (size_t i = 0; list != NULL && config_word(list, i, word,
	    sizeof(word)); i++) {
		if (strcmp(word, to) == 0) {
			snprintf(out, size, "%s", to);
			return 0;
		}
		if (!any && can_reach(n->type, word)) {
			snprintf(out, size, "%s", word);
			any = true;
		}
	}
	if (list == NULL || any)
		return 0;
	return error_set(e, EX_CONFIG, "[test] redirect names nobody for %s",
	    n->type);
}

/* The record that omni-queue took, as the ledger kept it. */
int
order_load(struct engine *n, const char *id, struct record *r,
    struct error *e)
{
	struct ledger_rows *rows;
	char *body = NULL;

	rows = ledger_select(n->ledger, "SELECT b.body FROM message m JOIN "
	    "content b ON b.key = m.content WHERE m.id = ?", "s", id);
	if (ledger_next(rows) && ledger_text(rows, 0) != NULL)
		body = arena_strdup(&n->mem, ledger_text(rows, 0));
	ledger_end(rows);
	if (body == NULL)
		return error_set(e, EX_DATAERR, "its content was erased");
	return record_parse(r, body, strlen(body), e);
}

void
order_name(const struct engine *n, struct flight *f)
{
	if (n->tokens)
		link_mail_token(&n->links, f->job.id, f->token);
}

static int
take_order(struct engine *n, struct flight *f, struct record *r,
    struct order *o, struct error *e)
{
	const char *to;

	if (order_load(n, f->job.id, r, e) == -1)
		return -1;
	to = record_string(r, "to");
	if (to == NULL)
		return error_set(e, EX_DATAERR, "to: missing");
	if (strlen(to) >= sizeof(f->to))
		return error_set(e, EX_DATAERR, "to: longer than any address");
	if (redirect(n, to, f->to, sizeof(f->to), e) == -1)
		return -1;
	f->redirected = strcmp(to, f->to) != 0;
	order_name(n, f);
	*o = (struct order){ .id = f->job.id, .channel = n->name,
	    .provider = n->provider_name, .attempt = f->attempt, .to = f->to,
	    .record = r, .config = n->config, .now = clock_now(),
	    .started = f->job.started, .expires = f->expires,
	    .sender = f->job.sender[0] == '\0' ? NULL : f->job.sender,
	    .window = f->window, .who = n->who, .signing = clock_real(),
	    .token = f->token[0] == '\0' ? NULL : f->token };
	return 0;
}

/* Of an attachment: what omni-queue read into the ledger. */
static int
load_attachment(struct engine *n, struct value *v, size_t i, struct error *e)
{
	const char *key = value_get_string(v, "content");
	struct ledger_rows *rows;
	bool there;

	if (key == NULL)
		return 0;
	rows = ledger_select(n->ledger, "SELECT body FROM content WHERE "
	    "key = ?", "s", key);
	there = ledger_next(rows) && ledger_text(rows, 0) != NULL;
	if (there) {
		value_set_string(v, "data", ledger_text(rows, 0));
		value_remove(v, "content");
	}
	ledger_end(rows);
	return there ? 0 : error_set(e, EX_DATAERR, "attachments.%zu: its "
	    "content was erased", i);
}

int
order_load_attachments(struct engine *n, struct record *r, struct error *e)
{
	const struct value *kept = record_get(r, "attachments");
	struct value *all, *one;
	int rc = 0;

	if (strcmp(n->type, "email") != 0 || value_type(kept) != VALUE_ARRAY)
		return 0;
	all = value_new_array();
	for (size_t i = 0; rc == 0 && i < value_count(kept); i++) {
		one = value_copy(value_at(kept, i));
		rc = load_attachment(n, one, i, e);
		value_append_take(all, one);
	}
	record_set_take(r, "attachments", all);
	return rc;
}

static void
new_request(struct flight *f)
{
	f->transfer.request = (struct request){
	    .body = BUF_INIT(REQUEST_MAX), .headers = BUF_INIT(HEADERS_MAX) };
}

int
order_build(struct engine *n, struct flight *f)
{
	struct record r = RECORD_INIT;
	struct order o;
	struct error e;
	int rc;

	new_request(f);
	rc = take_order(n, f, &r, &o, &e);
	if (rc == 0)
		rc = order_load_attachments(n, &r, &e);
	if (rc == 0)
		rc = n->provider->build(&o, &f->transfer.request, &e);
	if (rc == -1) {
		f->verdict.outcome = e.status == EX_CONFIG ? OUTCOME_SETUP :
		    OUTCOME_REFUSED;
		snprintf(f->verdict.code, sizeof(f->verdict.code), "build");
		snprintf(f->verdict.text, sizeof(f->verdict.text), "%s",
		    e.text);
	}
	record_release(&r);
	return rc;
}

int
order_ask(struct engine *n, struct flight *f)
{
	struct record r = RECORD_INIT;
	struct order o;
	struct error e;
	int rc;

	new_request(f);
	rc = take_order(n, f, &r, &o, &e);
	if (rc == 0)
		rc = n->provider->ask(&o, f->pages == 0 ? NULL : f->page,
		    &f->transfer.request, &e);
	record_release(&r);
	return rc;
}

/* "in:whatsapp:wamid.HBg...:received" is what came in as wamid.HBg... */
static bool
id_of_theirs(const char *id, char *out, size_t size)
{
	const char *start = strchr(id, ':'), *end = strrchr(id, ':');

	start = start == NULL ? NULL : strchr(start + 1, ':');
	if (start == NULL || end <= start)
		return false;
	snprintf(out, size, "%.*s", (int)(end - start - 1), start + 1);
	return true;
}

int
order_mark_read(struct engine *n, struct flight *f)
{
	const struct order o = { .id = f->job.id, .channel = n->name,
	    .provider = n->provider_name, .config = n->config };
	char theirs[256];
	struct error e;

	new_request(f);
	return id_of_theirs(f->job.id, theirs, sizeof(theirs)) ?
	    n->provider->mark_read(&o, theirs, &f->transfer.request, &e) : -1;
}

struct listing {
	struct engine *engine;
	struct flight *flight;
};

/* The first one that nobody else has; what is only alike proves nothing. */
static bool
on_found(void *ctx, const char *provider_id, bool certain)
{
	struct listing *l = ctx;
	struct flight *f = l->flight;

	if (strlen(provider_id) >= sizeof(f->found) ||
	    provider_id_is_anothers(l->engine, provider_id, f->job.id,
	    f->job.attempt))
		return false;
	if (!certain) {
		f->alike = true;
		return false;
	}
	snprintf(f->found, sizeof(f->found), "%s", provider_id);
	return true;
}

bool
order_look(struct engine *n, struct flight *f)
{
	struct record r = RECORD_INIT;
	struct listing l = { .engine = n, .flight = f };
	struct order o;
	struct error e;
	int rc = -1;

	if (take_order(n, f, &r, &o, &e) == 0)
		rc = n->provider->look(&o, &f->transfer.response, on_found, &l,
		    f->page);
	record_release(&r);
	f->pages++;
	f->answered = rc == 0;
	return rc == 1 && f->pages < ASK_PAGES_MAX;
}
