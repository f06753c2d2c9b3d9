#include "preview_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/zone.h"
#include "message/render.h"

#define STAND_IN_NAME	"Clinica Ejemplo"
#define STAND_IN_URL	"https://clinic.example/omni"
#define MEMORY_MAX	((size_t)64 * 1024 * 1024)
#define DAY		86400

/* What is taken for settings that are not there. */
static const struct {
	const char *key, *value;
} stand_ins[] = {
	{ "name", STAND_IN_NAME },
	{ "emergency", "55 5000 0000" },
	{ "public_url", STAND_IN_URL }
};

struct walk {
	struct preview *preview;
	const struct preview_writer *writer;
	struct renderer renderer;
	struct buf stand_ins;
	struct value *vars;		/* of the template at hand */
	const char *zone;
	instant started;
	bool was_fixed;
	struct arena mem;		/* of the template */
	struct arena message_mem;
};

const char *
preview_site_name(const struct preview *p)
{
	const char *s = config_string(p->config, "site", NULL, "name");

	return s == NULL ? STAND_IN_NAME : s;
}

/* Set-up */

static void
add_stand_in(struct walk *w, const char *name)
{
	buf_printf(&w->stand_ins, "%s%s", w->stand_ins.len == 0 ? "" : ", ",
	    name);
}

static void
fill_site(struct walk *w)
{
	const struct value *site;
	struct value *filled, *outer;

	outer = render_site(w->preview->config);
	site = value_get(outer, "site");
	filled = value_copy(site);
	for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++) {
		if (value_get(site, stand_ins[i].key) != NULL)
			continue;
		value_set_string(filled, stand_ins[i].key,
		    stand_ins[i].value);
		buf_str(&w->stand_ins, w->stand_ins.len == 0 ? "" : ", ");
		buf_printf(&w->stand_ins, "site.%s", stand_ins[i].key);
	}
	value_set_take(outer, "site", filled);
	w->renderer.site = outer;
}

/*
 * As long as real ones, which counts in a text message, and good for nothing:
 * the key is not read, and whoever may look need not be able to.
 */
static void
make_links(struct walk *w)
{
	struct links *l = &w->renderer.links;
	const char *url = config_string(w->preview->config, "site", NULL,
	    "public_url");
	size_t len;

	if (url == NULL || strlen(url) > LINKS_BASE_MAX)
		url = STAND_IN_URL;
	len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	*l = (struct links){ .key = BUF_INIT(LINKS_KEY_MAX),
	    .mailto = config_string(w->preview->config, "links", NULL,
	    "mailto"),
	    .ttl = config_duration(w->preview->config, "links", NULL, "ttl"),
	    .on = true };
	buf_str(&l->key, "preview");
	snprintf(l->base, sizeof(l->base), "%.*s", (int)len, url);
}

static void
begin(struct walk *w, struct preview *p, const struct preview_writer *writer)
{
	*w = (struct walk){ .preview = p, .writer = writer,
	    .stand_ins = BUF_INIT(1024), .started = clock_now(),
	    .was_fixed = clock_is_fixed(), .mem = ARENA_INIT(MEMORY_MAX),
	    .message_mem = ARENA_INIT(MEMORY_MAX) };
	w->renderer = (struct renderer){ .config = p->config,
	    .templates = p->templates, .preview = true };
	add_stand_in(w, "contact");
	add_stand_in(w, "links");
	fill_site(w);
	make_links(w);
}

static void
end(struct walk *w)
{
	value_free(w->renderer.site);
	links_release(&w->renderer.links);
	buf_release(&w->stand_ins);
	arena_release(&w->mem);
	arena_release(&w->message_mem);
}

/* The values, and the time. */

static struct value *
example_values(const struct meta *m)
{
	struct value *vars = value_new_object();

	for (const struct variable *v = m->variables; v != NULL; v = v->next)
		if (v->example != NULL)
			value_set_take(vars, v->name, value_copy(v->example));
	return vars;
}

