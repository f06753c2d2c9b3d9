#include "lint_impl.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/zone.h"
#include "message/htmlcheck.h"
#include "message/links.h"
#include "message/render.h"
#include "message/sms.h"
#include "message/segments.h"
#include "message/variables.h"
#include "message/whatsapp.h"

/*
 * Renderings, with the examples of meta.conf and as strict as for a reader.
 */
#define PART_BYTES	(RECORD_MAX / 2)
#define WITHOUT_MAX	32	/* variables that are left out one by one */
#define SUBJECT_MAX	78	/* characters: RFC 5322, 2.1.1 */
#define STAND_IN_URL	"https://clinic.example/omni"
#define DAY		86400
#define SCOPES		4
#define WHY_MAX		128	/* bytes of what is put in front */

/* What a record lacks in one rendering. */
struct lack {
	const struct variable *variable;	/* this one; NULL: none, or */
	bool all;				/* all that it may lack */
	char text[WHY_MAX];	/* "without service: ", or "" */
};

struct try {
	struct lint *lint;
	const struct lack *lack;
	const char *language;
	bool failed[PART_MAX];	/* told once of each part */
	struct value *vars, *site, *links;
	struct record record;
	const struct value *scopes[SCOPES];
	struct template_env env;
};

/* What there is to render with. */

static struct value *
example_vars(const struct try *t)
{
	struct value *vars = value_new_object();

	for (const struct variable *v = t->lint->set->meta->variables;
	    v != NULL; v = v->next)
		if (v->example != NULL && v != t->lack->variable &&
		    (v->required || !t->lack->all))
			value_set_take(vars, v->name, value_copy(v->example));
	return vars;
}

/* As it is configured; and unless all is to lack, with what is not. */
static struct value *
site_values(const struct try *t)
{
	static const char *const stand_ins[][2] = { { "name", "Clinica" },
	    { "emergency", "55 5000 0000" }, { "public_url", STAND_IN_URL } };
	struct value *outer = render_site(t->lint->config), *inner;

	if (t->lack->all)
		return outer;
	inner = value_copy(value_get(outer, "site"));
	for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++)
		if (value_get(inner, stand_ins[i][0]) == NULL)
			value_set_string(inner, stand_ins[i][0],
			    stand_ins[i][1]);
	value_set_take(outer, "site", inner);
	return outer;
}

/*
 * As long as real ones.  The key is not read: whoever checks templates need
 * not be able to sign links, and what is printed here goes nowhere.
 */
static struct value *
links_values(const struct try *t)
{
	const char *url = config_string(t->lint->config, "site", NULL,
	    "public_url");
	struct links l = { .key = BUF_INIT(LINKS_KEY_MAX), .on = true,
	    .ttl = config_duration(t->lint->config, "links", NULL, "ttl") };
	struct value *v;

	if (t->lack->all && (url == NULL || config_string(t->lint->config,
	    "links", NULL, "key") == NULL))
		return NULL;
	buf_str(&l.key, "good for nothing but its length");
	snprintf(l.base, sizeof(l.base), "%s", url == NULL ? STAND_IN_URL :
	    url);
	v = links_vars(&l, &t->record);
	links_release(&l);
	return v;
}

static void
add_contact(struct try *t)
{
	struct value *v = value_new_object();

	if (!t->lack->all) {
		value_set_string(v, "id", "c-1042");
		value_set_string(v, "name", "Rosa María Pérez");
		value_set_string(v, "email", "rosa@example.com");
		value_set_string(v, "phone", "+525512345678");
		value_set_string(v, "whatsapp", "+525512345678");
		value_set_string(v, "language", t->language);
		value_set_string(v, "timezone", t->env.timezone);
	}
	record_set_take(&t->record, "contact", v);
}

/* A step of a reminder, with an id as long as they are. */
static void
make_record(struct try *t)
{
	const struct meta *m = t->lint->set->meta;
	struct value *v;

	record_new(&t->record);
	record_set_string(&t->record, "id", "appointment-1042.r1/1");
	record_set_string(&t->record, "type", "appointment_reminder");
	record_set_string(&t->record, "template", t->lint->set->name);
	record_set_string(&t->record, "class", m->class == NULL ?
	    "transactional" : m->class);
	if (m->topic != NULL)
		record_set_string(&t->record, "topic", m->topic);
	record_set_string(&t->record, "priority", "normal");
	record_set_string(&t->record, "language", t->language);
	record_set_string(&t->record, "timezone", t->env.timezone);
	record_set_string(&t->record, "not_before", "2026-11-23T16:30:00Z");
	record_set_string(&t->record, "expires_at", "2026-11-24T16:30:00Z");
	record_set_string(&t->record, "to", "+525512345678");
	v = value_new_object();
	value_set_string(v, "id", "appointment-1042");
	value_set_integer(v, "revision", 1);
	record_set_take(&t->record, "reminder", v);
	v = value_new_object();
	value_set_string(v, "type", "appointment");
	value_set_string(v, "id", "1042");
	record_set_take(&t->record, "related", v);
	add_contact(t);
}

