#include "render.h"

#include <string.h>

#include "base/text.h"
#include "message/html.h"
#include "message/mailhead.h"
#include "message/policy.h"
#include "message/sms.h"
#include "message/variables.h"
#include "message/whatsapp.h"

#define PART_BYTES	(RECORD_MAX / 2)	/* of a rendered part */
#define SCOPES		4
#define SPARE		(64 * 1024)	/* for all that is not a text */

struct job {
	struct filter *filter;
	struct renderer *renderer;
	struct record *record;
	const char *channel, *language;
	/* With a template: */
	const struct template_set *set;
	struct value *vars;		/* filled */
	struct value *links;
	const struct value *scopes[SCOPES];
	struct template_env env;
	const char *used;		/* language of the text */
};

struct value *
render_site(const struct config *c)
{
	static const char *const keys[] = { "name", "emergency",
	    "public_url", "language", "timezone" };
	struct value *inner = value_new_object(), *outer = value_new_object();
	const char *s;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		s = config_string(c, "site", NULL, keys[i]);
		if (s != NULL)
			value_set_string(inner, keys[i], s);
	}
	value_set_take(outer, "site", inner);
	return outer;
}

enum part
render_main_part(const char *channel)
{
	static const enum part parts[] = { PART_SMS, PART_WHATSAPP, PART_VOICE,
	    PART_PUSH };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(channel, part_name(parts[i])) == 0)
			return parts[i];
	return PART_TEXT;
}

/* Tags leave lines of blanks, which a subject must not have. */
static void
make_one_line(struct buf *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->len; i++) {
		if (strchr(" \t\r\n", b->data[i]) == NULL)
			b->data[kept++] = b->data[i];
		else if (kept > 0 && b->data[kept - 1] != ' ')
			b->data[kept++] = ' ';
	}
	b->len = kept;
	if (b->data != NULL)
		b->data[kept] = '\0';
}

static void
trim(struct buf *b)
{
	size_t start = strspn(buf_text(b), " \t\r\n");

	while (b->len > start && strchr(" \t\r\n", b->data[b->len - 1]) != NULL)
		b->len--;
	b->len -= start;
	if (b->data == NULL)
		return;
	memmove(b->data, b->data + start, b->len);
	b->data[b->len] = '\0';
}

int
render_part(const struct template *t, struct template_env *env,
    enum part part, struct buf *out, struct misfit *why)
{
	const char *fault;
	struct error e;

	env->html = part == PART_HTML;
	env->one_line = part == PART_SUBJECT;
	if (template_render(t, env, out, &fault, &e) == -1)
		return misfit_render(why, fault, &e);
	if (part == PART_SUBJECT)
		make_one_line(out);
	trim(out);
	return 0;
}

/* Where the event takes place, else where the reader is. */
static const char *
time_zone(const struct job *j)
{
	const char *zone = value_get_string(j->vars, "timezone");

	if (zone == NULL)
		zone = record_string(j->record, "timezone");
	return zone != NULL ? zone :
	    config_string(j->renderer->config, "site", NULL, "timezone");
}

/* When it will be read: what waits for the morning must not say "tomorrow". */
static instant
reading_time(const struct job *j)
{
	const char *from = record_string(j->record, "not_before");
	instant t, now = clock_now();

	return from != NULL && clock_parse(from, &t) && t > now ? t : now;
}

static void
set_environment(struct job *j)
{
	j->links = links_vars(&j->renderer->links, j->record);
	j->scopes[0] = j->vars;
	j->scopes[1] = j->renderer->site;
	j->scopes[2] = j->links;
	j->scopes[3] = j->record->root;
	j->env = (struct template_env){ .scopes = j->scopes,
	    .scope_count = SCOPES,
	    .timezone = time_zone(j), .now = reading_time(j),
	    .currency = config_string(j->renderer->config, "site", NULL,
	    "currency") };
}