/* A time in any of the forms that a variable may have; a day means its noon. */
static bool
read_time(const char *s, const char *zone, instant *t)
{
	char text[32];
	struct civil c;

	if (s == NULL)
		return false;
	if (clock_parse(s, t))
		return true;
	if (!civil_parse(s, &c)) {
		snprintf(text, sizeof(text), "%.20sT12:00", s);
		if (!civil_parse(text, &c))
			return false;
	}
	return zone_from_local(zone, &c, t);
}

/* `at` if there is one, else the first variable that is a time or a date. */
static bool
find_event(const struct walk *w, const struct meta *m, instant *t)
{
	static const enum variable_type types[] = { VARIABLE_TIME,
	    VARIABLE_DATE };

	if (read_time(value_get_string(w->vars, "at"), w->zone, t))
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (const struct variable *v = m->variables; v != NULL;
		    v = v->next)
			if (v->type == types[i] && read_time(
			    value_get_string(w->vars, v->name), w->zone, t))
				return true;
	return false;
}

static void
set_clock(struct walk *w, struct preview_template *t)
{
	struct civil c;
	instant event;

	if (!w->was_fixed)
		clock_fix(find_event(w, t->set->meta, &event) ?
		    event - DAY : w->started);
	t->zone = w->zone;
	if (!zone_to_local(w->zone, clock_now(), &c))
		civil_from_utc(clock_now(), &c);
	t->moment = arena_printf(&w->mem, "%04d-%02d-%02d %02d:%02d", c.year,
	    c.month, c.day, c.hour, c.minute);
}

/* One message. */

static struct value *
stand_in_contact(const struct walk *w, const char *language)
{
	const char *name = value_get_string(w->vars, "owner_name");
	struct value *v = value_new_object();

	value_set_string(v, "id", "c-17");
	value_set_string(v, "name", name == NULL ? "Rosa María" : name);
	value_set_string(v, "email", "rosa@example.com");
	value_set_string(v, "phone", "+525512345678");
	value_set_string(v, "language", language);
	return v;
}

/* A step of a reminder: its id is as long as they are. */
static void
fill_record(const struct walk *w, const struct preview_message *m,
    struct record *r)
{
	struct value *reminder = value_new_object();

	value_set_string(reminder, "id", "A-1042");
	value_set_integer(reminder, "revision", 1);
	record_new(r);
	record_set_string(r, "id", "A-1042.r1/1");
	record_set_take(r, "reminder", reminder);
	record_set_string(r, "template", m->of->set->name);
	/* As omni-route sets it: links to unsubscribe depend on it. */
	if (m->of->set->meta->class != NULL)
		record_set_string(r, "class", m->of->set->meta->class);
	record_set_string(r, "language", m->language);
	record_set_string(r, "channel", m->channel);
	record_set_string(r, "account", m->account);
	record_set_take(r, "contact", stand_in_contact(w, m->language));
	record_set_take(r, "vars", value_copy(w->vars));
}

struct search {
	const char *path;
	size_t line, column;
};

static void
find_use(void *ctx, const struct template_use *u)
{
	struct search *s = ctx;

	if (s->column == 0 && u->line == s->line &&
	    strcmp(u->path, s->path) == 0)
		s->column = u->column;
}

/* The byte of a line and column, which count from 1. */
static size_t
byte_at(const char *text, size_t line, size_t column)
{
	size_t i = 0;

	while (line > 1 && text[i] != '\0')
		if (text[i++] == '\n')
			line--;
	while (column > 1 && text[i] != '\0' && text[i] != '\n') {
		i++;
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			column--;
	}
	return i;
}

/* Whether `e` is about this part; then its excerpt is filled. */
static bool
add_part_excerpt(const struct template *t, const char *text,
    struct search *s, struct error *e)
{
	char name[256];
	int n = snprintf(name, sizeof(name), "template %s:",
	    template_name(t));

	if (n >= (int)sizeof(name) || strncmp(e->text, name, (size_t)n) != 0)
		return false;
	s->line = strtoul(e->text + n, NULL, 10);
	template_each_variable(t, find_use, s);
	error_excerpt(e, text, strlen(text), byte_at(text, s->line,
	    s->column));
	return true;
}