/* A local time is as good as any: it is the same every year. */
static bool
read_time(const char *s, const char *zone, instant *out)
{
	char text[24];
	struct civil c;

	if (s == NULL)
		return false;
	if (clock_parse(s, out))
		return true;
	snprintf(text, sizeof(text), "%sT12:00", s);
	return (civil_parse(s, &c) || (strlen(s) == 10 &&
	    civil_parse(text, &c))) && zone_from_local(zone, &c, out);
}

/* A day before the first time that is told of. */
static instant
moment(const struct try *t)
{
	instant at, first = 0;
	bool found = false;

	for (const struct variable *v = t->lint->set->meta->variables;
	    v != NULL; v = v->next) {
		if ((v->type != VARIABLE_TIME && v->type != VARIABLE_DATE) ||
		    !read_time(value_string(v->example), t->env.timezone,
		    &at) || (found && at >= first))
			continue;
		first = at;
		found = true;
	}
	return found ? first - DAY : clock_now();
}

static const char *
time_zone(const struct try *t)
{
	const char *zone = value_get_string(t->vars, "timezone");

	return zone != NULL ? zone : config_string(t->lint->config, "site",
	    NULL, "timezone");
}

/* False when the examples themselves do not do. */
static bool
begin(struct try *t)
{
	struct lint *l = t->lint;
	struct value *raw = example_vars(t);
	struct misfit why;

	t->vars = variables_fill(l->set, raw, &why);
	if (t->vars == NULL) {
		lint_add_error(l, LINT_ERROR, l->meta, &why.error,
		    t->lack->text);
		value_free(raw);
		return false;
	}
	t->env = (struct template_env){ .scopes = t->scopes,
	    .scope_count = SCOPES, .language = t->language,
	    .loader = templates_loader(l->set, t->language),
	    .timezone = time_zone(t),
	    .currency = config_string(l->config, "site", NULL, "currency") };
	t->env.now = moment(t);
	make_record(t);
	t->site = site_values(t);
	t->links = links_values(t);
	record_set_take(&t->record, "vars", raw);
	t->scopes[0] = t->vars;
	t->scopes[1] = t->site;
	t->scopes[2] = t->links;
	t->scopes[3] = t->record.root;
	return true;
}

static void
end(struct try *t)
{
	value_free(t->vars);
	value_free(t->site);
	value_free(t->links);
	record_release(&t->record);
}

/* What is looked at in a text. */

static bool
is_plain(const struct try *t)
{
	return t->lack->variable == NULL && !t->lack->all;
}

static void
check_subject(const struct try *t, const char *file, const char *text)
{
	const char *source = templates_source(t->lint->set, t->language,
	    PART_SUBJECT);
	size_t count = utf8_count(text, strlen(text));

	if (count > SUBJECT_MAX)
		lint_add(t->lint, LINT_WARNING, file, 0, 0, "%zu characters; "
		    "readers show no more than %d", count, SUBJECT_MAX);
	if (strchr(source, '\n') != NULL)
		lint_add(t->lint, LINT_WARNING, file, 2, 0,
		    "more than one line; they become one");
}

static void
check_whatsapp(struct try *t, const char *file, enum part part,
    const char *text)
{
	struct whatsapp_message m = { .record = &t->record, .text = text,
	    .set = t->lint->set, .language = t->language, .env = &t->env };
	struct value *content;
	struct misfit why;

	t->env.html = t->env.one_line = false;
	content = whatsapp_content(&m, &why);
	if (content == NULL) {
		t->failed[part] = true;
		lint_add_error(t->lint, LINT_ERROR, strncmp(why.field,
		    "whatsapp.", 9) == 0 ? t->lint->meta : file, &why.error,
		    t->lack->text);
	}
	value_free(content);
}

/* Whether this part is what goes out on that channel, in this language. */
static bool
becomes(const struct try *t, enum part part, enum part channel)
{
	return lint_is_sent_by(t->lint, part_name(channel)) &&
	    lint_text_part(t->lint, t->language, channel) == part;
}

static void
check_text(struct try *t, const char *file, enum part part, const char *text)
{
	size_t before = t->lint->here.count;

	if (*text == '\0') {
		lint_add(t->lint, part == PART_SUBJECT ? LINT_WARNING :
		    LINT_ERROR, file, 0, 0, "%sis empty", t->lack->text);
		t->failed[part] = true;
		return;
	}
	if (part == PART_HTML)
		lint_html(t->lint, file, text, t->lack->text);
	/* The longest is the one in which nothing lacks. */
	if (is_plain(t) && part == PART_SUBJECT)
		check_subject(t, file, text);
	if (is_plain(t) && becomes(t, part, PART_SMS))
		lint_sms(t->lint, file, text);
	if (becomes(t, part, PART_WHATSAPP))
		check_whatsapp(t, file, part, text);
	if (part == PART_HTML && t->lint->here.count > before)
		t->failed[part] = true;
}