/* *used stays NULL when there is no such part, or when it gives nothing. */
static bool
add_part(struct job *j, enum part part, bool fall_back, const char *field,
    const char **used)
{
	struct buf out = BUF_INIT(PART_BYTES);
	const struct template *t;
	struct misfit why;
	int rc;

	*used = NULL;
	t = templates_part(j->renderer->templates, j->set, j->language, part,
	    fall_back, used);
	if (t == NULL)
		return true;
	/* Dates in the language of the part, whatever the reader's is. */
	j->env.language = *used;
	j->env.loader = templates_loader(j->set, *used);
	rc = render_part(t, &j->env, part, &out, &why);
	if (rc == 0 && out.len == 0)
		*used = NULL;
	else if (rc == 0)
		record_set_string(j->record, field, buf_text(&out));
	else
		misfit_refuse(j->filter, j->record, &why);
	buf_release(&out);
	return rc == 0;
}

/* Of a mail that has none. */
static void
make_html(struct job *j)
{
	const char *subject = record_string(j->record, "subject");
	struct buf out = BUF_INIT(PART_BYTES);

	html_from_text(record_string(j->record, "text"), j->used,
	    subject == NULL ? "" : subject, &out);
	if (out.full)
		record_remove(j->record, "html");
	else
		record_set_string(j->record, "html", buf_text(&out));
	buf_release(&out);
}

static bool
has_text(struct job *j)
{
	const char *used;

	if (j->used != NULL)
		return true;
	if (templates_part(j->renderer->templates, j->set, j->language,
	    render_main_part(j->channel), true, &used) == NULL)
		filter_refuse(j->filter, j->record, "missing_part",
		    "template", "template %s has no text for %s in %s",
		    j->set->name, j->channel, j->language);
	else
		filter_refuse(j->filter, j->record, "empty_text", "template",
		    "template %s gives no text for %s in %s", j->set->name,
		    j->channel, used);
	return false;
}

/* The subject of a mail, the title of a notice: it may be missing. */
static bool
add_subject(struct job *j)
{
	const char *used;

	if (!add_part(j, PART_SUBJECT, false, "subject", &used))
		return false;
	if (used != NULL)
		return true;
	if (templates_part(j->renderer->templates, j->set, j->language,
	    PART_SUBJECT, false, &used) == NULL) {
		record_remove(j->record, "subject");
		return true;
	}
	filter_refuse(j->filter, j->record, "empty_text", "template",
	    "template %s gives no subject in %s", j->set->name, used);
	return false;
}

static bool
render_template(struct job *j)
{
	bool mail = strcmp(j->channel, "email") == 0;
	bool push = strcmp(j->channel, "push") == 0;
	const char *used;

	if ((mail || push) && !add_subject(j))
		return false;
	if (!add_part(j, render_main_part(j->channel), true, "text", &j->used) ||
	    !has_text(j))
		return false;
	if (!mail)
		return true;
	if (!add_part(j, PART_HTML, false, "html", &used))
		return false;
	if (used == NULL || strcmp(used, j->used) != 0)
		make_html(j);
	return true;
}

static const struct template_set *
find_template(struct job *j)
{
	const char *name = record_string(j->record, "template");
	const struct template_set *set;
	struct error e;

	if (!j->renderer->preview)
		return templates_for(j->renderer->templates, j->filter,
		    j->record);
	set = templates_get(j->renderer->templates, name, &e);
	if (set == NULL)
		templates_refuse(j->filter, j->record, &e);
	return set;
}

static bool
fill_template(struct job *j)
{
	struct misfit why;

	j->set = find_template(j);
	if (j->set == NULL)
		return false;
	j->vars = variables_fill(j->set, record_get(j->record, "vars"), &why);
	if (j->vars == NULL) {
		misfit_refuse(j->filter, j->record, &why);
		return false;
	}
	set_environment(j);
	return render_template(j);
}

