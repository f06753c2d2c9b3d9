/* --check: channels of mail and their messages, looked at and not sent. */
#include "mail_check.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/output.h"
#include "message/attachment.h"

struct checker {
	struct engine *engine;
	struct dns *dns;	/* or NULL */
	const struct program *program;
	const struct provider *mime;	/* one that writes plain mail */
	struct mail_account account;	/* of the channel at hand */
	const char *id;			/* of the message; NULL: the channel */
	struct arena mem;
	size_t errors, unknown;
};

/* Telling */

static struct value *
new_line(struct checker *k, enum mail_level level, const char *field,
    const char *code, const char *text)
{
	struct value *v = value_new_object();

	if (k->id != NULL)
		value_set_string(v, "id", k->id);
	value_set_string(v, "channel", k->engine->type);
	value_set_string(v, "account", k->account.channel);
	value_set_string(v, "level", mail_level_name(level));
	value_set_string(v, "field", field);
	value_set_string(v, "code", code);
	value_set_string(v, "message", text);
	return v;
}

static void
print_take(struct checker *k, struct value *v)
{
	struct buf line = BUF_INIT(64 * 1024);

	if (!k->engine->quiet) {
		value_write(v, &line);
		output_put(&line);
		output_flush();
	}
	buf_release(&line);
	value_free(v);
}

static void
on_found(void *ctx, const struct mail_finding *f)
{
	struct checker *k = ctx;

	k->errors += f->level == MAIL_ERROR;
	if (k->id != NULL)
		diag("%.200s: %s: %s: %s", k->id, mail_level_name(f->level),
		    f->field, f->text);
	else
		diag("channel %s: %s: %s: %s", k->account.channel,
		    mail_level_name(f->level), f->field, f->text);
	print_take(k, new_line(k, f->level, f->field, f->code, f->text));
}

/*
 * What a function that builds requests said, "FIELD: reason", or of a setting
 * that is missing, a sentence.
 */
