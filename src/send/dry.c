/* -n: what would be sent now, and what it would cost; nothing is changed. */
#include "engine_impl.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/output.h"

struct forecast {
	int64_t messages, segments;
	const char *cost;		/* in `mem` */
	struct arena mem;
};

static const char *
verdict_word(enum gate_verdict v)
{
	switch (v) {
	case GATE_GO:
		return "send";
	case GATE_DEFER:
		return "defer";
	case GATE_HOLD:
		return "hold";
	case GATE_CANCEL:
		return "cancel";
	case GATE_EXPIRE:
		return "expire";
	case GATE_SKIP:
	default:
		return "skip";
	}
}

/* Bytes that are no UTF-8 cannot stand in JSON; no provider here has such. */
static void
put_body(struct value *v, const struct buf *body)
{
	if (body->len > 0 && utf8_valid(buf_text(body), body->len))
		value_set_string(v, "body", buf_text(body));
}

/* Of one that signs nobody knows how much of it opens a door. */
static void
put_headers(struct value *v, const struct buf *headers)
{
	struct value *all = value_new_object();
	const char *line = buf_text(headers), *colon, *end;
	char name[128], text[4096];

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		colon = strchr(line, ':');
		if (colon == NULL || colon > end)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(colon - line),
		    line);
		snprintf(text, sizeof(text), "%.*s", (int)(end - colon - 2),
		    colon + 2);
		value_set_string(all, name,
		    strcmp(name, "Authorization") == 0 ? "***" : text);
	}
	if (headers->len > 0)
		value_set_take(v, "headers", all);
	else
		value_free(all);
}

static struct value *
request_value(const struct engine *n, const struct flight *f,
    const struct credentials *who)
{
	static const char *const sign_in[] = {
		[SIGN_IN_BASIC] = "Basic ***", [SIGN_IN_BEARER] = "Bearer ***",
		[SIGN_IN_AWS] = "AWS4-HMAC-SHA256 ***",
		[SIGN_IN_HEADERS] = NULL
	};
	const struct request *r = &f->transfer.request;
	struct value *v = value_new_object();

	if (n->provider->transport == TRANSPORT_HTTP) {
		value_set_string(v, "method", r->method);
		value_set_string(v, "url", r->url);
		if (sign_in[who->how] != NULL)
			value_set_string(v, "authorization",
			    sign_in[who->how]);
		put_headers(v, &r->headers);
		if (r->content_type != NULL)
			value_set_string(v, "content_type", r->content_type);
	} else if (r->from[0] != '\0')
		value_set_string(v, "from", r->from);
	if (n->provider->transport != TRANSPORT_HTTP)
		value_set_string(v, "to", r->to);
	put_body(v, &r->body);
	return v;
}

static void
print(const struct value *v)
{
	struct buf line = BUF_INIT((size_t)2 * REQUEST_MAX);

	value_write(v, &line);
	output_put(&line);
	output_flush();
	buf_release(&line);
}

static void
add_cost(const struct engine *n, const struct flight *f,
    struct forecast *all, struct value *v)
{
	all->messages++;
	all->segments += f->segments;
	if (f->segments > 0)
		value_set_integer(v, "segments", f->segments);
	if (f->cost[0] == '\0')
		return;
	all->cost = decimal_add(all->cost, f->cost, &all->mem);
	value_set_string(v, "cost", f->cost);
	value_set_string(v, "currency", f->currency[0] != '\0' ? f->currency :
	    config_string(n->config, "site", NULL, "currency"));
}

static void
add_request(struct engine *n, struct flight *f,
    const struct credentials *who, struct forecast *all, struct value *v)
{
	if (order_build(n, f) == -1) {
		value_set_string(v, "verdict", "refuse");
		value_set_string(v, "reason", f->verdict.text);
		diag("%s: %s", f->job.id, f->verdict.text);
		return;
	}
	value_set_take(v, "request", request_value(n, f, who));
	add_cost(n, f, all, v);
}