/* A subject is held to what a template's is; a text is its sender's. */
static bool
check_own(struct job *j, const char *field, bool one_line, const char *code)
{
	const struct value *v = record_get(j->record, field);
	const char *s = value_string(v), *fault = NULL;

	if (v == NULL || value_type(v) == VALUE_NULL)
		return true;
	if (s == NULL)
		fault = "is not a text";
	else if (one_line)
		fault = text_fault(s, strlen(s), one_line);
	if (fault != NULL)
		filter_refuse(j->filter, j->record, code, field, "%s %s",
		    field, fault);
	return fault == NULL;
}

/* A message without a template brings its own text. */
static bool
check_own_text(struct job *j)
{
	const char *text;

	if (!check_own(j, "subject", true, "bad_subject") ||
	    !check_own(j, "text", false, "bad_text") ||
	    !check_own(j, "html", false, "bad_text"))
		return false;
	text = record_string(j->record, "text");
	if (text != NULL && !text_is_blank(text, strlen(text)))
		return true;
	filter_refuse(j->filter, j->record, text == NULL ? "no_text" :
	    "empty_text", "text", text == NULL ?
	    "neither a template nor a text" : "the text is empty");
	return false;
}

static void
remove_fields(struct record *r, const char *const *fields)
{
	for (; *fields != NULL; fields++)
		if (record_get(r, *fields) != NULL)
			record_remove(r, *fields);
}

/*
 * What another message, or an earlier run, left behind must not be sent.  What
 * is made again stays until then, in its place.
 */
static void
remove_foreign(const struct job *j, bool has_template)
{
	bool mail = strcmp(j->channel, "email") == 0;

	if (strcmp(j->channel, "sms") != 0)
		remove_fields(j->record, (const char *const[]){ "segments",
		    "encoding", "ucs2", "replaced", NULL });
	if (strcmp(j->channel, "whatsapp") != 0)
		remove_fields(j->record, (const char *const[]){ "whatsapp",
		    NULL });
	if (strcmp(j->channel, "voice") != 0)
		remove_fields(j->record, (const char *const[]){ "voice",
		    NULL });
	if (has_template && !mail)
		remove_fields(j->record, (const char *const[]){ "html",
		    NULL });
	if (has_template && !mail && strcmp(j->channel, "push") != 0)
		remove_fields(j->record, (const char *const[]){ "subject",
		    NULL });
}

static bool
make_content(struct job *j)
{
	const struct value *name = record_get(j->record, "template");
	enum value_type type = value_type(name);

	if (type == VALUE_ABSENT || type == VALUE_NULL) {
		remove_foreign(j, false);
		return check_own_text(j);
	}
	if (type != VALUE_STRING) {
		filter_refuse(j->filter, j->record, "bad_template", "template",
		    "template is %s, not a name", value_type_name(type));
		return false;
	}
	remove_foreign(j, true);
	return fill_template(j);
}

static bool
add_whatsapp(struct job *j)
{
	struct whatsapp_message m = { .record = j->record, .set = j->set,
	    .text = record_string(j->record, "text"), .language = j->used,
	    .env = &j->env };
	struct misfit why;
	struct value *content;

	j->env.html = j->env.one_line = false;
	content = whatsapp_content(&m, &why);
	if (content == NULL)
		misfit_refuse(j->filter, j->record, &why);
	else
		record_set_take(j->record, "whatsapp", content);
	return content != NULL;
}

/*
 * A voice reads the text in the language that it is in, which need not be the
 * reader's.  A text of the sender's own is in the language of the record.
 */
static void
add_voice(struct job *j)
{
	struct value *v;

	if (j->used == NULL) {
		remove_fields(j->record, (const char *const[]){ "voice",
		    NULL });
		return;
	}
	v = value_new_object();
	value_set_string(v, "language", j->used);
	record_set_take(j->record, "voice", v);
}