static void
tell_error(struct checker *k, const struct error *e, const char *code)
{
	const struct mail_report report = { on_found, k };
	size_t len = strspn(e->text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	char field[100];

	if (len == 0 || strncmp(e->text + len, ": ", 2) != 0) {
		mail_found(&report, MAIL_ERROR, k->id == NULL ? "provider" :
		    "message", code, "%s", e->text);
		return;
	}
	snprintf(field, sizeof(field), "%.*s", (int)len, e->text);
	mail_found(&report, MAIL_ERROR, field, code, "%s", e->text + len + 2);
}

/* Messages */

static const char *
class_of(const struct config *c, const struct record *r)
{
	const char *class = record_string(r, "class");
	const char *topic = record_string(r, "topic");

	if (class == NULL && topic != NULL)
		class = config_string(c, "topic", topic, "class");
	return class == NULL ? "transactional" : class;
}

/*
 * As its provider would have it, and as a mail, which may be another thing.
 * False, and it is told, where it cannot be built; what is wrong with the
 * configuration is told of the channel.
 */
static bool
build(struct checker *k, const struct record *r, struct request *out)
{
	const struct order o = { .id = k->id == NULL ? "check" : k->id,
	    .channel = k->account.channel, .provider = k->account.provider,
	    .attempt = 1, .to = record_string(r, "to"), .record = r,
	    .config = k->engine->config, .now = clock_now(),
	    .expires = INT64_MAX };
	const struct provider *own = provider_find(k->account.kind,
	    k->engine->type);
	struct error e;

	if (own != NULL && own->build != k->mime->build &&
	    own->build(&o, out, &e) == -1) {
		if (k->id == NULL || e.status != EX_CONFIG)
			tell_error(k, &e, "build");
		return false;
	}
	buf_clear(&out->body);
	buf_clear(&out->headers);
	if (k->mime->build(&o, out, &e) == 0)
		return true;
	if (k->id == NULL || e.status != EX_CONFIG)
		tell_error(k, &e, "build");
	return false;
}

static void
check_content(struct checker *k, const struct record *r)
{
	const struct mail_report report = { on_found, k };
	const struct config *c = k->engine->config;
	const char *class = class_of(c, r);
	struct request request = { .body = BUF_INIT(REQUEST_MAX),
	    .headers = BUF_INIT(HEADERS_MAX) };
	struct mail_content m = { .subject = record_string(r, "subject"),
	    .text = record_string(r, "text"),
	    .html = record_string(r, "html"),
	    .in_reply_to = record_string(r, "in_reply_to"),
	    .to_name = value_get_string(record_get(r, "contact"), "name"),
	    .class = class, .headers = record_get(r, "headers") };

	if (!config_has(c, "class", class))
		mail_found(&report, MAIL_ERROR, "class", "unknown_class",
		    "there is no [class %.60s]: nobody can tell whether it "
		    "must show how to unsubscribe", class);
	else
		m.can_opt_out = config_bool(c, "class", class, "unsubscribe");
	if (build(k, r, &request)) {
		m.message = buf_text(&request.body);
		m.len = request.body.len;
	}
	mail_check(&m, &report);
	buf_release(&request.body);
	buf_release(&request.headers);
}

static void
check_message(struct checker *k, const char *id)
{
	struct record r = RECORD_INIT;
	struct error e;

	k->id = id;
	ledger_look(k->engine->ledger);
	if (order_load(k->engine, id, &r, &e) == 0 &&
	    order_load_attachments(k->engine, &r, &e) == 0)
		check_content(k, &r);
	else
		tell_error(k, &e, "content");
	ledger_look_end(k->engine->ledger);
	record_release(&r);
	k->id = NULL;
	arena_reset(&k->engine->mem);
}

static void
check_due(struct checker *k)
{
	struct arena keep = ARENA_INIT((size_t)16 * 1024 * 1024);
	struct due_place place = { .priority = -1 };
	const char *ids[PAGE];
	size_t count;

	while ((count = dry_page(k->engine, &place, &keep, ids)) > 0) {
		for (size_t i = 0; i < count; i++)
			check_message(k, ids[i]);
		arena_reset(&keep);
	}
	arena_release(&keep);
}

/* Channels */

/* A mail that has nothing wrong with it: what is refused is ours. */
static void
check_build(struct checker *k)
{
	struct request request = { .body = BUF_INIT(REQUEST_MAX),
	    .headers = BUF_INIT(HEADERS_MAX) };
	struct record r = RECORD_INIT;

	record_new(&r);
	record_set_string(&r, "to", "check@example.com");
	record_set_string(&r, "subject", "check");
	record_set_string(&r, "text", "check");
	if (k->account.from != NULL)
		build(k, &r, &request);
	record_release(&r);
	buf_release(&request.body);
	buf_release(&request.headers);
}

static void
check_provider(struct checker *k)
{
	const struct mail_report report = { on_found, k };
	const struct provider *p = provider_find(k->account.kind,
	    k->engine->type);
	struct credentials who = { .secret = BUF_INIT(4096) };
	struct error e;
	int rc = 0;

	if (p == NULL) {
		mail_found(&report, MAIL_ERROR, "kind", "provider_kind",
		    "[provider %.60s]: a provider of kind %.60s does not "
		    "serve %s", k->account.provider, k->account.kind,
		    k->engine->type);
		return;
	}
	if (p->sign_in != NULL)
		rc = p->sign_in(k->engine->config, k->account.provider, &who,
		    &e);
	else if (config_string(k->engine->config, "provider",
	    k->account.provider, "password") != NULL)
		rc = config_secret(k->engine->config, "provider",
		    k->account.provider, "password", &who.secret, &e);
	if (rc == -1)
		tell_error(k, &e, "sign_in");
	if (who.secret.data != NULL)
		explicit_bzero(who.secret.data, who.secret.size);
	buf_release(&who.secret);
	check_build(k);
}

static enum mail_level
level_of(const struct dns_advice *d, enum dns_state state)
{
	switch (state) {
	case DNS_MISSING:
		return d->need == DNS_REQUIRED ? MAIL_ERROR :
		    d->need == DNS_RECOMMENDED ? MAIL_WARNING : MAIL_NOTE;
	case DNS_WRONG:
		return d->need == DNS_OPTIONAL ? MAIL_WARNING : MAIL_ERROR;
	case DNS_WEAK:
	case DNS_UNKNOWN:
		return MAIL_WARNING;
	case DNS_GOOD:
	case DNS_UNSURE:
	case DNS_NOT_ASKED:
	default:
		return MAIL_NOTE;
	}
}

static struct value *
dns_value(const struct dns_advice *d, const struct dns_result *r)
{
	static const char *const needs[] = {
		[DNS_REQUIRED] = "required",
		[DNS_RECOMMENDED] = "recommended", [DNS_OPTIONAL] = "optional"
	};
	struct value *v = value_new_object(), *found = value_new_array();

	value_set_string(v, "name", d->name);
	value_set_string(v, "type", d->type);
	value_set_string(v, "value", d->value);
	value_set_string(v, "need", needs[d->need]);
	value_set_string(v, "state", dns_state_name(r->state));
	for (size_t i = 0; i < r->found.count; i++)
		value_append_take(found, value_new_string(r->found.texts[i]));
	value_set_take(v, "found", found);
	return v;
}

static void
tell_dns(struct checker *k, const struct dns_advice *d,
    const struct dns_result *r)
{
	enum mail_level level = level_of(d, r->state);
	char text[2 * MAIL_FINDING_MAX];
	struct value *v;

	k->errors += level == MAIL_ERROR;
	k->unknown += r->state == DNS_UNKNOWN;
	snprintf(text, sizeof(text), "%s%s%s", r->text,
	    r->text[0] == '\0' ? "" : "; ", d->why);
	/* As it would stand in a zone file. */
	diag(strcmp(d->type, "TXT") == 0 ? "channel %s: %s: dns: %s %s "
	    "\"%s\": %s%s%s" : "channel %s: %s: dns: %s %s %s: %s%s%s",
	    k->account.channel, mail_level_name(level), d->name, d->type,
	    d->value, r->state == DNS_NOT_ASKED ? "" :
	    dns_state_name(r->state), r->state == DNS_NOT_ASKED ? "" : ": ",
	    text);
	v = new_line(k, level, "dns", d->code, text);
	value_set_take(v, "dns", dns_value(d, r));
	print_take(k, v);
}

/* Where the domain is a slip of the pen all the rest would be missing. */
static bool
is_domain_there(struct checker *k)
{
	const struct mail_report report = { on_found, k };
	const char *domain = mail_registered(k->account.domain);
	struct dns_answer a;

	dns_ask(k->dns, domain, "TXT", &k->mem, &a);
	if (a.status != DNS_NO_NAME)
		return true;
	mail_found(&report, MAIL_ERROR, "from", "from_unknown",
	    "%.100s: there is no such domain in DNS", domain);
	return false;
}

static void
check_dns(struct checker *k)
{
	struct dns_advice advice[DNS_ADVICE_MAX];
	size_t count = mail_dns_advise(&k->account, advice);
	bool ask = count > 0 && k->dns != NULL && is_domain_there(k);

	for (size_t i = 0; i < count; i++) {
		struct dns_result r = { .state = DNS_NOT_ASKED };

		if (ask)
			mail_dns_look(k->dns, &k->account, &advice[i],
			    &k->mem, &r);
		tell_dns(k, &advice[i], &r);
		arena_reset(&k->mem);
	}
}

static void
check_channel(struct checker *k)
{
	const struct mail_report report = { on_found, k };

	k->id = NULL;
	check_provider(k);
	mail_account_check(k->engine->config, &k->account, &report);
	check_dns(k);
	if (k->engine->ledger != NULL)
		check_due(k);
}

/* Whether it is one of those asked for; then it is the one at hand. */
static bool
take_channel(struct checker *k, const char *name)
{
	struct engine *n = k->engine;

	if (strcmp(config_string(n->config, "channel", name, "type"),
	    n->type) != 0 || !engine_is_wanted(k->program, name))
		return false;
	if (k->account.channel == NULL ||
	    strcmp(k->account.channel, name) != 0)
		mail_account_read(n->config, name, &k->account);
	n->name = name;
	n->provider_name = k->account.provider;
	return true;
}

static void
check_channels(struct checker *k)
{
	const char *name;

	for (size_t i = 0; (name = config_name(k->engine->config, "channel",
	    i)) != NULL; i++)
		if (take_channel(k, name))
			check_channel(k);
}

/* Standard input */

/* The record's own channel, or the first one where it names none. */
static bool
channel_of(struct checker *k, const struct record *r)
{
	const struct config *c = k->engine->config;
	const char *type = record_string(r, "channel");
	const char *account = record_string(r, "account"), *name;

	if (type != NULL && strcmp(type, k->engine->type) != 0)
		return false;
	/* The name that is kept is the configuration's. */
	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL; i++)
		if ((account == NULL || strcmp(name, account) == 0) &&
		    take_channel(k, name))
			return true;
	return false;
}

