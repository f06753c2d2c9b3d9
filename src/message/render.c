#include "render.h"

#include <string.h>

#include "base/clock.h"
#include "message/policy.h"
#include "message/segments.h"

#define TEXT_LIMIT	1600	/* characters of an SMS; Twilio's limit */

struct job {
	struct filter *filter;
	struct renderer *renderer;
	struct record *record;
	const struct template_set *set;
	const char *channel, *language;
	struct value *defaults;	/* of variables that the record lacks */
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

static enum part
main_part(const char *channel)
{
	if (strcmp(channel, "sms") == 0)
		return PART_SMS;
	if (strcmp(channel, "whatsapp") == 0)
		return PART_WHATSAPP;
	if (strcmp(channel, "voice") == 0)
		return PART_VOICE;
	return PART_TEXT;
}

/* Declared variables: required ones are there, types are right. */
static bool
check_variables(struct job *j)
{
	const struct value *vars = record_get(j->record, "vars"), *v;
	char field[TEMPLATE_NAME_MAX + 8];
	instant t;

	for (const struct variable *d = j->set->variables; d != NULL;
	    d = d->next) {
		snprintf(field, sizeof(field), "vars.%.100s", d->name);
		v = value_get(vars, d->name);
		if (v == NULL && d->fallback != NULL) {
			value_set_string(j->defaults, d->name, d->fallback);
			continue;
		}
		if (v == NULL && d->required) {
			filter_refuse(j->filter, j->record,
			    "missing_variable", field, "template %s: "
			    "variable %s is missing", j->set->name, d->name);
			return false;
		}
		if (v != NULL && d->type == VARIABLE_TIME &&
		    (value_string(v) == NULL ||
		    !clock_parse(value_string(v), &t))) {
			filter_refuse(j->filter, j->record, "bad_variable",
			    field, "template %s: variable %s is not a time",
			    j->set->name, d->name);
			return false;
		}
	}
	return true;
}

static bool
render_part(struct job *j, enum part part, bool fall_back, const char *field)
{
	const struct value *more[] = { j->defaults, j->renderer->site,
	    j->record->root };
	struct template_env env = { .vars = record_get(j->record, "vars"),
	    .more = more, .more_count = 3, .html = part == PART_HTML,
	    .one_line = part == PART_SUBJECT, .language = j->language };
	struct buf out = BUF_INIT(RECORD_MAX / 2);
	const struct template *t;
	const char *used, *fault;
	char name[TEMPLATE_NAME_MAX + 8];
	struct error e;
	int rc;

	t = templates_part(j->renderer->templates, j->set, j->language, part,
	    fall_back, &used);
	if (t == NULL)
		return true;
	/* Dates in the language of the part, and where the event is. */
	env.language = used;
	env.timezone = value_get_string(env.vars, "timezone");
	if (env.timezone == NULL)
		env.timezone = record_string(j->record, "timezone");
	if (env.timezone == NULL)
		env.timezone = config_string(j->renderer->config, "site",
		    NULL, "timezone");
	rc = template_render(t, &env, &out, &fault, &e);
	if (rc == -1) {
		snprintf(name, sizeof(name), "vars.%.100s",
		    fault == NULL ? "" : fault);
		filter_refuse(j->filter, j->record, "bad_variable",
		    fault == NULL ? "template" : name, "template %s", e.text);
	} else
		record_set_string(j->record, field, buf_text(&out));
	buf_release(&out);
	return rc == 0;
}

static bool
render_template(struct job *j)
{
	bool mail = strcmp(j->channel, "email") == 0;

	if (mail && !render_part(j, PART_SUBJECT, false, "subject"))
		return false;
	if (!render_part(j, main_part(j->channel), true, "text"))
		return false;
	if (mail && !render_part(j, PART_HTML, false, "html"))
		return false;
	if (record_string(j->record, "text") == NULL) {
		filter_refuse(j->filter, j->record, "missing_part",
		    "template", "template %s has no text for %s in %s",
		    j->set->name, j->channel, j->language);
		return false;
	}
	return true;
}

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static bool
count_segments(struct job *j, const char *account)
{
	const struct config *c = j->renderer->config;
	const char *text = record_string(j->record, "text");
	int64_t max = config_integer(c, "channel", account, "max_segments");
	struct segments s;

	if (characters(text) > TEXT_LIMIT || !segments_count(text, &s)) {
		filter_refuse(j->filter, j->record, "too_long", "text",
		    "%zu characters; an SMS has at most %d", characters(text),
		    TEXT_LIMIT);
		return false;
	}
	if (max > 0 && s.count > max) {
		filter_refuse(j->filter, j->record, "too_many_segments",
		    "text", "%d segments in %s, at most %lld are allowed%s%s",
		    s.count, s.encoding, (long long)max,
		    s.first_ucs2 >= 0 ? "; not in GSM-7: " : "",
		    s.first_ucs2 >= 0 ? s.offender : "");
		return false;
	}
	record_set_integer(j->record, "segments", s.count);
	record_set_string(j->record, "encoding", s.encoding);
	return true;
}

/* What it will cost: segments, or one message, times the channel's price. */
static void
forecast(struct job *j, const char *account)
{
	const struct config *c = j->renderer->config;
	int64_t n = 1;

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
	*account = record_string(j->record, "account");
	if (*account != NULL &&
	    config_has(j->renderer->config, "channel", *account))
		return true;
	filter_refuse(j->filter, j->record, "no_channel", "account",
	    "no configured channel is named; run omni-route first");
	return false;
}

static bool
load(struct job *j)
{
	const char *name = record_string(j->record, "template");
	const char *subject = record_string(j->record, "subject");
	struct error e;

	if (name == NULL) {
		if (subject != NULL && strpbrk(subject, "\r\n") != NULL) {
			filter_refuse(j->filter, j->record, "bad_subject",
			    "subject", "subject: has more than one line");
			return false;
		}
		if (record_string(j->record, "text") != NULL)
			return true;
		filter_refuse(j->filter, j->record, "no_text", "text",
		    "neither a template nor a text");
		return false;
	}
	j->set = templates_get(j->renderer->templates, name, &e);
	if (j->set == NULL) {
		templates_refuse(j->filter, j->record, &e);
		return false;
	}
	if (!j->set->active)
		filter_refuse(j->filter, j->record, "inactive_template",
		    "template", "template %s is not active", name);
	return j->set->active;
}

/* What no other program could read must not leave this one. */
static void
check_length(struct filter *f, struct record *r)
{
	struct buf line = BUF_INIT(4 * RECORD_MAX);
	bool fits;

	record_write(r, &line);
	fits = !line.full && line.len <= RECORD_MAX;
	buf_release(&line);
	if (fits)
		return;
	record_remove(r, "html");
	record_remove(r, "text");
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
	j.defaults = value_new_object();
	if (has_account(&j, &account) && load(&j) &&
	    (j.set == NULL || (check_variables(&j) && render_template(&j))) &&
	    (strcmp(j.channel, "sms") != 0 || count_segments(&j, account)))
		forecast(&j, account);
	value_free(j.defaults);
	check_length(f, r);
}