static void
show(struct engine *n, const char *id, const struct credentials *who,
    struct forecast *all)
{
	struct flight f = { .attempt = 1, .expires = INT64_MAX };
	struct value *v = value_new_object();
	char until[CLOCK_TEXT];
	struct gate g;

	snprintf(f.job.id, sizeof(f.job.id), "%s", id);
	ledger_look(n->ledger);
	gate_look(n->ledger, &n->quiet_times, id, n->name, &n->spending, &g);
	engine_load(n, &f, &g);
	value_set_string(v, "id", id);
	value_set_string(v, "channel", n->type);
	value_set_string(v, "account", n->name);
	value_set_string(v, "verdict", verdict_word(g.verdict));
	if (g.reason[0] != '\0')
		value_set_string(v, "reason", g.reason);
	if (g.verdict == GATE_DEFER)
		value_set_string(v, "until", clock_format(g.until, until));
	if (g.verdict == GATE_GO)
		add_request(n, &f, who, all, v);
	ledger_look_end(n->ledger);
	if (!n->quiet)
		print(v);
	value_free(v);
	buf_release(&f.transfer.request.body);
	buf_release(&f.transfer.request.headers);
}

static void
print_forecast(const struct engine *n, const struct forecast *all)
{
	struct value *v = value_new_object(), *sum = value_new_object();

	value_set_integer(sum, "messages", all->messages);
	value_set_integer(sum, "segments", all->segments);
	value_set_string(sum, "cost", all->cost);
	value_set_string(sum, "currency", config_string(n->config, "site",
	    NULL, "currency"));
	value_set_string(v, "account", n->name);
	value_set_take(v, "forecast", sum);
	if (!n->quiet)
		print(v);
	value_free(v);
}

size_t
dry_page(struct engine *n, struct due_place *p, struct arena *mem,
    const char *ids[PAGE])
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	size_t count = 0;

	r = ledger_select(n->ledger, "SELECT id, priority, due_at FROM message "
	    "WHERE channel = ? AND state = 'queued' AND due_at <= ? AND "
	    "(priority, due_at, id) > (?, ?, ?) ORDER BY priority, due_at, id "
	    "LIMIT 200", "ssiss", n->name, clock_format(clock_now(), now),
	    p->priority, p->due, p->id);
	while (count < PAGE && ledger_next(r)) {
		ids[count++] = arena_strdup(mem, ledger_text(r, 0));
		p->priority = ledger_int(r, 1);
		snprintf(p->due, sizeof(p->due), "%s", ledger_text(r, 2));
		snprintf(p->id, sizeof(p->id), "%s", ledger_text(r, 0));
	}
	ledger_end(r);
	return count;
}

static int
check_sign_in(const struct engine *n, struct credentials *who)
{
	struct error e;

	if (n->provider->sign_in == NULL || n->provider->sign_in(n->config,
	    n->provider_name, who, &e) == 0)
		return EX_OK;
	diag("channel %s: %s", n->name, e.text);
	return e.status;
}

int
dry_run(struct engine *n)
{
	struct credentials who = { .secret = BUF_INIT(4096) };
	struct forecast all = { .cost = "0.00",
	    .mem = ARENA_INIT((size_t)64 * 1024 * 1024) };
	struct arena keep = ARENA_INIT((size_t)16 * 1024 * 1024);
	struct due_place place = { .priority = -1 };
	const char *ids[PAGE];
	size_t count;
	int rc = check_sign_in(n, &who);

	n->who = &who;
	while (rc == EX_OK && !engine_is_stopping() &&
	    (count = dry_page(n, &place, &keep, ids)) > 0) {
		for (size_t i = 0; i < count; i++) {
			show(n, ids[i], &who, &all);
			arena_reset(&n->mem);
		}
		arena_reset(&keep);
	}
	if (rc == EX_OK)
		print_forecast(n, &all);
	n->who = NULL;
	if (who.secret.data != NULL)
		explicit_bzero(who.secret.data, who.secret.size);
	if (who.token.data != NULL)
		explicit_bzero(who.token.data, who.token.size);
	buf_release(&who.secret);
	buf_release(&who.token);
	arena_release(&keep);
	arena_release(&all.mem);
	return rc;
}