/* Files are read by omni-queue alone: here an empty one stands for each. */
static void
stand_in(struct record *r)
{
	struct attachment all[ATTACHMENTS_MAX];
	struct value *list, *v;
	struct error e;
	int count = attachments_read(r, all, &e);

	if (count <= 0)
		return;		/* what is wrong the writer of mails tells */
	list = value_new_array();
	for (size_t i = 0; i < (size_t)count; i++) {
		v = value_copy(value_at(record_get(r, "attachments"), i));
		if (all[i].data == NULL) {
			value_set_string(v, "data", "");
			value_set_string(v, "type", all[i].type);
			if (all[i].filename != NULL)
				value_set_string(v, "filename",
				    all[i].filename);
			value_remove(v, "path");
			value_remove(v, "content");
		}
		value_append_take(list, v);
	}
	record_set_take(r, "attachments", list);
}

static void
each(struct filter *f, struct record *r)
{
	struct checker *k = f->ctx;
	char line[32];

	if (!channel_of(k, r))
		return;
	k->id = record_string(r, "id");
	if (k->id == NULL) {
		snprintf(line, sizeof(line), "line %ju", f->line);
		k->id = line;
	}
	stand_in(r);
	check_content(k, r);
	k->id = NULL;
}

static int
check_input(struct checker *k)
{
	/* What it finds is the output: the records are not. */
	struct filter f = { .stage = "check", .each = each, .batch = 1,
	    .quiet = true, .ctx = k };

	return filter_run(&f);
}