/*
 * Rendering names the line, "template NAME/LANG/PART:3: variable at is ...";
 * whoever wrote it wants to see it.
 */
static void
add_excerpt(const struct template_set *set, const char *field,
    struct error *e)
{
	struct search s = { .path = strncmp(field, "vars.", 5) == 0 ?
	    field + 5 : field };
	const struct template *t;
	const char *language;

	if (e->excerpt[0] != '\0')
		return;
	for (size_t i = 0; (language = templates_language(set, i)) != NULL;
	    i++)
		for (enum part p = 0; p < PART_MAX; p++) {
			t = templates_own_part(set, language, p);
			if (t != NULL && add_part_excerpt(t, templates_source(
			    set, language, p), &s, e))
				return;
		}
}

static void
show_message(struct walk *w, const struct preview_message *asked)
{
	struct preview_message m = *asked;
	struct error why = { .status = EX_OK };
	struct filter f = { .stage = "render", .ctx = &w->renderer,
	    .refusal = &why, .mem = ARENA_INIT(MEMORY_MAX) };
	struct record r = RECORD_INIT;
	const struct value *error;
	const char *field;

	fill_record(w, asked, &r);
	render_record(&f, &r);
	m.record = &r;
	m.mem = &w->message_mem;
	if (record_is_refused(&r)) {
		error = record_get(&r, "error");
		field = value_get_string(error, "field");
		add_excerpt(m.of->set, field == NULL ? "" : field, &why);
		m.code = value_get_string(error, "code");
		m.refusal = &why;
		w->preview->refused++;
	}
	m.facts = preview_facts(&m);
	w->writer->message(w->writer->ctx, &m);
	record_release(&r);
	arena_release(&f.mem);
	arena_reset(&w->message_mem);
}

/* A template */

static void
show_language(struct walk *w, const struct preview_template *t,
    const char *language)
{
	const char *type;

	w->writer->language(w->writer->ctx, t, language);
	for (size_t i = 0; (type = config_channel_type(i)) != NULL; i++) {
		struct preview_message m = { .of = t, .language = language,
		    .channel = type };

		if (!templates_support(t->set, type))
			continue;
		/* As omni-route takes it. */
		m.account = config_active_channel(w->preview->config, type);
		m.is_configured = m.account != NULL;
		if (m.account == NULL)
			m.account = type;
		templates_part(w->preview->templates, t->set, language,
		    render_main_part(type), true, &m.used);
		show_message(w, &m);
	}
	w->writer->end_language(w->writer->ctx, t);
}

static void
show_languages(struct walk *w, struct preview_template *t)
{
	const char *language;

	w->vars = w->preview->data != NULL ? value_copy(w->preview->data) :
	    example_values(t->set->meta);
	w->zone = value_get_string(w->vars, "timezone");
	if (w->zone == NULL || !zone_is_valid(w->zone))
		w->zone = config_string(w->preview->config, "site", NULL,
		    "timezone");
	set_clock(w, t);
	w->writer->begin(w->writer->ctx, t);
	if (w->preview->language != NULL)
		show_language(w, t, w->preview->language);
	else
		for (size_t i = 0; (language = templates_language(t->set,
		    i)) != NULL; i++)
			show_language(w, t, language);
	value_free(w->vars);
}

static void
show_template(struct walk *w, const char *name)
{
	struct preview_template t = { .preview = w->preview, .name = name,
	    .stand_ins = buf_text(&w->stand_ins) };

	t.set = templates_inspect(w->preview->templates, name, &t.why);
	if (t.set != NULL && t.set->faults.count == 0)
		show_languages(w, &t);
	else {
		w->preview->refused++;
		w->writer->begin(w->writer->ctx, &t);
	}
	w->writer->end(w->writer->ctx, &t);
	arena_reset(&w->mem);
}

void
preview_walk(struct preview *p, const char *const *names,
    const struct preview_writer *writer)
{
	struct walk w;

	begin(&w, p, writer);
	for (; *names != NULL; names++)
		show_template(&w, *names);
	end(&w);
}