/* What a tap on the notice opens; the caller's own comes before ours. */
static void
add_link(struct job *j)
{
	const char *confirm = value_string(value_path(j->links,
	    "links.confirm"));
	const char *notice = value_get_string(record_get(j->record,
	    "reminder"), "notice");

	/* What is cancelled cannot be confirmed. */
	if (notice != NULL && strcmp(notice, "cancelled") == 0)
		return;
	if (confirm != NULL && record_get(j->record, "link") == NULL &&
	    value_get_string(record_get(j->record, "reminder"), "id") != NULL)
		record_set_string(j->record, "link", confirm);
}

/* What one channel needs beside its text. */
static bool
add_channel(struct job *j, const char *account)
{
	if (strcmp(j->channel, "sms") == 0)
		return sms_prepare(j->filter, j->record, j->renderer->config,
		    account);
	if (strcmp(j->channel, "whatsapp") == 0)
		return add_whatsapp(j);
	if (strcmp(j->channel, "voice") == 0)
		add_voice(j);
	if (strcmp(j->channel, "push") == 0)
		add_link(j);
	return true;
}

/* What it will cost: segments, or one message, times the channel's price. */
static void
forecast(struct job *j, const char *account)
{
	const struct config *c = j->renderer->config;
	int64_t n = 1;

	if (strcmp(j->channel, "sms") == 0)
		value_integer(record_get(j->record, "segments"), &n);
	record_set_string(j->record, "cost", decimal_multiply(
	    config_string(c, "channel", account, "cost"), n,
	    &j->filter->mem));
	record_set_string(j->record, "currency",
	    config_string(c, "site", NULL, "currency"));
}

static bool
has_account(struct job *j, const char **account)
{
	const char *type;

	*account = record_string(j->record, "account");
	if (*account != NULL && j->renderer->preview)
		return true;
	type = *account == NULL ? NULL : config_string(j->renderer->config,
	    "channel", *account, "type");
	if (type == NULL)
		filter_refuse(j->filter, j->record, "no_channel", "account",
		    "no configured channel is named; run omni-route first");
	else if (strcmp(type, j->channel) != 0)
		filter_refuse(j->filter, j->record, "no_channel", "account",
		    "[channel %s] is for %s, not for %s", *account, type,
		    j->channel);
	else
		return true;
	return false;
}

/* The most that a string can take in JSON: a control character, six bytes. */
static size_t
most_bytes(const struct record *r, const char *key)
{
	const char *s = record_string(r, key);

	return s == NULL ? 0 : 6 * strlen(s);
}

/* What no other program could read must not leave this one. */
static void
check_length(struct filter *f, struct record *r)
{
	struct buf line = BUF_INIT(4 * RECORD_MAX);
	bool fits;

	/* WhatsApp's object has the text twice more. */
	if (r->len + 3 * most_bytes(r, "text") + most_bytes(r, "html") +
	    most_bytes(r, "subject") + SPARE <= RECORD_MAX)
		return;
	record_write(r, &line);
	fits = !line.full && line.len <= RECORD_MAX;
	buf_release(&line);
	if (fits)
		return;
	record_remove(r, "html");
	record_remove(r, "text");
	record_remove(r, "whatsapp");
	filter_refuse(f, r, "too_long", "text", "with its content the record "
	    "would be longer than %d bytes", RECORD_MAX);
}

void
render_record(struct filter *f, struct record *r)
{
	struct job j = { .filter = f, .renderer = f->ctx, .record = r };
	const char *account;

	j.channel = record_string(r, "channel");
	if (j.channel != NULL && strcmp(j.channel, "staff") == 0)
		return;
	if (j.channel == NULL) {
		filter_refuse(f, r, "no_channel", "channel",
		    "no channel is chosen; run omni-route first");
		return;
	}
	j.language = record_string(r, "language");
	if (j.language == NULL)
		j.language = config_string(j.renderer->config, "site", NULL,
		    "language");
	if (has_account(&j, &account) && make_content(&j) &&
	    add_channel(&j, account) &&
	    mail_headers_set(f, r, &j.renderer->links, j.renderer->config,
	    j.set == NULL ? NULL : j.set->meta))
		forecast(&j, account);
	value_free(j.links);
	value_free(j.vars);
	check_length(f, r);
}