/* It changes nothing, and a site that is being set up has no ledger yet. */
static void
open_ledger(struct engine *n)
{
	struct error e;

	n->ledger = ledger_open(config_path(n->config, "paths", NULL,
	    "ledger"), LEDGER_READ, &e);
	if (n->ledger == NULL && e.status != EX_UNAVAILABLE)
		die(e.status, "%s", e.text);
	if (n->ledger == NULL)
		diag("%s: no messages were looked at", e.text);
}

int
mail_check_run(struct engine *n, const struct program *p)
{
	struct checker k = { .engine = n, .program = p,
	    .mime = provider_find("maildir", n->type),
	    .mem = ARENA_INIT((size_t)16 * 1024 * 1024) };
	bool input = p->argc > 0 && engine_is_wanted(p, "-");
	int rc = EX_OK;
	struct error e;

	if (n->ask_dns) {
		k.dns = dns_open(n->dns_server, &e);
		if (k.dns == NULL)
			die(e.status, "%s", e.text);
	}
	if (input)
		rc = check_input(&k);
	else {
		open_ledger(n);
		check_channels(&k);
		ledger_close(n->ledger);
	}
	dns_close(k.dns);
	arena_release(&k.mem);
	if (rc != EX_OK && rc != EX_REFUSED)
		return rc;
	return k.errors > 0 || rc != EX_OK ? EX_REFUSED :
	    k.unknown > 0 ? EX_TEMPFAIL : EX_OK;
}