static void
try_part(struct try *t, enum part part)
{
	const struct template *template = templates_own_part(t->lint->set,
	    t->language, part);
	struct buf out = BUF_INIT(PART_BYTES);
	struct misfit why;

	if (template == NULL || t->failed[part] ||
	    lint_has_error(t->lint, template_name(template)))
		return;
	if (render_part(template, &t->env, part, &out, &why) == 0)
		check_text(t, template_name(template), part, buf_text(&out));
	else {
		t->failed[part] = true;
		lint_add_error(t->lint, LINT_ERROR, template_name(template),
		    &why.error, t->lack->text);
	}
	buf_release(&out);
}

static void
try_with(struct try *t, const struct lack *lack)
{
	t->lack = lack;
	if (!begin(t))
		return;
	for (enum part p = 0; p < PART_MAX; p++)
		try_part(t, p);
	end(t);
}

static void
try_language(struct lint *l, const char *language)
{
	struct try t = { .lint = l, .language = language };
	struct lack lack = { .text = "" };
	size_t count = 0;

	try_with(&t, &lack);
	for (const struct variable *v = l->set->meta->variables; v != NULL;
	    v = v->next) {
		if (v->required || v->example == NULL ||
		    count++ == WITHOUT_MAX)
			continue;
		lack.variable = v;
		snprintf(lack.text, sizeof(lack.text), "without %s: ",
		    v->name);
		try_with(&t, &lack);
	}
	lack = (struct lack){ .all = true,
	    .text = "without all that may be missing: " };
	try_with(&t, &lack);
}

/* False: there is nothing to render with. */
static bool
check_examples(struct lint *l)
{
	bool good = true;

	for (const struct variable *v = l->set->meta->variables; v != NULL;
	    v = v->next) {
		if (v->example != NULL || (!v->required &&
		    v->fallback != NULL))
			continue;
		lint_add(l, v->required ? LINT_ERROR : LINT_WARNING, l->meta,
		    (size_t)v->line, 0, "%s: has no example to try it with",
		    v->name);
		good = good && !v->required;
	}
	return good;
}

void
lint_try(struct lint *l)
{
	const char *language;

	if (!check_examples(l))
		return;
	for (size_t i = 0; (language = templates_language(l->set, i)) != NULL;
	    i++)
		try_language(l, language);
}

/* Text messages. */

/* `account` NULL: as it is, and by the rule of a channel that sets nothing. */
static void
check_segments(struct lint *l, const char *file, const char *text,
    const char *account)
{
	int64_t max = config_integer(l->config, "channel", account == NULL ?
	    "sms" : account, "max_segments");
	struct arena mem = ARENA_INIT(64 * RECORD_MAX);
	struct buf why = BUF_INIT(900);
	struct segments s;
	size_t count;
	bool counted;

	counted = segments_count(text, &s);
	if (account != NULL && (!counted || s.first_ucs2 >= 0)) {
		text = sms_rewrite(text, l->config, account, NULL, &mem);
		counted = segments_count(text, &s);
	}
	count = utf8_count(text, strlen(text));
	if (!counted || count > SMS_TEXT_MAX)
		lint_add(l, LINT_ERROR, file, 0, 0, "%zu characters; an SMS "
		    "has at most %d", count, SMS_TEXT_MAX);
	else if (s.count > 1) {
		sms_blame(text, &why, &mem);
		lint_add(l, max > 0 && s.count > max ? LINT_ERROR :
		    LINT_WARNING, file, 0, 0, "%d segments of %s%s%s, of at "
		    "most %" PRId64 "%s", s.count, s.encoding,
		    account == NULL ? "" : " on the channel ",
		    account == NULL ? "" : account, max, buf_text(&why));
	}
	buf_release(&why);
	arena_release(&mem);
}

void
lint_sms(struct lint *l, const char *file, const char *text)
{
	const char *account;
	bool found = false;

	for (size_t i = 0; (account = config_name(l->config, "channel", i)) !=
	    NULL; i++) {
		if (strcmp(config_string(l->config, "channel", account,
		    "type"), "sms") != 0)
			continue;
		check_segments(l, file, text, account);
		found = true;
	}
	if (!found)
		check_segments(l, file, text, NULL);
}

/* HTML. */

struct html {
	struct lint *lint;
	const char *file, *text, *before;
	size_t len;
};

/* The lines are those of what was rendered, and not of the file. */
static void
tell_html(void *ctx, const struct html_fault *f)
{
	const struct html *h = ctx;
	struct error e;

	error_set(&e, EX_CONFIG, "line %zu, column %zu of the HTML: %s",
	    f->line, f->column, f->text);
	error_excerpt(&e, h->text, h->len, f->at);
	lint_add_error(h->lint, f->warning ? LINT_WARNING : LINT_ERROR,
	    h->file, &e, h->before);
}

void
lint_html(struct lint *l, const char *file, const char *text,
    const char *before)
{
	struct html h = { .lint = l, .file = file, .text = text,
	    .before = before, .len = strlen(text) };

	html_check(text, h.len, tell_html, &h);
}
